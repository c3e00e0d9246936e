"""Commands of README and docs, typed in the laboratory in the order in which they are shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from lab import switches
from lab.switches import Switches
from tests.lab.conftest import ROOT, STACK
from tests.lab.operations.home import LOGIN, browser, moved_in
from tests.lab.stacks import Stack
from tests.shown_commands import TYPED, Run, put_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.conftest import Laboratory

FILES = {
    "vault.log": "Error: InvalidIdentityToken: Incorrect token audience\n",
    "policy.json": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"},
        }
    ),
    "my_program.py": "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\n",
}
"""What is there for whoever types these commands."""

TYPED_HERE = {command: entry for command, entry in TYPED.items() if isinstance(entry, Run)}


@dataclass(frozen=True)
class Typist:
    """Somebody in the project's folder, and the shells of whom they may be."""

    laboratory: Laboratory
    folder: Path
    shells: Mapping[str, Mapping[str, str]]

    def __call__(self, command: str, entry: Run) -> subprocess.CompletedProcess[str]:
        """Type a command in a shell and return how it ended."""
        typed = put_in(command, entry.put)
        if typed.startswith("python -m lab "):
            typed += f" --home {self.laboratory.home.root}"  # not that of the clone
        waits_for_a_browser = entry.who == "alice" and " login " in typed
        with LOGIN if waits_for_a_browser else nullcontext():
            return subprocess.run(
                ["bash", "-euc", typed],
                cwd=self.folder,
                env=dict(self.shells[entry.who]),
                input=entry.stdin,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )


@pytest.fixture(scope="module")
def typist(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    folder = tmp_path_factory.mktemp("project")
    Stack(deployed, folder, STACK, ROOT)
    shutil.copy2(ROOT / "Pulumi.dev.yaml", folder)
    (folder / ".github").unlink(missing_ok=True)
    (folder / ".github/workflows").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    homes = {
        who: moved_in(deployed, tmp_path_factory.mktemp(who))
        for who in ("administrator", "application", "alice")
    }
    root = deployed.environment["VAULT_TOKEN"]
    shells = {
        "administrator": homes["administrator"].environment(
            VAULT_TOKEN=root, PULUMI_SKIP_CONFIRMATIONS="true"
        ),
        "application": homes["application"].environment(),
        "alice": homes["alice"].environment(BROWSER=browser("alice")),
    }
    somebody = Typist(deployed, folder, shells)
    assert somebody(f"pulumi stack select {STACK}", Run()).returncode == 0
    try:
        yield somebody
    finally:
        for role in ("deploy", "auth/aws"):  # of the engine, the page itself takes it back
            somebody(f"vaultaws revoke-sessions {role} --stack {STACK} --undo --yes", Run())


@pytest.mark.parametrize("command", TYPED_HERE)
def test_it_does_what_its_page_says(typist: Typist, command: str) -> None:
    entry = TYPED_HERE[command]
    try:
        answer = typist(command, entry)
    finally:
        if "lab switch" in command:
            switches.store(typist.laboratory.home, Switches())
    said = answer.stdout + answer.stderr
    assert answer.returncode == entry.code, said
    assert entry.says in said
    assert "Traceback" not in said
