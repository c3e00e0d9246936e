"""``vaultaws abandon``."""

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws abandon --stack dev"


def run(stack: Stack = "", *, json: Json = False) -> None:
    """Destroy a stack whose Vault is gone for good; while Vault answers, this is refused.

    Deletes what the stack made at AWS, forgets what it made in Vault, and lists the IAM users that
    Vault made and nobody is left to delete. Type it in the project's folder, signed in to AWS as
    for `pulumi destroy`; it needs no token of Vault.
    """
    from operations import engine, terminal
    from operations.recovery.abandon_vault import abandon

    meant = engine.selected(stack)
    with terminal.told(as_json=json) as lines:
        abandon(meant)
    if json:
        terminal.print_json({"stack": meant, "done": lines})
