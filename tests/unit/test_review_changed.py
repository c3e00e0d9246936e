"""Which stacks a change may change, by the files that it touches."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from operations import OperationError
from operations.review.changed import EVERY_STACK, affected
from operations.review.repository import stack_files, touched
from tests.committed import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "Pulumi.app.yaml": """
config:
  vault-aws-federation:secretsEngines:
    aws: {roles: {a: {policy: ./policies/aws/read-reports.json}}}
  vault-aws-federation:authMethods:
    aws: {roles: {b: {policies: [billing]}}}
""",
    "Pulumi.data.yaml": "config: {}",
    "Pulumi.dev.yaml": "config: {a: policies/aws/read-reports.json}",
}


@pytest.mark.parametrize(
    ("path", "stacks"),
    [
        ("Pulumi.data.yaml", ["data"]),
        ("policies/aws/read-reports.json", ["app"]),
        ("policies/vault/billing.hcl", ["app"]),
        ("policies/vault/other.hcl", []),
        ("policies/aws/deploy.json", []),
        ("policies/guardrails/rules.py", ["app", "data"]),
        ("policies/vault/read-credentials.hcl", ["app", "data"]),
        ("components/issuer.py", ["app", "data"]),
        ("components.md", []),
        ("requirements/program.txt", ["app", "data"]),
        ("requirements/dev.txt", []),
        ("docs/fleet.md", []),
        ("lab/people.py", []),
        ("Pulumi.production.yaml.example", []),
    ],
)
def test_a_file_counts_for_the_stacks_that_are_made_by_it(path: str, stacks: list[str]) -> None:
    found = affected([path], FILES, leave_out=["dev"])
    assert list(found.stacks) == stacks
    assert all(files == (path,) for files in found.stacks.values())
    assert not found.gone


def test_whatever_the_program_is_made_of_counts_for_every_stack() -> None:
    """A new room of the program must be named here, or its changes are previewed by nobody."""
    rooms = {"settings", "federation", "clients", "components"}
    assert {f"{room}/" for room in rooms} <= set(EVERY_STACK)
    for path in EVERY_STACK:
        # The guardrails may be absent: a repository can do without.
        assert (ROOT / path).exists() or path == "policies/guardrails/"


def test_a_deleted_stack_file_is_told_and_not_previewed() -> None:
    found = affected(["Pulumi.old.yaml", "Pulumi.data.yaml"], FILES)
    assert (list(found.stacks), found.gone) == (["data"], ("old",))


def test_what_cannot_be_compared_may_be_everything() -> None:
    assert list(affected(None, FILES, leave_out=["dev"]).stacks) == ["app", "data"]


def test_a_stack_file_that_is_no_yaml_is_refused_by_name() -> None:
    with pytest.raises(OperationError, match=r"Pulumi\.bad\.yaml is no YAML"):
        affected(["Pulumi.bad.yaml"], {"Pulumi.bad.yaml": "a: ["})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose second commit moves a policy and deletes a stack."""
    for path, text in {**FILES, "policies/aws/old.json": "{}"}.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    _git(tmp_path, "mv", "policies/aws/old.json", "policies/aws/new name.json")
    _git(tmp_path, "rm", "--quiet", "Pulumi.data.yaml")
    _git(tmp_path, "commit", "--quiet", "-m", "second")
    return tmp_path


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def test_a_moved_file_is_touched_where_it_was_and_where_it_is(repository: Path) -> None:
    assert touched(repository, "HEAD~1") == [
        "Pulumi.data.yaml",
        "policies/aws/new name.json",
        "policies/aws/old.json",
    ]
    assert set(stack_files(repository)) == {"Pulumi.app.yaml", "Pulumi.dev.yaml"}
    assert touched(repository, "0" * 40) is None


def test_a_commit_that_is_not_there_is_refused_with_what_to_do(repository: Path) -> None:
    with pytest.raises(OperationError, match="fetch-depth: 0"):
        touched(repository, "f" * 40)
