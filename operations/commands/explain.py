"""``vaultaws explain``."""

from typing import Annotated

import typer

from operations.commands.options import Json

EXAMPLE = 'vaultaws explain "InvalidIdentityToken: Incorrect token audience"'


def run(
    given: Annotated[
        str,
        typer.Argument(
            metavar="[TEXT|FILE|-]",
            show_default=False,
            help="An error, a token or a trust policy; `-`: standard input; nothing: what you "
            "paste. Give a token by file or `-`, for arguments are seen by others.",
        ),
    ] = "",
    *,
    stack: Annotated[
        str,
        typer.Option(
            "--stack", "-s", show_default=False, help="Look at the mounts of this stack, too."
        ),
    ] = "",
    mount: Annotated[
        str,
        typer.Option(
            show_default=False,
            help="Only this mount of the stack: a secrets engine, or `auth/` and an auth method.",
        ),
    ] = "",
    claims: Annotated[
        str,
        typer.Option(
            metavar="JSON|FILE|-",
            show_default=False,
            help="Claims, or a token, by which a trust policy is judged.",
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Say what an error of AWS or Vault, a token or a trust policy means, and what to do.

    With `--stack` it also compares what AWS holds (thumbprints, audiences, trust policies) with
    what Vault is and presents now; alone, that is all it does. Tokens are decoded, not verified.

    Ends with 1 where something is wrong: a token that AWS would not take, a clause that fails, a
    mount that AWS does not know, or an error that no rule knows.
    """
    from operations import terminal
    from operations.explain import shown
    from operations.explain.explain import explain

    if "-" in (given, claims) and given == claims:
        raise typer.BadParameter("standard input can be read once", param_hint="--claims")
    answer = explain(given, stack=stack, mount=mount, claims=claims)
    if json:
        terminal.print_json(answer.document())
    else:
        print("\n".join(shown.lines(answer)))
    raise typer.Exit(int(answer.wrong))
