"""``vaultaws doctor``."""

import typer

from operations.commands.options import Json, Stack

EXAMPLE = "vaultaws doctor --stack dev"


def run(stack: Stack = "", *, json: Json = False) -> None:
    """Find out before an update what would keep it from succeeding; nothing is written.

    A row for each thing that was looked at, worst first: `broken` is what an update would fail at,
    `unknown` what could not be asked for, `warn` what it survives. Type it in the project's folder,
    with VAULT_TOKEN and signed in to AWS as for `pulumi up`; ends with 1 if anything is broken.
    """
    from dataclasses import asdict
    from pathlib import Path

    from operations import engine, terminal
    from operations.doctor.diagnosis import diagnose
    from operations.doctor.rows import State
    from operations.doctor.told import show

    meant = engine.selected(stack)
    with terminal.progress(f"looking at what an update of {meant} needs"):
        rows = diagnose(meant, Path.cwd())
    if json:
        terminal.print_json({"stack": meant, "rows": [asdict(row) for row in rows]})
    else:
        show(meant, rows)
    if any(row.state is State.BROKEN for row in rows):
        raise typer.Exit(1)
