"""``vaultaws migrate``, for a mount that runs on an AWS key."""

import enum
import re
from datetime import timedelta
from typing import Annotated

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws migrate aws --stack dev"

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Step(enum.StrEnum):
    """What to do."""

    show = "show"
    move = "move"
    prove = "prove"
    deactivate = "deactivate"
    delete = "delete"
    undo = "undo"


def run(
    engine: Annotated[
        str, typer.Argument(help="Name of the secrets engine in the settings.", show_default=False)
    ],
    step: Annotated[Step, typer.Argument(help="What to do; `show` changes nothing.")] = Step.show,
    stack: Stack = "",
    *,
    deadline: Annotated[
        float,
        typer.Option(
            min=1,
            metavar="SECONDS",
            help="With move: how long reading credentials may fail before the mount gets its key "
            "back.",
        ),
    ] = 30.0,
    inactive_for: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="With delete: how long the key must be inactive: 90s, 15m, 1h, 2d."
        ),
    ] = "1d",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Move a mount that runs on an AWS key to federation, its leases kept, step by step.

    Declare the mount in the settings, with its path and Vault roles. Without a step it says how far
    the mount is, what stands in the way and what is next. `move` makes what is needed, records
    mount and roles in the stack and federates the mount; `prove` shows that it works; `deactivate`
    lets AWS refuse the key; `delete` deletes it, if AWS has not seen it used. `undo` takes the last
    step back. Type it in the project's folder, with the credentials of `pulumi up`; exit code 1
    means that something stands in the way.
    """
    from operations import engine as pulumi
    from operations.migrate import run as migrating

    meant = pulumi.selected(stack)
    if step is Step.show:
        free = migrating.show(meant, engine, deadline, as_json=json)
        raise typer.Exit(0 if free else 1)
    if step is Step.prove:
        from operations.commands import prove

        prove.run(meant, engine=[engine], json=json)
    elif step is Step.move:
        migrating.move(meant, engine, deadline=deadline, yes=yes, as_json=json)
    else:
        waited = _time(inactive_for)
        migrating.take(step, meant, engine, inactive_for=waited, yes=yes, as_json=json)


def _time(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise typer.BadParameter(
            f"{text!r} is a number and s, m, h or d, such as 90s or 1d", param_hint="--inactive-for"
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})
