"""``vaultaws review changed``."""

from typing import Annotated

import typer

from operations.commands.options import Json

NAME = "review changed"
EXAMPLE = "vaultaws review changed --since HEAD"


def run(
    *,
    since: Annotated[
        str,
        typer.Option(
            metavar="COMMIT",
            help="Where the change begins: the base of a pull request, or what was there before a "
            "push. All zeros, as GitHub says of a new branch, means that everything may be new.",
        ),
    ],
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK", help="Leave this stack out; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Say which stacks a change may change, by the files that it touches.

    A stack's own file, the policies that it names, and what every stack is made by. Only what is
    committed counts. Type it in the project's folder.
    """
    from pathlib import Path

    from operations import terminal
    from operations.review.changed import affected
    from operations.review.repository import stack_files, touched

    folder = Path.cwd()
    found = affected(touched(folder, since), stack_files(folder), leave_out=leave_out or ())
    if json:
        terminal.print_json(found.document())
        return
    rows = [(stack, "\n".join(files)) for stack, files in found.stacks.items()]
    rows += [(stack, "its file is deleted") for stack in found.gone]
    if rows:
        terminal.table("Stacks that may change", ("stack", "by"), rows)
    else:
        print("No stack's inputs are touched.")
