"""What README and documentation name is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_make_command_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"(?:^|`|\()make (?:-s )?([a-z-]+)", README, re.MULTILINE))
    assert named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_relative_link_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_every_direct_dependency_has_its_reason() -> None:
    reasons = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = {
        re.split(r"[=<>\[ ]", line)[0]
        for file in (ROOT / "requirements").glob("*.in")
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "-"))
    }
    assert {name for name in named if name not in reasons} == set()
