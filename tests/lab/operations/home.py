"""The home of a person on a machine in the laboratory's network, and whom they log in as."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from tests.lab.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.conftest import Laboratory

LOGIN = filelock.FileLock(
    Path(tempfile.gettempdir()) / f"vaultaws-login-{os.getuid()}.lock", timeout=300
)
"""Held by whose browser comes back to ``vaultaws login``: a machine has one such port."""


@dataclass(frozen=True)
class PersonsHome:
    """A home folder, with an AWS configuration that was there before, and no token in the shell."""

    laboratory: Laboratory
    folder: Path

    @property
    def token_file(self) -> Path:
        """Where the login keeps its token."""
        return self.folder / ".vault-token"

    @property
    def config(self) -> Path:
        """The person's AWS configuration."""
        return self.folder / "config"

    @property
    def cache(self) -> Path:
        """Where credentials are kept for all processes."""
        return self.folder / ".cache" / "vaultaws"

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of the person's shell."""
        ours = {
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / ".cache"),
            "AWS_CONFIG_FILE": str(self.config),
        }
        theirs = {k: v for k, v in self.laboratory.environment.items() if k != "VAULT_TOKEN"}
        return {**theirs, **ours, **more}

    def start(
        self, *command: str, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """Start a command, in a session without a terminal."""
        return subprocess.Popen(
            # With `nohup` hangups are ignored, and in the background interrupts: it is inherited.
            ("env", "--default-signal=HUP,INT", *command),
            cwd=ROOT,
            env=self.environment(**(env or {})),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, *command: str, env: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*command, env=env) as process:
            printed, said = process.communicate(timeout=120)
        finished = subprocess.CompletedProcess(command, process.returncode, printed, said)
        assert not check or finished.returncode == 0, finished.stdout + finished.stderr
        return finished

    def log_in_as_application(self) -> str:
        """Log in as the application, which may read ``aws/my-role``; return the token."""
        options = ("--method", "aws", "--profile", "main-app", "--stack", "dev")
        self.run("vaultaws", "login", *options)
        return self.token_file.read_text("utf-8")

    def log_in_as(self, who: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Log in as a person, in a browser of theirs."""
        with LOGIN:
            return self.run(
                *("vaultaws", "login", *(options or ("--path", "people"))),
                env={"BROWSER": browser(who)},
                check=False,
            )


def browser(who: str) -> str:
    """Return what ``BROWSER`` is set to where this person sits."""
    return f"{sys.executable} -m tests.lab.browser {who} %s"


def moved_in(laboratory: Laboratory, folder: Path) -> PersonsHome:
    """Return a home of one's own in a new folder."""
    shutil.copy(laboratory.environment["AWS_CONFIG_FILE"], folder / "config")
    return PersonsHome(laboratory, folder)


def command_lines() -> Sequence[str]:
    """Return how every process of this machine was started, as anybody there can see it."""
    lines = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                lines.append((Path(entry.path) / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue  # it ended meanwhile
    return lines
