"""A Vault that is gone for good: what the stack made at AWS goes, what Vault made is named."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lab import processes
from lab.environment import entered
from tests.lab.conftest import ROOT, Laboratory, lab_command, start
from tests.lab.stacks import Stack, administrator, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PATH = "/vault/orphaned-root-aws/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Laboratory]:
    """A laboratory for each test, which loses its Vault."""
    home = tmp_path / "world"
    try:
        yield start(home)
    finally:
        lab_command("down", home)


@pytest.fixture
def stack(world: Laboratory, tmp_path: Path) -> Stack:
    """A deployed stack with two live leases."""
    stack = Stack(world, tmp_path / "stack", "orphaned", ROOT)
    stack.create(settings())
    stack.up()
    for _ in range(2):
        assert world.vault().read("aws/creds/my-role")
    return stack


def _lose_vault(world: Laboratory) -> None:
    processes.stop(world.home, ["vault"])
    shutil.rmtree(world.home.vault)


def _typed(
    stack: Stack, environment: Mapping[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=stack.folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


def _abandon(stack: Stack, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return _typed(stack, environment, "vaultaws", "abandon", "--stack", stack.name)


def _without_vault(world: Laboratory) -> dict[str, str]:
    outside = {name: world.environment[name] for name in ("HOME", "PATH")}
    return entered(world.home, outside, without_vault=True)


def _users(world: Laboratory) -> list[str]:
    users = administrator(world).list_users(PathPrefix="/vault/")["Users"]
    assert {user["Path"] for user in users} <= {PATH}
    return sorted(user["UserName"] for user in users)


def _at_aws(world: Laboratory) -> tuple[int, int]:
    iam = administrator(world)
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return len(iam.list_roles()["Roles"]), len(providers)


def _recorded(stack: Stack) -> int:
    exported = json.loads(stack.pulumi("stack", "export").stdout)
    return len(exported["deployment"].get("resources", []))


def test_a_lost_vault_is_forgotten_and_its_users_are_listed(
    world: Laboratory, stack: Stack
) -> None:
    before = _recorded(stack)
    refused = _abandon(stack, world.environment)
    assert refused.returncode == 1
    assert "https://vault.lab.test answers" in refused.stderr
    assert (_recorded(stack), _at_aws(world)) == (before, (1, 1))

    _lose_vault(world)
    abandoned = _abandon(stack, _without_vault(world))
    assert abandoned.returncode == 0, abandoned.stdout + abandoned.stderr
    left = _users(world)
    assert len(left) == 2
    assert f"account 123456789012, path {PATH}" in abandoned.stdout
    assert all(f"    {name}\n" in abandoned.stdout for name in left)
    assert _at_aws(world) == (0, 0)
    assert _recorded(stack) == 0

    (line,) = [line for line in abandoned.stdout.splitlines() if "vaultaws sweep" in line]
    swept = _typed(stack, _without_vault(world), *shlex.split(line))
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert _users(world) == []

    again = _abandon(stack, _without_vault(world))
    assert again.returncode == 0, again.stderr


def test_a_vault_that_lost_its_storage_does_not_hide_its_users(
    world: Laboratory, stack: Stack
) -> None:
    _lose_vault(world)
    anew = start(world.home.root)
    stack.laboratory = anew

    refused = stack.destroy(check=False)
    assert refused.returncode != 0
    said = " ".join(refused.stdout.split())
    assert "all of a Vault that has lost its storage, nobody else deletes: delete them" in said
    assert all(name in said for name in _users(anew))
    assert _at_aws(anew) == (1, 1)

    swept = _typed(
        stack,
        anew.environment,
        *("vaultaws", "sweep", "--stack", stack.name, "--delete"),
        *("--without-vault", "--older-than", "0s"),
    )
    assert swept.returncode == 0, swept.stdout + swept.stderr
    stack.destroy()
    assert _at_aws(anew) == (0, 0)
