"""``vaultaws sweep``."""

import re
from datetime import timedelta
from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws sweep --stack dev --older-than 1h"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def run(
    stack: Stack = "",
    *,
    path: Annotated[
        list[str] | None,
        typer.Option(
            metavar="/PATH/",
            help="A further IAM path to look under, with both outer slashes; may be repeated.",
        ),
    ] = None,
    account: Annotated[
        str, typer.Option(metavar="ID", help="Only this AWS account.", show_default=False)
    ] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Only users with this tag; may be repeated."),
    ] = None,
    older_than: Annotated[
        str, typer.Option(metavar="TIME", help="Only users of this age: 90s, 15m, 1h, 2d.")
    ] = "1h",
    delete: Annotated[bool, typer.Option("--delete", help="Delete the users left behind.")] = False,
    rate: Annotated[
        float, typer.Option(min=0.5, metavar="N", help="Most requests to AWS in a second.")
    ] = 20.0,
    without_vault: Annotated[
        bool,
        typer.Option(
            "--without-vault",
            help="Vault is gone for good, or has lost its storage: whom it cannot know is left.",
        ),
    ] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Show users that stay as well.")] = False,
    json: Json = False,
) -> None:
    """Find the IAM users that a crash left behind, and delete them with --delete.

    Looks under the IAM paths of the stack's engines and holds each user against the live leases of
    all its namespaces. Who may be live stays: docs/operations.md has the exact rule. It needs
    VAULT_TOKEN and the credentials of `pulumi up`, with the rights of policies/vault/sweep.hcl and
    policies/aws/sweep.json.
    """
    from operations import OperationError, engine, terminal
    from operations.sweep import told, users

    asked = users.Asked(
        stack=engine.selected(stack),
        paths=path or (),
        account=account,
        tags=dict(map(_tag, tag or ())),
        older_than=_time(older_than),
        per_second=rate,
        without_vault=without_vault,
    )
    for each in asked.paths:
        if wrong := users.wrong_path(asked.stack, each):
            raise typer.BadParameter(wrong, param_hint="--path")
    with terminal.progress("looking for users"), terminal.told(as_json=True):
        swept = users.sweep(asked, delete=delete)
    if json:
        terminal.print_json(told.document(swept, asked.stack))
    else:
        told.show(swept, everybody=everybody)
    if wrong := swept.trouble():
        raise OperationError(wrong)


def _tag(text: str) -> tuple[str, str]:
    key, given, value = text.partition("=")
    if not given:
        raise typer.BadParameter(f"{text!r} is not of the form KEY=VALUE", param_hint="--tag")
    return key, value


def _time(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise typer.BadParameter(
            f"{text!r} is a number and s, m, h or d, such as 90s or 1h", param_hint="--older-than"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
