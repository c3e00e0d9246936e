"""``vaultaws summary``."""

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws summary --stack dev"


def run(stack: Stack = "", *, json: Json = False) -> None:
    """Say what a deployed stack consists of, and what to type next."""
    from operations import engine, summary, terminal

    meant = engine.selected(stack)
    outputs = engine.outputs(meant)
    if json:
        terminal.print_json({"stack": meant, "outputs": outputs})
    else:
        print(summary.describe(meant, outputs))
