"""The map of the two documents against the repository, so that no row outlives what it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "tutorial-map.md").read_text("utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| step |"))
]


def _tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_both_documents_are_there_whole() -> None:
    assert len(ROWS) >= 40
    assert [len(row) for row in ROWS] == [4] * len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_file_and_every_test_of_a_row_exists(row: list[str]) -> None:
    step, places, _, tests = row
    files = re.findall(r"`([^`]+)`", places)
    assert files, f"{step!r} lives nowhere"
    assert [file for file in files if not (ROOT / file).is_file()] == []
    nodes = re.findall(r"`([^`:]+)::([^`]+)`", tests)
    assert nodes, f"{step!r} is shown by no test"
    assert [
        f"{file}::{name}"
        for file, name in nodes
        if not (ROOT / file).is_file() or name not in _tests(ROOT / file)
    ] == []
