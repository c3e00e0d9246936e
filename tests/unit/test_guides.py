"""The pages for whoever runs the program: whole, and about what there is."""

from __future__ import annotations

import re

import pytest

from operations.cli import COMMANDS, name_of
from tests.documented import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
GUIDE = (ROOT / "docs/operations-guide.md").read_text("utf-8")


def test_the_changelog_is_kept_as_it_says() -> None:
    versions = re.findall(r"^## \[(.+?)\](.*)$", CHANGELOG, re.MULTILINE)
    assert versions[0] == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in versions[1:])
    kinds = set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("command", [name_of(each).partition(" ")[0] for each in COMMANDS])
def test_every_command_is_in_the_changelog(command: str) -> None:
    assert f"`{command}`" in CHANGELOG


def test_the_guide_has_a_section_for_each_thing_that_is_done() -> None:
    sections = re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]
    assert [each.partition("\n")[0] for each in sections] == [
        *("Install", "Change", "Rotate and renew", "Move", "Revoke", "Recover")
    ]
    for section in sections:
        assert re.search(r"(?:vaultaws|pulumi) \w+", section), "it says what to type"
