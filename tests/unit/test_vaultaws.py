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
NAMES = [module.__name__.rpartition(".")[2].replace("_", "-") for module in cli.COMMANDS]


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
    code, printed = _typed(name, "--help")
    assert code == 0
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


def test_the_help_loads_no_client_of_a_cloud_and_no_engine() -> None:
    """What takes long to import is imported by what is done with it."""
    slow = {"boto3", "botocore", "hvac", "pulumi", "pydantic", "cryptography", "requests"}
    code = "import sys; import operations.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "typer" in loaded
    assert slow.isdisjoint(loaded)


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
