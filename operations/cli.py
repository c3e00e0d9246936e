"""The console script ``vaultaws``: its commands, and how each ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from clients.errors import CloudError
from operations import VERSION, OperationError
from operations.commands import (
    abandon,
    credentials,
    credentials_console,
    credentials_install,
    doctor,
    explain,
    login,
    migrate,
    prove,
    recover,
    report,
    review_changed,
    review_comment,
    revoke,
    revoke_sessions,
    summary,
    sweep,
    watch,
)

if TYPE_CHECKING:
    from types import ModuleType

COMMANDS = (
    doctor,
    prove,
    summary,
    login,
    credentials,
    credentials_install,
    credentials_console,
    explain,
    report,
    migrate,
    sweep,
    revoke,
    revoke_sessions,
    recover,
    abandon,
    review_changed,
    review_comment,
    watch,
)
"""Modules with a function ``run`` and its ``EXAMPLE``, in the order of the help. A command of two
words has them as its ``NAME``; others are called as their module."""


class _TwoWords(TyperGroup):
    """Commands of which some are called by two words, the first of them a command itself.

    A group of its own would take ENGINE/ROLE for the name of one of its commands.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer's own
        """Say which command is typed, and what is left for it."""
        name = " ".join(args[:2])
        if name in self.commands and len(args) > 1:
            return name, self.commands[name], args[2:]
        return super().resolve_command(ctx, args)


def name_of(module: ModuleType) -> str:
    """Return what a command is called."""
    return str(getattr(module, "NAME", module.__name__.rpartition(".")[2].replace("_", "-")))


app = typer.Typer(
    name="vaultaws",
    cls=_TwoWords,
    help="Operate a Vault that is federated with AWS: what goes around `pulumi up`.",
    epilog=(
        "Exit codes: 0 done and nothing is wrong; 1 not done, or something is wrong, and the "
        "message says what; 2 typed wrongly; 130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it with what was typed
    if wanted:
        print(f"vaultaws {VERSION}")
        raise typer.Exit


@app.callback()
def _before_all(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_say_version, help="Say which version this is."
        ),
    ] = False,
) -> None:
    pass


for each in COMMANDS:
    # Typer joins the lines of the first paragraph alone.
    paragraphs = (each.run.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    app.command(name_of(each), help=text, epilog=f"Example: {each.EXAMPLE}")(each.run)


def main() -> int:
    """Run the command that was typed.

    Returns:
        The exit code, as the help lists them.
    """
    try:
        app(prog_name="vaultaws")
    except (CloudError, OperationError) as error:
        print(error, file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(_absent(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; repeat the command", file=sys.stderr)
        return 130
    return 0


def _absent(error: ModuleNotFoundError) -> str:
    """Say what an installation lacks for a command.

    Raises:
        ModuleNotFoundError: it is one of the program's own, which is nobody's fault but ours.
    """
    name = (error.name or "").partition(".")[0]
    if name == "settings":
        return (
            "this judges the settings of a stack, which only a clone of the project has: type "
            "`bin/vaultaws` there"
        )
    if name in ("operations", "clients", "federation"):
        raise error
    return (
        f"this needs the Python package {name}, which is not installed. Logging in and credentials "
        "do without; for everything else, install vault-aws-federation[operations] instead of "
        "vault-aws-federation, or type `bin/vaultaws` in a clone"
    )
