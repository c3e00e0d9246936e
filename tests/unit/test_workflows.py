"""The workflows of this repository: who may do what in them, with nothing stored to open a door."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.committed import ROOT
from tools import check_workflows

FOLDER = ROOT / ".github"
FILES = sorted(FOLDER.rglob("*.yml"))
WORKFLOWS = {file.stem: file for file in sorted(FOLDER.glob("workflows/*.yml"))}
ENVIRONMENT = {"preview": "preview", "apply": "production"}
"""Where each Vault role may be asked for."""
PINNED = re.compile(r"(\./\.github/actions/[a-z-]+|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")


@cache
def _loaded(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text("utf-8"))
    return loaded


def _jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(name, job, said) for name in WORKFLOWS for job, said in _loaded(name)["jobs"].items()]


def test_every_action_is_pinned_by_commit_and_says_its_release() -> None:
    found = [
        line.partition("uses:")[2].strip()
        for file in FILES
        for line in file.read_text("utf-8").splitlines()
        if "uses:" in line
    ]
    assert len(found) > 20
    assert [each for each in found if not PINNED.fullmatch(each)] == []


def test_one_action_has_one_commit_everywhere() -> None:
    text = "".join(file.read_text("utf-8") for file in FILES)
    found = set(re.findall(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (\S+)", text))
    assert len({name for name, _, _ in found}) == len(found)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_nothing_that_its_jobs_do_not_name(name: str) -> None:
    workflow = _loaded(name)
    assert workflow["permissions"] == {}
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(workflow[True])
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert job["timeout-minutes"]


def test_no_secret_is_kept_at_github() -> None:
    assert [file.name for file in FILES if "secrets." in file.read_text("utf-8")] == []


def test_whoever_signs_in_is_in_the_environment_of_its_role() -> None:
    signing_in = []
    for name, job, said in _jobs():
        roles = [
            step["with"]["vault-role"]
            for step in said["steps"]
            if "with" in step and "vault-role" in step["with"]
        ]
        assert bool(roles) == (said["permissions"].get("id-token") == "write")
        for role in roles:
            assert said["environment"] == ENVIRONMENT[role]
            assert "vars.CLOUD_ACCESS" in _gate(name, job)
            signing_in.append((name, job, role))
    assert signing_in == [
        ("destroy", "destroy", "apply"),
        ("drift", "watch", "preview"),
        ("merge", "plan", "preview"),
        ("merge", "apply", "apply"),
        ("pull-request", "preview", "preview"),
    ]


def _gate(name: str, job: str) -> str:
    """Return what must hold before a job runs, for the jobs that it needs, too."""
    said = _loaded(name)["jobs"][job]
    needs = said.get("needs") or []
    before = [needs] if isinstance(needs, str) else needs
    return " ".join([str(said.get("if", "")), *(_gate(name, each) for each in before)])


@pytest.mark.parametrize(("name", "job"), [("pull-request", "preview"), ("destroy", "ask")])
def test_a_fork_gets_nothing(name: str, job: str) -> None:
    said = _loaded(name)["jobs"][job]["if"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in said
    assert "||" not in said


def test_what_is_applied_was_planned_by_the_same_run() -> None:
    """A pull request hands on what a person reads, and never a plan."""
    merge = _loaded("merge")["jobs"]
    apply = [step for step in merge["apply"]["steps"] if "download" in step.get("uses", "")]
    assert [set(step["with"]) for step in apply] == [{"name", "path"}]
    assert merge["apply"]["needs"] == ["changed", "plan"]
    started = {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    assert _loaded("merge")[True] == started
    assert "github.ref == 'refs/heads/main'" in merge["changed"]["if"]
    # Of a whole workflow it would drop a merge that waits, and with it the stacks of that one.
    assert "concurrency" not in _loaded("merge")
    handed = [
        step["with"]["path"]
        for job in _loaded("pull-request")["jobs"].values()
        for step in job["steps"]
        if "upload" in step.get("uses", "")
    ]
    assert handed == ["review/previews"]


def test_what_writes_the_comment_is_code_that_was_reviewed_already() -> None:
    comment = _loaded("pull-request")["jobs"]["comment"]
    assert comment["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert "id-token" not in comment["permissions"]


def test_no_text_of_others_becomes_part_of_a_script() -> None:
    runs = [step["run"] for _, _, said in _jobs() for step in said["steps"] if "run" in step]
    runs += [
        step["run"]
        for step in yaml.safe_load((FOLDER / "actions/prepare/action.yml").read_text("utf-8"))[
            "runs"
        ]["steps"]
        if "run" in step
    ]
    assert len(runs) > 10
    assert [run for run in runs if "${{" in run] == []


def test_github_knows_every_word_of_them() -> None:
    for schema, files in (
        ("vendor.github-workflows", list(WORKFLOWS.values())),
        ("vendor.github-actions", [FOLDER / "actions/prepare/action.yml"]),
    ):
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
        finished = subprocess.run(
            [*command, *map(str, files)], capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_scripts_that_they_run_are_there() -> None:
    text = "".join(file.read_text("utf-8") for file in FILES)
    scripts = set(re.findall(r"ci/[a-z]+\.sh", text))
    assert scripts == {f"ci/{file.name}" for file in (ROOT / "ci").glob("*.sh")}
    for script in scripts:
        assert (ROOT / script).stat().st_mode & 0o100
        subprocess.run(["bash", "-n", script], cwd=ROOT, check=True)


def test_both_linters_judge_them_and_the_first_trouble_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, returncode=len(ran) - 1)

    monkeypatch.setattr(check_workflows, "built", lambda _: Path("/built"))
    monkeypatch.setattr(subprocess, "run", run)
    assert check_workflows.main() == 1
    assert [Path(command[0]).name for command in ran] == ["actionlint", "zizmor"]
    assert {str(file) for file in WORKFLOWS.values()} <= set(ran[0])
    assert "--offline" in ran[1]
