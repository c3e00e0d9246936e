"""How the doctor reads settings and state, and how the command ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from operations import cli
from operations.doctor import diagnosis, machine, patient, rows
from operations.engine import EngineError
from tests.unit.declared import ENGINES, PEOPLE, PROJECT, changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "hidden-client-secret"
CHECK = {"type": "pulumi-python:dynamic/vaultwif:IssuerCheck", "inputs": {"namespace": ""}}


def _engine(sections: dict[str, Any], *state: dict[str, Any]) -> Callable[..., str]:
    """Answer as Pulumi does for a stack with these settings and this state."""
    secret = f"{PROJECT}:humanLoginSecrets"
    entries = {
        f"{PROJECT}:{key}": {
            "value": json.dumps(value),
            "secret": f"{PROJECT}:{key}" == secret,
        }
        for key, value in sections.items()
    }

    def answer(*arguments: str, stack: str) -> str:
        assert stack == "dev"
        if arguments == ("config", "--json", "--show-secrets"):
            return json.dumps(entries)
        assert arguments == ("stack", "export")
        return json.dumps({"deployment": {"resources": state} if state else {}})

    return answer


@pytest.fixture
def project(folder: Path) -> Path:
    (folder / "Pulumi.yaml").write_text(f"name: {PROJECT}\n", "utf-8")
    return folder


def test_settings_and_state_are_read_and_what_waits_to_be_deleted_is_gone(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr(patient, "pulumi", _engine(ENGINES, CHECK | {"delete": True}, CHECK))
    found, told = patient.read("dev", project)
    assert found is not None
    assert (found.settings.stack, len(found.resources)) == ("dev", 1)
    assert found.remembered("IssuerCheck", namespace="") == {"namespace": ""}
    assert found.remembered("IssuerCheck", namespace="team") == {}
    assert [row.state for row in told] == [rows.State.OK]


def test_a_stack_that_was_never_deployed_remembers_nothing(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    monkeypatch.setattr(patient, "pulumi", _engine(ENGINES))
    found, _ = patient.read("dev", project)
    assert found is not None
    assert found.resources == ()


def test_every_problem_of_the_settings_is_a_row_and_no_secret_is_in_one(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    sections = changed(
        PEOPLE,
        {
            "accounts.main.region": "us-esat-1",
            "secretsEngines.aws.audience": "",
            "humanLoginSecrets": {"other": SECRET},
        },
    )
    monkeypatch.setattr(patient, "pulumi", _engine(sections))
    found, told = patient.read("dev", project)
    assert found is None
    assert len(told) > 3
    assert {row.state for row in told} == {rows.State.BROKEN}
    assert any("accounts.main.region" in row.detail for row in told)
    assert SECRET not in repr(told)


def test_settings_that_are_hardly_meant_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    sections = changed(ENGINES, {"secretsEngines.aws.roles.reader.policy": "idle.json"})
    monkeypatch.setattr(patient, "pulumi", _engine(sections))
    found, told = patient.read("dev", project)
    assert found is not None
    assert {row.state for row in told} == {rows.State.WARN}


def test_where_nothing_can_be_read_the_machine_is_looked_at_nevertheless(
    monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    def failing(*_: str, **__: str) -> str:
        raise EngineError("no stack named 'dev' found")

    monkeypatch.setattr(patient, "pulumi", failing)
    monkeypatch.setattr(machine, "pulumi", failing)
    found = diagnosis.diagnose("dev", project)
    assert found[0].detail == "no stack named 'dev' found"
    assert found[0].state is rows.State.BROKEN
    assert "this shell, AWS credentials" in [row.what for row in found]
    assert {row.what for row in found if row.state is rows.State.UNKNOWN} == {
        "this machine, Pulumi",
        "this machine, plugins",
    }


def test_a_folder_without_a_project_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(patient, "pulumi", _engine(ENGINES))
    found, (told,) = patient.read("dev", tmp_path)
    assert found is None
    assert "does not tell the project's name" in told.detail


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (rows.ok("a", "well"), 0),
        (rows.warn("a", "odd", "mend it"), 0),
        (rows.unknown("a", "unseen", "ask"), 0),
        (rows.broken("a", "ill", "mend it"), 1),
    ],
)
def test_the_command_ends_with_1_only_if_something_would_break(
    monkeypatch: pytest.MonkeyPatch, found: rows.Row, code: int
) -> None:
    monkeypatch.setattr(diagnosis, "diagnose", lambda _stack, _folder: [found])
    plain = CliRunner().invoke(cli.app, ["doctor", "--stack", "dev"])
    assert (plain.exit_code, found.detail in plain.stdout) == (code, True)
    as_json = CliRunner().invoke(cli.app, ["doctor", "--stack", "dev", "--json"])
    assert as_json.exit_code == code
    assert json.loads(as_json.stdout) == {
        "stack": "dev",
        "rows": [
            {"what": "a", "state": found.state.value, "detail": found.detail, "fix": found.fix}
        ],
    }
