"""``vaultaws report``."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws report --stack dev"


class Form(enum.StrEnum):
    """How a report is drawn."""

    tree = "tree"
    markdown = "markdown"
    mermaid = "mermaid"
    html = "html"
    json = "json"


def run(
    stack: Stack = "",
    *,
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            show_default=False,
            help="How to draw it; without it a tree, of a --diff Markdown. `html` is one file "
            "with a picture to search, which needs no network.",
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            help="Read what `pulumi stack export` printed, instead of a stack; `-` is stdin.",
            show_default=False,
        ),
    ] = None,
    diff: Annotated[
        Path | None,
        typer.Option(
            help="Say what an update changes, new rights first, by what `pulumi preview --json` "
            "printed; `-` is stdin.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Only ways through what this text names: a group, role, account, ARN …",
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write it to a file.", show_default=False),
    ] = None,
    fail_on_new_rights: Annotated[
        bool,
        typer.Option("--fail-on-new-rights", help="With --diff: exit 1 if anybody gains a right."),
    ] = False,
    json: Json = False,
) -> None:
    """Say who can become whom: people, applications, Vault roles, IAM roles, and what they may.

    Read from the state of the stack alone, so it needs neither Vault nor AWS, and from a file not
    even Pulumi. Nothing secret is in it.
    """
    from operations.report import report

    if json and form not in (None, Form.json):
        raise typer.BadParameter("is `json` with --json", param_hint="--format")
    if diff and form not in (None, Form.markdown, Form.json):
        raise typer.BadParameter("is `markdown` or `json` with --diff", param_hint="--format")
    if diff and (state or only):
        raise typer.BadParameter("goes with neither --state nor --only", param_hint="--diff")
    if fail_on_new_rights and not diff:
        raise typer.BadParameter("needs --diff", param_hint="--fail-on-new-rights")
    wanted = "json" if json else form.value if form else "markdown" if diff else "tree"
    if wanted == "html" and output is None and report.is_terminal():
        raise typer.BadParameter("give a file for the page", param_hint="--output")
    if diff:
        gained = report.on_changes(diff, wanted, output)
        raise typer.Exit(1 if gained and fail_on_new_rights else 0)
    report.on_stack(stack, state, only, wanted, output)
