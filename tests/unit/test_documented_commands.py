"""Each command that the documentation shows can be typed as it stands there, and some test does."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from operations import cli
from tests.shown_commands import PAGES, ROOT, TYPED, Elsewhere, Example, put_in, shown

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


def test_each_is_typed_by_a_test() -> None:
    missing = {command: page for command, page in shown().items() if command not in TYPED}
    said = "\n".join(f"  {page}: {command}" for command, page in missing.items())
    assert not missing, (
        "commands that no test types; say in tests/shown_commands.py how each is held to be true: "
        "Run types it in the laboratory, Example is that of a help, Elsewhere names the test that "
        f"types it, Nowhere says why none can:\n{said}"
    )


def test_nothing_is_typed_that_is_no_longer_shown() -> None:
    assert TYPED.keys() - shown().keys() == set()


@pytest.mark.parametrize("typed", [key for key, each in TYPED.items() if type(each) is Example])
def test_an_example_is_that_of_a_help(typed: str) -> None:
    entry = TYPED[typed]
    assert isinstance(entry, Example)
    assert put_in(typed, entry.put) in {module.EXAMPLE for module in cli.COMMANDS}


@pytest.mark.parametrize("typed", [key for key, each in TYPED.items() if type(each) is Elsewhere])
def test_what_is_typed_elsewhere_is_typed_there(typed: str) -> None:
    entry = TYPED[typed]
    assert isinstance(entry, Elsewhere)
    file, _, name = entry.test.partition("::")
    text = (ROOT / "tests" / file).read_text("utf-8")
    assert re.search(rf"^ *def {name}\(", text, re.MULTILINE), f"{entry.test} is no more"
    absent = [each for each in entry.texts if each not in text]
    assert absent == [], f"{entry.test} does not type it any more"
    program, *words = shlex.split(put_in(typed, entry.put))
    if program == "python":
        # A test calls a module by what comes last in its name, if it has more than one.
        words = [*words[1].split(".")[1:][-1:], *words[2:]]
    spoken = " ".join(entry.texts)
    assert [word for word in words if word not in spoken] == []
