"""How the files of a run are collected, in what order they start, and what it prints at its end."""

from __future__ import annotations

import fcntl
import gc
import os
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.terminal import TerminalReporter

# To compile everything is half of what collection costs, and each process would do it, also those
# that tests start, where nothing may be written. `make clean` removes what is.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SHOWN_FILES = 20
FIRST = [f"tests/lab/{room}/" for room in ("failure", "change", "people", "accounts")]
"""Rooms of files that take minutes: a file is tested by one process, which must not be the last."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Let one process compile and the others read it; what is collected stays and is no garbage."""
    with Path(__file__).open("rb") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(turn, fcntl.LOCK_SH)
        gc.disable()
        yield
        gc.freeze()
        gc.enable()


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
