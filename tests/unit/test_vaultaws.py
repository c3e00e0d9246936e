"""The console script: what can be typed, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clients.errors import VaultUnreachableError
from operations import OperationError, cli, engine

ROOT = Path(__file__).resolve().parents[2]
NAMES = [cli.name_of(module) for module in cli.COMMANDS]


def _typed(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "100", "TERM": "dumb"})
    return answer.exit_code, answer.output


def test_the_help_lists_every_command_and_every_exit_code() -> None:
    code, printed = _typed("--help")
    assert code == 0
    for name in NAMES:
        assert f" {name} " in printed
    for exit_code in ("0 done", "1 not done", "2 typed wrongly", "130 interrupted"):
        assert exit_code in " ".join(printed.split())


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_an_example_of_itself_and_an_option_for_programs(name: str) -> None:
    code, printed = _typed(*name.split(), "--help")
    assert code == 0
    assert f"Usage: vaultaws {name} " in printed
    assert f"Example: vaultaws {name} " in printed
    assert "--json" in printed


@pytest.mark.parametrize("error", [OperationError, VaultUnreachableError])
def test_what_cannot_be_done_is_said_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[Exception]
) -> None:
    def failing(_stack: str) -> str:
        raise error("no such stack: create it")

    monkeypatch.setattr(engine, "selected", failing)
    monkeypatch.setattr(sys, "argv", ["vaultaws", "summary"])
    assert cli.main() == 1
    said = capsys.readouterr()
    assert said.err == "no such stack: create it\n"
    assert said.out == ""


def test_an_interrupted_command_ends_as_a_shell_says_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_stack: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "selected", interrupted)
    monkeypatch.setattr(sys, "argv", ["vaultaws", "summary"])
    try:
        code: object = cli.main()
    except SystemExit as ended:
        code = ended.code
    assert code == 130


def test_a_revocation_wants_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    code, printed = _typed("revoke", "aws", "my-role")
    assert code == 2
    assert "--address" in printed
    assert "VAULT_ADDR" in printed


def test_a_role_called_like_a_command_is_a_role_and_no_command() -> None:
    code, printed = _typed("credentials", "install/console", "--exec")
    assert code == 2
    assert "needs a command: --exec -- COMMAND" in " ".join(printed.split())


@pytest.mark.parametrize(
    "typed",
    [
        ("aws/one", "--", "true"),
        ("aws/one", "--exec", "--json", "--", "true"),
        ("aws/one", "--format", "process", "--json"),
        ("aws/one", "--fresh"),
        ("aws/one", "--format", "xml"),
        (),
    ],
)
def test_options_of_credentials_that_exclude_each_other_are_typed_wrongly(
    typed: tuple[str, ...],
) -> None:
    assert _typed("credentials", *typed)[0] == 2


@pytest.mark.parametrize("options", [[], ["--json"], ["--format", "process"]])
def test_a_terminal_is_given_no_credentials_and_none_are_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(
        sys, "argv", ["vaultaws", "credentials", "a/b", "--address", "https://v", *options]
    )
    assert cli.main() == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "stdout is a terminal" in said.err


def test_the_help_loads_no_client_of_a_cloud_and_no_engine() -> None:
    """What takes long to import is imported by what is done with it."""
    loaded = _loaded_by("import operations.cli")
    assert "typer" in loaded
    assert SLOW.isdisjoint(loaded)


def test_cached_credentials_load_none_either() -> None:
    """The AWS CLI and SDKs run the command at every start of theirs."""
    loaded = _loaded_by(
        "from operations.credentials import cache, targets; from operations import whereabouts"
    )
    assert "operations.credentials.cache" in loaded
    assert (SLOW | {"rich", "filelock"}).isdisjoint(loaded)


SLOW = {"boto3", "botocore", "hvac", "pulumi", "pydantic", "cryptography", "requests"}


def _loaded_by(code: str) -> set[str]:
    finished = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(finished.stdout.split())


def test_the_script_is_found_by_a_link_and_from_any_folder(tmp_path: Path) -> None:
    link = tmp_path / "vaultaws"
    link.symlink_to(ROOT / "bin/vaultaws")
    # A module of the folder it is typed in must not take the place of the program's.
    (tmp_path / "operations.py").write_text("raise SystemExit('not this one')\n", "utf-8")
    answer = subprocess.run(
        [str(link), "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "summary" in answer.stdout
