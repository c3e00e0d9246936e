"""``vaultaws recover``."""

from pathlib import Path

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws recover --stack dev"


def run(stack: Stack = "", *, json: Json = False) -> None:
    """Clear what a killed engine or a failed update left, so that the next update converges.

    Type it in the project's folder, before `pulumi up` or `pulumi destroy`. It costs one look at
    the state, and a preview if the last update failed.
    """
    from operations import engine, terminal
    from operations.recovery.recover import recover

    meant = engine.selected(stack)
    with terminal.told(as_json=json) as lines:
        recover(meant, Path.cwd())
    if json:
        terminal.print_json({"stack": meant, "done": lines})
