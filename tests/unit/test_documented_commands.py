"""Each ``vaultaws`` that the documentation shows can be typed as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from operations import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_ENDS = re.compile(r"\s*(?:\s#|\|\||\||2>|&&|\)\"?|;)")
"""Where the shell takes over again, or a remark begins."""


def documented() -> list[str]:
    """Return every command, in fences, in backticks, after a pipe or within another one."""
    found: dict[str, None] = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        fences = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        lines = [line for fence in fences for line in fence.replace("\\\n", " ").splitlines()]
        inline = [
            code.replace("\n", " ")
            for paragraph in prose.split("\n\n")
            for code in paragraph.split("`")[1::2]
        ]
        typed = [line.partition("vaultaws ")[2] for line in [*lines, *inline]]
        found |= dict.fromkeys(_ENDS.split(each, maxsplit=1)[0].strip() for each in typed if each)
    return [each for each in found if not each.startswith("--help")]


def test_there_are_such_commands() -> None:
    assert len(documented()) > 30


@pytest.mark.parametrize("typed", documented())
def test_it_is_a_command_with_these_options(typed: str) -> None:
    group: Any = typer.main.get_command(cli.app)
    context = group.make_context("vaultaws", shlex.split(typed), resilient_parsing=True)
    name, command, rest = group.resolve_command(context, shlex.split(typed))
    assert command is not None
    names_it_only = not rest  # "`vaultaws explain` says …" leaves out what is asked
    command.make_context(name, list(rest), parent=context, resilient_parsing=names_it_only)
