"""``vaultaws report`` as it is typed, on files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from operations import cli
from operations.report import report
from tests.committed import committed
from tests.program.conftest import run_program
from tests.program.states import exported, previewed

if TYPE_CHECKING:
    from pathlib import Path

NOTHING: dict[str, Any] = {"deployment": {"resources": []}}


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    return exported(run_program(committed()), stack="dev")


@pytest.fixture
def files(state: dict[str, Any], tmp_path: Path) -> Path:
    documents = {
        "state": state,
        "first": previewed(NOTHING, state),
        "same": previewed(state, state),
        "empty": NOTHING,
        "other": {"neither": "of both"},
    }
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), "utf-8")
    (tmp_path / "text.json").write_text("no JSON", "utf-8")
    return tmp_path


def _typed(*arguments: str, stdin: str = "") -> tuple[int, str, BaseException | None]:
    told = CliRunner().invoke(cli.app, ["report", *arguments], input=stdin, env={"COLUMNS": "200"})
    return told.exit_code, told.output, told.exception


BEGINS = {
    "tree": "dev: who can become whom",
    "markdown": "# Who can become whom: dev",
    "mermaid": "flowchart LR",
    "html": "<!DOCTYPE html>",
    "json": "{",
}


@pytest.mark.parametrize("form", BEGINS)
def test_each_form_is_printed_and_written_alike(files: Path, form: str) -> None:
    code, printed, _ = _typed("--state", str(files / "state.json"), "--format", form)
    assert code == 0
    assert printed.startswith(BEGINS[form])
    written = files / "report"
    code, silent, _ = _typed(
        "--state", str(files / "state.json"), "--format", form, "-o", str(written)
    )
    assert (code, silent) == (0, "")
    assert written.read_text("utf-8") == printed


def test_a_file_holds_no_colours_of_a_terminal(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    written = files / "report"
    _typed("--state", str(files / "state.json"), "-o", str(written))
    assert "\x1b" not in written.read_text("utf-8")
    assert "\x1b" in _typed("--state", str(files / "state.json"))[1]


def test_a_state_is_read_from_stdin(files: Path) -> None:
    text = (files / "state.json").read_text("utf-8")
    code, printed, _ = _typed("--state", "-", "--json", stdin=text)
    assert code == 0
    assert json.loads(printed)["stack"] == "dev"


def test_only_what_is_asked_for_is_printed(files: Path) -> None:
    code, printed, _ = _typed("--state", str(files / "state.json"), "--only", "engineering")
    assert code == 0
    assert "engineering" in printed
    assert "my-role" not in printed


@pytest.mark.parametrize(("flags", "code"), [((), 0), (("--fail-on-new-rights",), 1)])
def test_new_rights_fail_where_that_is_asked_for(
    files: Path, flags: tuple[str, ...], code: int
) -> None:
    found, printed, _ = _typed("--diff", str(files / "first.json"), *flags)
    assert found == code
    assert "#### New rights" in printed
    assert _typed("--diff", str(files / "same.json"), *flags)[0] == 0


def test_a_change_is_json_too(files: Path) -> None:
    _, printed, _ = _typed("--diff", str(files / "first.json"), "--json")
    document = json.loads(printed)
    assert document["stack"] == "dev"
    assert document["new_rights"]
    assert document["lost_rights"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "html", "--json"), "--format"),
        (("--diff", "x", "--format", "html"), "--format"),
        (("--diff", "x", "--state", "y"), "--diff"),
        (("--diff", "x", "--only", "y"), "--diff"),
        (("--fail-on-new-rights",), "--fail-on-new-rights"),
        (("--format", "picture"), "picture"),
    ],
)
def test_what_does_not_go_together_is_typed_wrongly(arguments: tuple[str, ...], said: str) -> None:
    code, printed, _ = _typed(*arguments)
    assert code == 2
    assert said in printed


def test_a_page_is_not_poured_into_a_terminal(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "is_terminal", lambda: True)
    code, printed, _ = _typed("--state", str(files / "state.json"), "--format", "html")
    assert code == 2
    assert "--output" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--state", "none.json"), "none.json cannot be read"),
        (("--state", "text.json"), "text.json holds no JSON"),
        (("--state", "other.json"), "other.json is no state of a stack"),
        (("--state", "empty.json"), "empty.json has nothing deployed to report on"),
        (("--state", "state.json", "--only", "no such"), "in state.json is called 'no such'"),
        (("--state", "state.json", "-o", "no/such"), "no/such cannot be written"),
        (("--diff", "none.json"), "none.json cannot be read"),
        (("--diff", "state.json"), "state.json is no preview"),
    ],
)
def test_what_cannot_be_read_is_said(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(files)
    code, _, error = _typed(*arguments)
    assert code == 1
    assert said in str(error)
