"""What README and documentation name is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_make_command_that_a_page_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    fences = "\n".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL))
    named = {
        *re.findall(r"^(?:[A-Z_]+=\S+ )?make (?:-s )?([a-z-]+)", fences, re.MULTILINE),
        *re.findall(r"[`(](?:[A-Z_]+=\S+ )?make (?:-s )?([a-z-]+)", text),
    }
    assert {"up", "down", "test", "env", "schema"} <= named
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_the_readme_is_a_page_that_leads_to_all_others() -> None:
    assert len(PAGES[0].read_text("utf-8").splitlines()) <= 150, "more belongs into docs/"
    reached, ahead = set(), [PAGES[0]]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        links = re.findall(r"\]\(([^)#:]+\.md)[)#]", page.read_text("utf-8"))
        ahead += {(page.parent / link).resolve() for link in links} - reached - {*ahead}
    assert set(PAGES) - reached == set()


def test_every_relative_link_leads_somewhere() -> None:
    documents = [*PAGES, ROOT / "CONTRIBUTING.md"]
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
