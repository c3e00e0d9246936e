"""The example in each command's help, typed in a shell inside the laboratory."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from operations import cli

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Laboratory

ENDS: dict[str, tuple[int, str]] = {
    "abandon": (1, "answers, so it is not gone for good: nothing was changed"),
    "revoke-sessions": (1, "not confirmed, so nothing was changed"),
}
"""How an example ends at a stack that is well, where that is not exit code 0, and what it says."""

EXAMPLES = {cli.name_of(module): module.EXAMPLE for module in cli.COMMANDS}


@pytest.fixture
def home(deployed: Laboratory, tmp_path: Path) -> dict[str, str]:
    """A home of a person for one example: commands keep tokens and profiles there."""
    config = shutil.copy(deployed.environment["AWS_CONFIG_FILE"], tmp_path)
    return {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(config)}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_the_help_does_what_it_says(
    deployed: Laboratory, home: dict[str, str], name: str
) -> None:
    answer = deployed.run("bash", "-euc", EXAMPLES[name], env=home, check=False, stdin="")
    code, said = ENDS.get(name, (0, ""))
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert said in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ENDS])
def test_with_json_it_prints_one_document_and_nothing_else(
    deployed: Laboratory, home: dict[str, str], name: str
) -> None:
    answer = deployed.run("bash", "-euc", f"{EXAMPLES[name]} --json", env=home)
    assert isinstance(json.loads(answer.stdout), dict)
