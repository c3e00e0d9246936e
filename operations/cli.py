"""The console script ``vaultaws``: its commands, and how each ends."""

from __future__ import annotations

import sys

import typer

from clients.errors import CloudError
from operations import OperationError
from operations.commands import (
    abandon,
    doctor,
    explain,
    prove,
    recover,
    report,
    revoke,
    revoke_sessions,
    summary,
    sweep,
)

COMMANDS = (
    doctor,
    prove,
    summary,
    explain,
    report,
    sweep,
    revoke,
    revoke_sessions,
    recover,
    abandon,
)
"""Modules with a function ``run`` and its ``EXAMPLE``, in the order of the help."""

app = typer.Typer(
    name="vaultaws",
    help="Operate a Vault that is federated with AWS: what goes around `pulumi up`.",
    epilog=(
        "Exit codes: 0 done and nothing is wrong; 1 not done, or something is wrong, and the "
        "message says what; 2 typed wrongly; 130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for each in COMMANDS:
    name = each.__name__.rpartition(".")[2].replace("_", "-")
    # Typer joins the lines of the first paragraph alone.
    paragraphs = (each.run.__doc__ or "").split("\n\n")
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    app.command(name, help=text, epilog=f"Example: {each.EXAMPLE}")(each.run)


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
    except KeyboardInterrupt:
        print("interrupted; repeat the command", file=sys.stderr)
        return 130
    return 0
