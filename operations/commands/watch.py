"""``vaultaws watch``."""

from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws watch users --stack dev"


def run(
    what: Annotated[
        str,
        typer.Argument(
            metavar="drift|certificates|users",
            help="`drift`: what differs from the last update. `certificates`: what expires, keys "
            "among it. `users`: IAM users that were left behind.",
            show_default=False,
        ),
    ],
    stack: Stack = "",
    *,
    issue: Annotated[
        bool,
        typer.Option(
            "--issue",
            help="Keep an issue about it: opened, changed, and closed once nothing is found; by "
            "GITHUB_REPOSITORY and GITHUB_TOKEN.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Look at one thing that nobody looks at every day; ends with 1 if anything is found.

    Reads only, so a role that may only read is enough.
    """
    from clients.github import from_environment
    from operations import engine, terminal
    from operations.review.upkeep import keep_issue
    from operations.review.watch import watch

    repository = from_environment() if issue else None
    meant = engine.selected(stack)
    with terminal.progress(f"looking at {what} of {meant}"):
        found = watch(what, meant)
    document = found.document()
    if repository:
        act, number = keep_issue(repository, found)
        document |= {"issue": number, "act": act.value}
    if json:
        terminal.print_json(document)
    elif not found.wrong:
        print(f"{what} of {meant}: nothing found")
    else:
        print("\n".join((found.title, *found.lines)))
    if found.wrong:
        raise typer.Exit(1)
