"""In what order the files of a run start, and what it prints at its end."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

SHOWN_FILES = 20
FIRST = [f"tests/lab/{room}/" for room in ("failure", "change", "people", "accounts")]
"""Rooms of files that take minutes: a file is tested by one process, which must not be the last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start first what takes longest, so that everything else runs meanwhile."""
    items.sort(key=lambda item: [not item.nodeid.startswith(room) for room in FIRST])


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """List the slowest files, for a file's tests run one after the other in one process."""
    seconds: dict[str, float] = defaultdict(float)
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            seconds[report.location[0]] += report.duration
    if len(seconds) < 2:
        return
    terminalreporter.section(f"slowest {SHOWN_FILES} files")
    for file, spent in sorted(seconds.items(), key=lambda each: -each[1])[:SHOWN_FILES]:
        terminalreporter.write_line(f"{spent:.1f}s {file}")
