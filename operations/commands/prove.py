"""``vaultaws prove``."""

from pathlib import Path
from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws prove --stack dev"


def run(
    stack: Stack = "",
    *,
    engine: Annotated[
        list[str] | None,
        typer.Option(help="Only this secrets engine of the settings; may be repeated."),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Only this auth method of the settings; may be repeated."),
    ] = None,
    login: Annotated[
        list[str] | None,
        typer.Option(help="Only this login of people of the settings; may be repeated."),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="Profile of the AWS configuration to log in to Vault with; may be repeated."
        ),
    ] = None,
    cloudtrail: Annotated[
        bool,
        typer.Option(
            "--cloudtrail", help="Wait for AWS's own record of each call, which takes minutes."
        ),
    ] = False,
    deadline: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", help="How long AWS may not know a new key."),
    ] = 60.0,
    report: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="FILE", help="Write a report to file, in Markdown."),
    ] = None,
    json: Json = False,
) -> None:
    """Show that a deployed stack does what it declares, by evidence and not by configuration.

    Has credentials issued for every Vault role, sees as whom Vault asks AWS, uses them once and
    ends them; asks of every role at AWS whom its trust lets in; logs in where it can. Exit code 1
    means that something is not as declared, or could not be looked at. Nothing is left behind, also
    if it is interrupted.
    """
    from operations import engine as pulumi
    from operations import terminal
    from operations.prove import report as reports
    from operations.prove.prove import Asked, prove

    if report and not report.absolute().parent.is_dir():
        raise typer.BadParameter("there is no such folder", param_hint="--report")
    with terminal.told(as_json=True):
        found = prove(
            pulumi.selected(stack),
            Asked(
                engines=tuple(engine or ()),
                methods=tuple(method or ()),
                logins=tuple(login or ()),
                profiles=tuple(profile or ()),
                deadline=deadline,
                cloudtrail=cloudtrail,
            ),
        )
    if report:
        report.write_text(reports.markdown(found), "utf-8")
    if json:
        terminal.print_json(reports.document(found))
    else:
        reports.show(found)
    raise typer.Exit(0 if found.proven else 1)
