"""A real laboratory for the tests of this folder, started as a person starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import hvac
import pytest
from botocore.config import Config

from lab.environment import entered
from lab.home import Home, read_json
from tests import resident

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
STACK = "dev"
_GARBAGE = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""Engine and plugins end before their garbage is worth collecting: a sixth of their time."""


@dataclass(frozen=True)
class Laboratory:
    """A running laboratory and the shell of a person inside its network."""

    home: Home
    environment: Mapping[str, str] = field(repr=False)

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the laboratory's network; its output goes into a failing test."""
        finished = subprocess.run(
            command,
            cwd=ROOT,
            env={**self.environment, **(env or {})},
            capture_output=True,
            text=True,
            input=stdin,
            check=False,
        )
        if check and finished.returncode != 0:
            pytest.fail(
                f"{' '.join(command)} ended with {finished.returncode}\n"
                f"{finished.stdout[-8000:]}\n{finished.stderr[-4000:]}"
            )
        return finished

    def pulumi(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the Pulumi CLI in the checkout, on the dev stack of this laboratory."""
        return self.run("pulumi", *arguments, "--stack", STACK, "--non-interactive", check=check)

    def vault(self, namespace: str = "") -> hvac.Client:
        """Return a stock Vault client of the root user in one namespace, through the network."""
        return hvac.Client(
            url=self.environment["VAULT_ADDR"],
            token=self.environment["VAULT_TOKEN"],
            namespace=namespace or None,
            verify=self.environment["SSL_CERT_FILE"],
            proxies={"https": self.environment["HTTPS_PROXY"]},
        )

    def aws(
        self,
        service: str,
        key_id: str,
        secret: str,
        token: str | None = None,
        *,
        region: str = "us-east-1",
    ) -> Any:  # noqa: ANN401 - boto3 makes clients as it runs
        """Return a stock AWS client that reaches the laboratory through its network.

        Args:
            service: ``iam`` or ``sts``.
            key_id: Access key ID of whoever asks.
            secret: Secret access key.
            token: Session token; only a session has one.
            region: Region whose endpoint is asked.
        """
        make: Any = boto3.client  # its types know each service by name alone
        return make(
            service,
            region_name=region,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token,
            verify=self.environment["AWS_CA_BUNDLE"],
            config=Config(proxies={"https": self.environment["HTTPS_PROXY"]}),
        )

    def decisions(self) -> list[dict[str, Any]]:
        """Return what the laboratory's AWS decided so far, oldest first."""
        lines = self.home.decisions.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def accounts(self) -> list[dict[str, str]]:
        """Return the laboratory's AWS accounts with their administrators."""
        accounts: list[dict[str, str]] = read_json(self.home.accounts)
        return accounts

    def account(self, name: str) -> dict[str, str]:
        """Return one AWS account with its administrator."""
        return next(entry for entry in self.accounts() if entry["name"] == name)


def start(home: Path, *flags: str) -> Laboratory:
    """Start (or leave running) the laboratory in ``home``."""
    lab_command("up", home, *flags)
    clean = {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}
    return Laboratory(
        Home(home), {**entered(Home(home), clean), **resident.environment(), **_GARBAGE}
    )


def lab_command(verb: str, home: Path, *flags: str) -> str:
    """Run ``python -m lab`` and return what it printed."""
    finished = subprocess.run(
        [sys.executable, "-m", "lab", verb, "--home", str(home), *flags],
        cwd=ROOT,
        env={**os.environ, **resident.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One laboratory for all tests that do not need a world of their own."""
    home = tmp_path_factory.mktemp("laboratory")
    try:
        yield start(home)
    finally:
        lab_command("down", home)


@pytest.fixture(scope="session")
def deployed(laboratory: Laboratory) -> Laboratory:
    """The laboratory with the committed dev stack deployed by the real engine."""
    lab_command("application", laboratory.home.root)
    laboratory.pulumi("stack", "init")
    laboratory.pulumi("up", "--yes", "--skip-preview")
    return laboratory


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A laboratory for one test file alone, which may break it."""
    home = tmp_path_factory.mktemp("world")
    try:
        yield start(home)
    finally:
        lab_command("down", home)
