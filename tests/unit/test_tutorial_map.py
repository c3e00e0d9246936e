"""The map of the two documents against the repository, so that no row outlives what it names."""

from __future__ import annotations

import re

import pytest

from tests.documented import ROOT, missing, rows

ROWS = rows((ROOT / "docs" / "tutorial-map.md").read_text("utf-8"))


def test_both_documents_are_there_whole() -> None:
    assert len(ROWS) >= 40
    assert [len(row) for row in ROWS] == [4] * len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_file_and_every_test_of_a_row_exists(row: list[str]) -> None:
    step, places, _, tests = row
    files = re.findall(r"`([^`]+)`", places)
    assert files, f"{step!r} lives nowhere"
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert missing(tests) == []
