"""``vaultaws`` as somebody installs it who has no clone, no Pulumi and no right to the stack."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from operations import VERSION
from tests.lab.conftest import ROOT
from tests.lab.operations.home import PersonsHome, moved_in

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

AWS_CLI = ROOT / ".venv/bin/aws"
WHOAMI = ("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
USER = "arn:aws:iam::123456789012:user/vault/dev-root-aws/"


@dataclass(frozen=True)
class Person:
    """Somebody in an empty folder, whose shell names Vault and no stack."""

    home: PersonsHome
    programs: Path
    folder: Path

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        known = self.home.environment(PATH=f"{self.programs}:/usr/bin:/bin")
        environment = {key: value for key, value in known.items() if "PULUMI" not in key}
        assert shutil.which("pulumi", path=environment["PATH"]) is None
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done


def _closure(names: list[str]) -> set[str]:
    """Return distributions and all that they need here, extras left out."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            needed = map(Requirement, metadata.requires(name) or [])
            names += [
                each.name
                for each in needed
                if each.marker is None or each.marker.evaluate({"extra": ""})
            ]
    return found


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the built wheel and what it says that it needs."""
    place = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    offline = ("--no-index", "--no-deps", "--quiet")
    _done(*pip, "wheel", *offline, "--no-build-isolation", "--wheel-dir", str(place), str(ROOT))
    (wheel,) = place.glob("*.whl")
    assert wheel.name.startswith(f"vault_aws_federation-{VERSION}-")
    _done(sys.executable, "-m", "venv", "--without-pip", str(place / "venv"))
    python = place / "venv/bin/python"
    _done(*pip, "--python", str(python), "install", *offline, str(wheel))
    (packages,) = (place / "venv").glob("lib/python*/site-packages")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name in _closure([each.partition("==")[0] for each in project["dependencies"]]):
        for file in metadata.files(name) or []:
            link = packages / file.parts[0]
            if file.parts[0] not in ("..", "__pycache__") and not link.exists():
                link.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / link.name)
    return place / "venv/bin"


def _done(*command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture(scope="module")
def person(
    deployed: Laboratory, programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Person:
    """Somebody who has logged in as the application, which may read ``aws/my-role``."""
    home = moved_in(deployed, tmp_path_factory.mktemp("person"))
    empty = tmp_path_factory.mktemp("empty")
    somebody = Person(home, programs, empty)
    options = ("--method", "aws", "--role", "dev-role-iam", "--profile", "main-app")
    assert "may read  aws/my-role\n" in somebody.run("vaultaws", "login", *options).stdout
    return somebody


def test_it_says_what_it_can_and_which_version_it_is(person: Person) -> None:
    assert "credentials" in person.run("vaultaws", "--help").stdout
    assert person.run("vaultaws", "--version").stdout == f"vaultaws {VERSION}\n"
    assert list(person.folder.iterdir()) == []


def test_a_command_has_credentials(person: Person) -> None:
    typed = ("vaultaws", "credentials", "aws/my-role", "--exec", "--", str(AWS_CLI), *WHOAMI)
    assert person.run(*typed).stdout.startswith(USER)


def test_a_profile_calls_what_is_installed(person: Person) -> None:
    said = json.loads(person.run("vaultaws", "credentials", "install", "--json").stdout)
    assert said["profiles"]["added"] == ["aws/my-role"]
    script = f"credential_process = {person.programs / 'vaultaws'} credentials"
    assert script in person.home.config.read_text("utf-8")
    asked = person.run(str(AWS_CLI), "--profile", "aws/my-role", *WHOAMI)
    assert asked.stdout.startswith(USER)


def test_a_person_is_sent_to_the_login_page_without_a_stack(person: Person) -> None:
    answer = person.run("vaultaws", "login", "--path", "nowhere", check=False)
    assert answer.returncode == 1
    assert "check that there is a login at auth/nowhere" in answer.stderr


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("login", "--stack", "dev"), "leave out --stack (and PULUMI_STACK), and set VAULT_ADDR"),
        (("sweep", "--stack", "dev"), "there is no `pulumi` on PATH"),
        (("explain", "--stack", "dev"), "install vault-aws-federation[operations]"),
        (("doctor", "--stack", "dev"), "or type `bin/vaultaws` in a clone"),
    ],
)
def test_what_needs_more_says_what_it_needs(
    person: Person, typed: tuple[str, ...], said: str
) -> None:
    answer = person.run("vaultaws", *typed, check=False)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
