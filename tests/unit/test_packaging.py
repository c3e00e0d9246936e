"""What is installed without a clone: its packages, their versions and its own."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from operations import OperationError, cli
from operations.credentials import install

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT: dict[str, Any] = PYPROJECT["project"]
DAILY: list[str] = PROJECT["dependencies"]
REST: list[str] = PROJECT["optional-dependencies"]["operations"]
ROOMS: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PART_OF = {"botocore": "boto3", "urllib3": "requests"}
"""Packages that are named nowhere, and come with one that is."""


def _pinned(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return set(re.findall(r"^(\S+==\S+)", text, re.MULTILINE))


def _names(pins: Iterable[str]) -> set[str]:
    return {pin.partition("==")[0] for pin in pins}


def test_what_is_installed_is_what_is_tested() -> None:
    assert {*DAILY, *REST} <= _pinned("program")
    assert set(PYPROJECT["build-system"]["requires"]) <= _pinned("dev")


def _needed_by(files: Iterable[Path]) -> set[str]:
    """Return the distributions that files import, wherever in them."""
    named: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                named.add((node.module or "").partition(".")[0])
    known = metadata.packages_distributions()
    typed = {name for name in named if name.startswith("mypy_")}
    others = named - {*ROOMS, "settings"} - typed - sys.stdlib_module_names
    return {PART_OF.get(each, each.lower()) for name in others for each in known[name][:1]}


def test_everything_that_the_rooms_import_is_named_and_nothing_else() -> None:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert _needed_by(files) == _names([*DAILY, *REST])


def test_only_the_doctor_needs_what_a_clone_alone_has() -> None:
    text = (ROOT / "operations/doctor/patient.py").read_text("utf-8")
    assert "from settings" in text, "or the installed one might have it"
    assert "settings" not in ROOMS


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("settings.checks", "only a clone of the project has: type `bin/vaultaws` there"),
        ("pygraphviz", r"package pygraphviz, .* install vault-aws-federation\[operations\]"),
    ],
)
def test_a_command_that_lacks_something_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str, said: str
) -> None:
    def lacking(**_: object) -> None:
        raise ModuleNotFoundError(name=missing)

    monkeypatch.setattr(cli, "app", lacking)
    assert cli.main() == 1
    assert re.search(said, capsys.readouterr().err)


def test_a_module_of_our_own_that_is_missing_is_no_matter_of_installing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lacking(**_: object) -> None:
        raise ModuleNotFoundError(name="operations.moved")

    monkeypatch.setattr(cli, "app", lacking)
    with pytest.raises(ModuleNotFoundError):
        cli.main()


def test_profiles_call_the_script_of_the_clone_or_else_the_installed_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert install.script() == ROOT / "bin/vaultaws"
    monkeypatch.setattr(install, "_CLONED", tmp_path / "bin" / "vaultaws")
    monkeypatch.setattr(install, "_INSTALLED_AS", "pytest")  # it has no such script
    with pytest.raises(OperationError, match="no script `vaultaws` for the profiles"):
        install.script()
