"""``vaultaws review comment``."""

from pathlib import Path
from typing import Annotated

import typer

from operations.commands.options import Json

NAME = "review comment"
EXAMPLE = "vaultaws review comment <(pulumi preview --json --stack dev)"


def run(
    previews: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PREVIEW.json ...",
            help="What `pulumi preview --json` printed, a file for each stack, called after it.",
            show_default=False,
        ),
    ] = None,
    *,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STACK",
            help="A stack that must have a preview: without one, the comment says so. May be "
            "repeated.",
        ),
    ] = None,
    gone: Annotated[
        list[str] | None,
        typer.Option(metavar="STACK", help="A stack whose file is deleted; may be repeated."),
    ] = None,
    commit: Annotated[
        str, typer.Option(help="The commit that was previewed.", show_default=False)
    ] = "",
    pull: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Write it to this pull request, in place of the last one; by GITHUB_REPOSITORY "
            "and GITHUB_TOKEN.",
            show_default=False,
        ),
    ] = 0,
    json: Json = False,
) -> None:
    """Say what a change does: who gains or loses what, then each resource; without secrets.

    New rights come first. It is as long as a comment of GitHub may be, and says what it leaves out.
    """
    from clients.github import from_environment
    from operations import terminal
    from operations.review.comment import read, rendered
    from operations.review.upkeep import keep_comment

    found = read(previews or ())
    missing = sorted({*(expect or ())} - found.keys())
    text = rendered(found, missing=missing, gone=gone or (), commit=commit)
    if pull:
        act = keep_comment(from_environment(), pull, text)
        print(f"the comment of pull request {pull} is {act}")
    elif json:
        stacks = {stack: each.changes.document() for stack, each in found.items()}
        terminal.print_json({"stacks": stacks, "missing": missing, "comment": text})
    else:
        print(text, end="")
