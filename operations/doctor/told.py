"""How the rows are printed for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.doctor.rows import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.doctor.rows import Row

STYLES = {
    State.BROKEN: "bold red",
    State.UNKNOWN: "magenta",
    State.WARN: "yellow",
    State.OK: "green",
}


def show(stack: str, rows: Sequence[Row]) -> None:
    """Print every row, and in the end what they come to.

    Args:
        stack: Name of the stack.
        rows: What was found, in the order to print it.
    """
    console = Console(highlight=False)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        found = Text.assemble((row.what, "bold"), f": {row.detail}")
        if row.fix:
            found.append(f"\n→ {row.fix}", style=STYLES[row.state])
        grid.add_row(Text(row.state.value, style=STYLES[row.state]), found)
    console.print(grid)
    console.print(Text(f"\n{verdict(stack, rows)}", style="bold"))


def verdict(stack: str, rows: Sequence[Row]) -> str:
    """Say in one sentence what the rows come to."""
    counts = {state: sum(row.state is state for row in rows) for state in State}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    if counts[State.BROKEN]:
        return f"An update of {stack} would fail: {told}."
    if counts[State.UNKNOWN]:
        return f"Nothing that could be asked speaks against an update of {stack}: {told}."
    return f"Nothing speaks against an update of {stack}: {told}."
