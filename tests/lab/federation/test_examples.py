"""The example of another stack that builds on the outputs of this one."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.conftest import ROOT
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

CONFIG = {
    "federation": "organization/vault-aws-federation/dev",
    "engine": "aws",
    "region": "us-east-1",
}


@pytest.fixture(scope="module")
def example(deployed: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the example beside the environment that it names."""
    place = tmp_path_factory.mktemp("place")
    (place / ".venv").symlink_to(ROOT / ".venv")
    folder = place / "examples" / "own-role"
    shutil.copytree(ROOT / "examples" / "own-role", folder)
    pulumi(deployed, folder, "stack", "init")
    pulumi(deployed, folder, "config", "set-all", *flags(CONFIG))
    try:
        yield folder
    finally:
        pulumi(deployed, folder, "destroy", "--yes", "--skip-preview")
        pulumi(deployed, folder, "stack", "rm", "--yes")


def flags(config: dict[str, str]) -> list[str]:
    """Return what ``pulumi config set-all`` takes."""
    return [part for key, value in config.items() for part in ("--plaintext", f"{key}={value}")]


def pulumi(laboratory: Laboratory, folder: Path, *arguments: str) -> str:
    """Run the engine on the example's stack and return what it printed."""
    command = ("pulumi", "--cwd", str(folder), *arguments, "--stack", "team", "--non-interactive")
    return laboratory.run(*command).stdout


def test_a_role_of_another_stack_is_assumed_by_the_engine_it_read_of_and_no_other(
    deployed: Laboratory, example: Path
) -> None:
    pulumi(deployed, example, "up", "--yes", "--skip-preview")
    outputs = json.loads(pulumi(deployed, example, "stack", "output", "--json"))
    ours = json.loads(deployed.pulumi("stack", "output", "--json").stdout)["secrets_engines"]
    assert outputs["trusted"] == ours["aws"]["role_arn"]
    assert outputs["issuer"] == ours["aws"]["issuer"]
    pulumi(deployed, example, "preview", "--expect-no-changes")

    role: Any = administrator(deployed).get_role(RoleName="own-role-team")["Role"]
    assert role["Arn"] == outputs["role_arn"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": ours["aws"]["role_arn"]}

    vault = deployed.vault()
    asked = {"credential_type": "assumed_role", "role_arns": outputs["role_arn"]}
    vault.write_data("aws/roles/own", data=asked)
    try:
        assert vault.read("aws/creds/own")["data"]["arn"].startswith(
            "arn:aws:sts::123456789012:assumed-role/own-role-team/"
        )
    finally:
        vault.delete("aws/roles/own")
    # The administrator's own policies allow everything, but this role does not trust it.
    refused = deployed.run(
        *("aws", "sts", "assume-role", "--role-session-name", "nobody"),
        *("--role-arn", outputs["role_arn"]),
        check=False,
    )
    assert "AccessDenied" in refused.stderr


def test_a_stack_without_that_engine_is_told_which_there_are(
    deployed: Laboratory, example: Path
) -> None:
    pulumi(deployed, example, "config", "set", "engine", "nowhere")
    command = ("pulumi", "--cwd", str(example), "preview", "--stack", "team", "--non-interactive")
    refused = deployed.run(*command, check=False)
    pulumi(deployed, example, "config", "set", "engine", "aws")
    assert refused.returncode != 0
    assert "no secrets engine 'nowhere' there; known are aws" in refused.stdout
