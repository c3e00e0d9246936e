"""The example in each command's help, typed in a shell inside the laboratory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from operations import cli

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

ENDS: dict[str, tuple[int, str]] = {
    "abandon": (1, "answers, so it is not gone for good: nothing was changed"),
    "revoke-sessions": (1, "not confirmed, so nothing was changed"),
}
"""How an example ends at a stack that is well, where that is not exit code 0, and what it says."""

EXAMPLES = {module.EXAMPLE.split()[1]: module.EXAMPLE for module in cli.COMMANDS}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_the_help_does_what_it_says(deployed: Laboratory, name: str) -> None:
    answer = deployed.run("bash", "-euc", EXAMPLES[name], check=False, stdin="")
    code, said = ENDS.get(name, (0, ""))
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert said in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ENDS])
def test_with_json_it_prints_one_document_and_nothing_else(deployed: Laboratory, name: str) -> None:
    answer = deployed.run("bash", "-euc", f"{EXAMPLES[name]} --json")
    assert isinstance(json.loads(answer.stdout), dict)
