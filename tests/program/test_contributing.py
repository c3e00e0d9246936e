"""The changes that CONTRIBUTING shows, made as they are printed, in a copy of the repository."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.documented import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SECTION = (
    (ROOT / "CONTRIBUTING.md")
    .read_text("utf-8")
    .partition("## Four changes\n")[2]
    .partition("\n## ")[0]
)
CHANGES = {
    title: re.findall(r"```(\w+)\n(.*?)```", body, re.DOTALL)
    for title, body in re.findall(r"\*\*(.+?)\*\*(.+?)(?=\n\*\*|\Z)", SECTION, re.DOTALL)
}
"""By what is changed: each printed piece with its language."""
ADDED: dict[str, set[str]] = {
    "A Vault role": {
        *("aws-workload/issue-auditor", "aws-leases/auditor"),
        *("aws-role/auditor", "aws-access/auditor"),
    },
    "An account": {"data", "data-mount", "data-workload", "data-federation"},
    "A component": {"dev-auditors", "dev-auditors-policy"},
    "A guardrail": set(),
}
"""What is registered after each change and was not before; of an account, among others."""
REGISTERED = """
import json
from tests.committed import committed
from tests.program.conftest import run_program
print(json.dumps([entry.urn for entry in run_program(committed()).registered()]))
"""
STRUCTURE = (
    *("test_arrows_point_one_way", "test_every_component_registers_its_outputs_once_and_last"),
    "test_no_file_of_the_program_is_long_without_a_reason_or_too_short_to_be_one",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what is committed or about to be."""
    folder = tmp_path / "repository"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for file in files.splitlines():
        source = ROOT / file
        if source.is_file() and not file.startswith(("tools/absent/", "tests/lab/")):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / file)
    return folder


JUDGED = """
import json
from policies.guardrails.rules import RULES
from policies.guardrails.rules.rule import Resource
for text in ('path "*" {}', 'path "aws/creds/a" {}'):
    props = {"policy": text}
    policy = Resource(type="vault:index/policy:Policy", name="a", props=props)
    print(json.dumps({rule.name: list(rule.judge(policy, {})) for rule in RULES[-1:]}))
"""


def _make(change: str, folder: Path) -> None:
    for language, text in CHANGES[change]:
        if language == "yaml":
            stack = folder / "Pulumi.dev.yaml"
            held = yaml.safe_load(stack.read_text("utf-8"))
            stack.write_text(yaml.safe_dump(_merged(held, yaml.safe_load(text))), "utf-8")
        elif language == "python":
            (folder / text.split(":")[0].strip('"')).write_text(text, "utf-8")
        else:
            assert language == "diff"
            applied = ["git", "apply", "--unidiff-zero", "-"]
            subprocess.run(applied, cwd=folder, input=text, text=True, check=True)


def _merged(held: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Put each key below the same key; what is there already stays."""
    both = dict(held)
    for key, value in more.items():
        both[key] = _merged(held[key], value) if key in held else value
    return both


def _python(folder: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_these_changes_are_shown() -> None:
    assert list(CHANGES) == list(ADDED)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_takes_at_most_ten_lines_of_code(change: str) -> None:
    assert 0 < sum(_lines(language, text) for language, text in CHANGES[change]) <= 10


def _lines(language: str, text: str) -> int:
    if language == "diff":
        return len(re.findall(r"^\+(?!\+\+ )", text, re.MULTILINE))
    lines = {number for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    if language == "python":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_made_as_it_is_printed(change: str, copy: Path) -> None:
    _make(change, copy)
    before = set((ROOT / "tests/program/resources.txt").read_text("utf-8").splitlines())
    after = set(json.loads(_python(copy, "-c", REGISTERED)))
    assert before <= after
    added = {urn.rpartition(" ")[2] for urn in after - before}
    if change == "An account":
        assert added > ADDED[change]
    else:
        assert added == ADDED[change]


def test_a_new_component_is_as_the_others_are(copy: Path) -> None:
    _make("A component", copy)
    _python(copy, "-m", "ruff", "check", "components/auditors.py", "__main__.py")
    rules = [f"tests/unit/test_architecture.py::{rule}" for rule in STRUCTURE]
    _python(copy, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *rules)


def test_a_new_guardrail_judges(copy: Path) -> None:
    _make("A guardrail", copy)
    _python(copy, "-m", "ruff", "check", "policies/guardrails")
    wide, narrow = map(json.loads, _python(copy, "-c", JUDGED).splitlines())
    assert wide == {"paths": ["is about every path"]}
    assert narrow == {"paths": []}
