"""Users that no lease will end: exactly these go, whenever the sweep is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lab import processes, switches
from lab.environment import entered
from lab.switches import Fault, Switches
from tests.awaiting import eventually
from tests.committed import USER
from tests.lab.conftest import ROOT, Laboratory, start
from tests.lab.faults import Faults
from tests.lab.leases import keep_user, read_lease
from tests.lab.stacks import Stack, administrator, settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PATH = "/vault/swept-root-aws/"
LOST = 20
GROUP = "readers"
ALIKE = ("/", "/vault/swept-root-aws2/", f"{PATH}deeper/", "/vault/swept--root-aws/", "/other/")
"""Where users lie who are called like those of the engine and are somebody else's."""


@dataclass
class Swept:
    """A stack whose Vault has lost leases, and a shell with the rights of the shipped files."""

    stack: Stack
    environment: dict[str, str]
    live: set[str]
    lost: set[str]

    def command(self, *options: str) -> list[str]:
        named = ("--stack", self.stack.name, "--rate", "1000", "--older-than", "0s")
        return ["vaultaws", "sweep", *named, *options]

    def sweep(
        self, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options),
            cwd=self.stack.folder,
            env=dict(environment or self.environment),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def swept(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """Two leases live; then twenty are issued that a Vault from a snapshot does not know."""
    iam = administrator(world)
    iam.create_group(GroupName=GROUP)
    stack = Stack(world, tmp_path_factory.mktemp("swept") / "stack", "swept", ROOT)
    roles = {"my-role": USER | {"groups": [GROUP], "tags": {"team": "a"}}, "kept-role": USER}
    engine = {"account": "main", "audience": "vault-aws-secrets", "roles": roles}
    stack.create(settings(aws=engine))
    stack.up()
    for _ in range(2):
        read_lease(world, "aws/creds/kept-role")
    live = _users(world)

    processes.stop(world.home, ["vault"])
    snapshot = world.home.root / "snapshot"
    shutil.copytree(world.home.vault, snapshot)
    start(world.home.root)
    for _ in range(LOST):
        read_lease(world, "aws/creds/my-role")
    lost = _users(world) - live
    _kill_vault(world)
    shutil.rmtree(world.home.vault)
    shutil.move(snapshot, world.home.vault)
    start(world.home.root)

    # The oldest, who are deleted first, so that it is known how many are left after a kill.
    first, *others = sorted(
        (user for user in iam.list_users(PathPrefix=PATH)["Users"] if user["UserName"] in lost),
        key=lambda user: (user["CreateDate"], user["UserName"]),
    )
    keep_user(iam, first["UserName"])
    for user in others[:2]:
        iam.create_login_profile(UserName=user["UserName"], Password="false-password-1")
    return Swept(stack, _least(world), live, lost)


def _least(world: Laboratory) -> dict[str, str]:
    """Return a shell that has the rights of the two shipped files, and no others."""
    iam, vault = administrator(world), world.vault()
    document = (ROOT / "policies/aws/sweep.json").read_text("utf-8").replace("dev-", "swept-")
    iam.create_user(UserName="sweeper")
    iam.put_user_policy(UserName="sweeper", PolicyName="sweep", PolicyDocument=document)
    key = iam.create_access_key(UserName="sweeper")["AccessKey"]
    rules = (ROOT / "policies/vault/sweep.hcl").read_text("utf-8")
    vault.sys.create_or_update_policy("sweep", rules)
    token = vault.auth.token.create(policies=["sweep"], no_default_policy=True)
    return {
        **world.environment,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "VAULT_TOKEN": token["auth"]["client_token"],
    }


def _kill_vault(world: Laboratory) -> None:
    process = processes.running(world.home, "vault")
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    eventually("Vault is killed", lambda: processes.running(world.home, "vault") is None)


def _users(world: Laboratory, path: str = PATH) -> set[str]:
    listed = administrator(world).list_users(PathPrefix=path)["Users"]
    return {user["UserName"] for user in listed if user["Path"] == path}


def _killed_at(swept: Swept, write: str) -> None:
    """Sweep, and kill it before AWS gets one write."""
    faults = Faults(swept.stack.laboratory.home)
    faults.set(Fault(kind="hold", write=write))
    sweeping = subprocess.Popen(
        swept.command("--delete"),
        cwd=swept.stack.folder,
        env=swept.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(f"{write} is held", lambda: faults.writes("held"))
    finally:
        sweeping.kill()
        sweeping.wait()
        switches.store(swept.stack.laboratory.home, Switches())


def _names(users: Iterable[Mapping[str, Any]]) -> set[str]:
    return {user["user"] for user in users}


def test_exactly_the_users_of_lost_leases_go_whenever_the_sweep_is_killed(swept: Swept) -> None:
    world = swept.stack.laboratory
    iam = administrator(world)
    for number, path in enumerate(ALIKE):
        iam.create_user(UserName=f"vault-root-my-role-Alike00{number}", Path=path)
    everybody = {user["UserName"] for user in iam.list_users()["Users"]}
    assert len(swept.lost) == LOST

    dry = swept.sweep("--json")
    assert dry.returncode == 1
    assert "20 user(s) are left behind: --delete deletes them" in dry.stderr
    found = json.loads(dry.stdout)["users"]
    left = [user for user in found if user["verdict"] == "left"]
    live = [user for user in found if user["verdict"] == "live"]
    assert (_names(left), _names(live)) == (swept.lost, swept.live)
    assert len(found) == len(left) + len(live)
    assert all(user["leases"] for user in live)
    assert {user["tags"]["team"] for user in left} == {"a"}
    assert {user["UserName"] for user in iam.list_users()["Users"]} == everybody

    _killed_at(swept, "iam.amazonaws.com DeactivateMFADevice")
    _killed_at(swept, "iam.amazonaws.com DeleteUser (7)")
    assert len(_users(world) & swept.lost) == LOST - 6
    ended = swept.sweep("--delete")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "deleted" in ended.stdout
    assert {user["UserName"] for user in iam.list_users()["Users"]} == everybody - swept.lost
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.get_group(GroupName=GROUP)["Users"] == []
    again = swept.sweep("--delete")
    assert again.returncode == 0
    assert again.stdout == "IAM users: 2 live\n"


def test_of_a_vault_that_lost_everything_users_go_only_if_that_is_said(swept: Swept) -> None:
    world = swept.stack.laboratory
    _kill_vault(world)
    silent = swept.sweep("--delete")
    assert silent.returncode == 1
    assert "does not answer, so nobody knows which users are live" in silent.stderr

    shutil.rmtree(world.home.vault)
    start(world.home.root)
    outside = {name: world.environment[name] for name in ("HOME", "PATH")}
    anew = entered(world.home, outside)
    doubted = swept.sweep("--delete", environment=anew)
    assert doubted.returncode == 1
    assert "of 2 user(s) nobody knows whether they are live" in doubted.stderr
    assert "that the stack made: it has lost its storage" in doubted.stderr
    assert _users(world) == swept.live

    processes.stop(world.home, ["vault"])
    gone = entered(world.home, outside, without_vault=True)
    ended = swept.sweep("--delete", "--without-vault", environment=gone)
    assert ended.returncode == 0, ended.stderr
    assert _users(world) == set()
    assert _users(world, "/") >= {"vault-root-my-role-Alike000", "sweeper"}
