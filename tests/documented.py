"""What pages of the documentation say in their tables, and the tests that they name."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of a text's tables, their headings left out."""
    lines = text.splitlines()
    headings = {number for number, line in enumerate(lines[1:]) if line.startswith("|---")}
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for number, line in enumerate(lines)
        if line.startswith("|") and not line.startswith("|---") and number not in headings
    ]


def missing(cell: str) -> list[str]:
    """Return those of the tests named in a cell (``file::name[case]``) that do not exist.

    A case counts as there if the repository's tests hold its words as a literal.
    """
    named = re.findall(r"`([^`:]+)::(\w+)(?:\[([^`]+)\])?`", cell)
    assert named, f"no test is named in {cell!r}"
    return [
        f"{file}::{name}[{case}]"
        for file, name, case in named
        if name not in _functions(file) or (case and f'"{case}"' not in _literals())
    ]


@functools.cache
def _functions(file: str) -> set[str]:
    path = ROOT / file
    if not path.is_file():
        return set()
    tree = ast.walk(ast.parse(path.read_text("utf-8")))
    return {
        node.name
        for node in tree
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@functools.cache
def _literals() -> str:
    files = [ROOT / "tests/unit/test_refusals.py", *(ROOT / "tests/unit/refusals").glob("*.py")]
    return "\n".join(file.read_text("utf-8") for file in files)
