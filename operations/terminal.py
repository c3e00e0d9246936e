"""How a command speaks: what it found on stdout, what it is doing on stderr."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from operations import log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, RenderableType


_WIDE = 2000
"""Columns of what no terminal shows."""


@contextmanager
def told(*, as_json: bool = False) -> Iterator[list[str]]:
    """Write what the operations log, a line at once, where a person reads it.

    Args:
        as_json: stdout is kept for one JSON document, so it is written to stderr.

    Yields:
        The lines so far.
    """
    lines: list[str] = []

    class Handler(logging.StreamHandler[Any]):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())
            super().emit(record)

    handler = Handler(sys.stderr if as_json else sys.stdout)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        log.removeHandler(handler)


def print_json(document: Any) -> None:  # noqa: ANN401 - JSON has no narrower type
    """Print the one document of ``--json``."""
    print(json.dumps(document, indent=2))


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Show that something is under way that may take more than a second.

    Args:
        what: What is being done, for example ``asking AWS``.
    """
    console = _on_stderr()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        console.print(f"{what} ...", markup=False, highlight=False, soft_wrap=True)
        yield


def confirmed(what: str) -> bool:
    """Tell a person what is about to happen, and whether they agree; the end of input does not.

    Args:
        what: What it is, in sentences.
    """
    print(f"{what}\nDo it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; cells are plain text, and wrap rather than being cut.

    Args:
        title: Its heading.
        columns: Headings of the columns.
        rows: Cells, a sequence each.
    """
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    drawn = Table(title=title, title_justify="left")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))
    Console().print(drawn)


def rendered(drawn: RenderableType, *, plain: bool = False) -> str:
    """Return what rich draws as the terminal shows it; where there is none, no line is cut.

    Args:
        drawn: For example a tree.
        plain: It goes to a file, whatever stdout is.
    """
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second

    console = Console()
    if plain or not console.is_terminal:
        console = Console(width=_WIDE, force_terminal=False)
    with console.capture() as captured:
        console.print(drawn)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def shown(secret: str, *, show: bool) -> str:
    """Return a secret where it was asked for with ``--show``, and else that it is hidden."""
    return secret if show else "(hidden: --show)"


def _on_stderr() -> Console:
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second

    return Console(stderr=True)
