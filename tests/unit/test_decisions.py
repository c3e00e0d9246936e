"""The pages of decisions: short, whole, listed, and shown by tests that exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.documented import ROOT, missing

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs/decisions"
PAGES = sorted(FOLDER.glob("0*.md"))


def test_every_decision_is_listed_by_its_title() -> None:
    listed = re.findall(
        r"^(\d+)\. \[(.+)\]\((.+)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    titles = [page.read_text("utf-8").splitlines()[0] for page in PAGES]
    assert [f"# {number}. {title}" for number, title, _ in listed] == titles
    assert [file for _, _, file in listed] == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_is_at_most_a_page_and_shown_by_something(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE) == [
        *("Context", "Decision", "Consequences", "Shown by")
    ]
    assert len(text.splitlines()) <= 40
    assert missing(text.partition("**Shown by.**")[2]) == []
