"""Destroying, and removing by an update, while credentials live and are asked for."""

from __future__ import annotations

import json
import re
import shlex
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest

from lab import processes, switches
from lab.switches import Fault, Switches
from tests.committed import USER
from tests.lab.conftest import ROOT, lab_command, start
from tests.lab.leases import Lease, keep_user, read_lease
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

AWAITED_SECONDS = 60
IMPATIENT = {"LEASE_REVOCATION_SECONDS": "2"}
REPEAT = "then repeat the `pulumi destroy` or `pulumi up` that failed"
UNFEDERATED = {"identity_token_audience": "", "role_arn": ""}
WITHOUT_GUARDS = """
import runpy
import pulumi
import components.federated as federation
import components.secrets_engine as engines
from components.dynamic.federation import EngineArgs

class NoGuard(pulumi.ComponentResource):
    def __init__(self, name, _args, opts=None):
        super().__init__("test:index:NoGuard", name, None, opts)

engines.LeaseGuard = NoGuard
federation.EngineArgs = lambda iam_path, **others: EngineArgs(iam_path=None, **others)
runpy.run_path({program!r})
"""


class Client(threading.Thread):
    """Asks for credentials of one Vault role until it is told to stop."""

    def __init__(self, laboratory: Laboratory, path: str) -> None:
        super().__init__(daemon=True)
        self.issued = self.refused = 0
        self._vault, self._path = laboratory.vault(), path
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            if self._is_given():
                self.issued += 1
            else:
                self.refused += 1
                self._stopping.wait(0.05)

    def _is_given(self) -> bool:
        try:
            return self._vault.read(self._path) is not None
        except hvac.exceptions.VaultError:
            return False

    @contextmanager
    def asking(self) -> Iterator[Client]:
        self.start()
        try:
            _await("the first credentials", lambda: self.issued > 0)
            yield self
        finally:
            self._stopping.set()
            self.join()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Laboratory]:
    """A laboratory for each test: what one leaves behind must not mislead the next."""
    home = tmp_path / "world"
    try:
        yield start(home)
    finally:
        lab_command("down", home)


def _stack(world: Laboratory, folder: Path, values: Settings) -> Stack:
    stack = Stack(world, folder / "stack", "alive", ROOT)
    stack.create(values)
    stack.up()
    return stack


def _engine(**roles: Settings) -> Settings:
    declared = {name.replace("_", "-"): role for name, role in roles.items()}
    return {"account": "main", "audience": "vault-aws-secrets", "roles": declared}


def _forget_sessions(world: Laboratory) -> None:
    """Restart Vault, which keeps its sessions at AWS in memory."""
    processes.stop(world.home, ["vault"])
    lab_command("up", world.home.root)


def _switch(world: Laboratory, **values: Any) -> None:  # noqa: ANN401 - as many types as switches
    switches.store(world.home, replace(Switches(), **values))


def _await(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AWAITED_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def _users(world: Laboratory) -> list[str]:
    iam = administrator(world)
    return [user["UserName"] for user in iam.list_users(PathPrefix="/vault/")["Users"]]


def _delete_users(world: Laboratory) -> None:
    iam = administrator(world)
    for name in _users(world):
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy)
        iam.delete_user(UserName=name)


def _keep_users(world: Laboratory) -> None:
    for user in _users(world):
        keep_user(administrator(world), user)


def test_nothing_is_left_though_leases_live_and_a_client_keeps_asking(
    world: Laboratory, tmp_path: Path
) -> None:
    stack = _stack(world, tmp_path, settings())
    for _ in range(20):
        read_lease(world, "aws/creds/my-role")
    assert len(holdings(world)["users"]) == 20
    _forget_sessions(world)

    with Client(world, "aws/creds/my-role").asking() as client:
        stack.destroy()
    assert client.refused
    assert holdings(world) == {}


def test_a_request_under_way_is_waited_for(world: Laboratory, tmp_path: Path) -> None:
    stack = _stack(world, tmp_path, settings())
    _switch(world, fault=Fault(kind="hold", write="iam.amazonaws.com CreateUser"))
    _forget_sessions(world)
    issued: list[Lease] = []
    asking = threading.Thread(target=lambda: issued.append(read_lease(world, "aws/creds/my-role")))
    asking.start()
    _await("the held write", lambda: world.home.writes.exists() and _held(world))

    destroying = stack.spawn("destroy", "--yes", "--skip-preview")
    printed = []
    with destroying:
        assert destroying.stdout
        for line in destroying.stdout:
            printed.append(line)
            if "waiting for 1 request(s)" in line:
                _switch(world)
    _switch(world)  # whatever was printed, so that the client ends
    asking.join()
    assert destroying.returncode == 0, "".join(printed)
    assert issued
    assert holdings(world) == {}


def _held(world: Laboratory) -> bool:
    lines = world.home.writes.read_text("utf-8").splitlines()
    return any(json.loads(line)["fate"] == "held" for line in lines)


def test_a_user_whose_making_was_interrupted_is_not_left_without_its_role(
    world: Laboratory, tmp_path: Path
) -> None:
    stack = _stack(world, tmp_path, settings())
    _switch(world, fault=Fault(kind="refuse", write="iam.amazonaws.com PutUserPolicy my-role"))
    _forget_sessions(world)
    with pytest.raises(hvac.exceptions.VaultError):
        read_lease(world, "aws/creds/my-role")
    _switch(world)
    (user,) = _users(world)

    refused = stack.destroy(check=False)
    assert refused.returncode != 0
    assert user in refused.stdout
    assert "repeat `pulumi destroy`" in refused.stdout
    assert list(holdings(world)["roles"]) == ["vault-secret-alive-root-aws"]

    _delete_users(world)
    stack.destroy()
    assert holdings(world) == {}


def test_what_an_update_removes_takes_its_users_along_and_no_others(
    world: Laboratory, tmp_path: Path
) -> None:
    iam = administrator(world)
    for group in ("readers", "writers"):
        iam.create_group(GroupName=group)
    grouped = USER | {"groups": ["readers", "writers"]}
    other = _engine(other=USER) | {"audience": "other"}
    stack = _stack(world, tmp_path, settings(aws=_engine(grouped=grouped, plain=USER), other=other))
    paths = ("aws/creds/grouped", "aws/creds/plain", "other/creds/other")
    held = {path: read_lease(world, path) for path in paths}
    arns = {path: issued.user() for path, issued in held.items()}

    def update(values: Settings, gone: str) -> None:
        stack.configure(values)
        stack.up()
        del held[gone]
        assert {path: issued.user() for path, issued in held.items()} == {
            path: arns[path] for path in held
        }
        assert holdings(world)["users"] == {arns[path] for path in held}

    one_group = USER | {"groups": ["readers"]}
    update(settings(aws=_engine(grouped=one_group, plain=USER), other=other), "aws/creds/grouped")
    held["aws/creds/grouped"] = read_lease(world, "aws/creds/grouped")
    arns["aws/creds/grouped"] = held["aws/creds/grouped"].user()
    update(settings(aws=_engine(grouped=one_group), other=other), "aws/creds/plain")
    _forget_sessions(world)
    update(settings(other=other), "aws/creds/grouped")
    stack.expect_no_changes()

    stack.destroy()
    assert holdings(world) == {}


def test_without_guards_the_same_destroy_gets_stuck(world: Laboratory, tmp_path: Path) -> None:
    stack = Stack(world, tmp_path / "stack", "alive", ROOT)
    program = stack.folder / "__main__.py"
    program.unlink()
    program.write_text(WITHOUT_GUARDS.format(program=str(ROOT / "__main__.py")), "utf-8")
    stack.create(settings())
    stack.up()
    read_lease(world, "aws/creds/my-role")

    for _ in range(2):
        stuck = stack.destroy(check=False)
        assert stuck.returncode != 0
        assert "failed to revoke" in stuck.stdout
        assert len(_users(world)) == 1
        assert administrator(world).list_roles()["Roles"] == [], "Vault's only identity went first"

    world.vault().write("sys/leases/revoke-force/aws")
    stack.destroy()
    assert set(holdings(world)) == {"users"}


@pytest.mark.parametrize(
    ("reason", "told"),
    [("AWS is away", "No such event: Vault does not reach AWS STS"), ("a permission is gone", "")],
)
def test_a_lease_that_cannot_be_revoked_stops_the_destroy(
    world: Laboratory, tmp_path: Path, reason: str, told: str
) -> None:
    stack = _stack(world, tmp_path, settings())
    issued = read_lease(world, "aws/creds/my-role")
    _forget_sessions(world)
    seen = len(world.decisions())
    role = "vault-secret-alive-root-aws"
    if reason == "AWS is away":
        # For Vault alone: the person who destroys asks the STS of a region.
        _switch(world, unreachable=("sts.amazonaws.com",))
    else:
        administrator(world).delete_role_policy(RoleName=role, PolicyName="revoke")

    stopped = stack.pulumi("destroy", "--yes", "--skip-preview", check=False, env=IMPATIENT)
    said = " ".join(stopped.stdout.split())
    assert stopped.returncode != 0
    assert f"the first is {issued.id}" in said
    assert told in said
    assert REPEAT in said
    assert issued.user()
    left = holdings(world)
    assert list(left["roles"]) == [role]
    assert left["providers"]
    assert list(left["mounts"]) == ["aws/"]

    if reason == "AWS is away":
        _switch(world)
    else:
        stack.up()
        _keep_users(world)
        stopped = stack.pulumi("destroy", "--yes", "--skip-preview", check=False, env=IMPATIENT)
        said = " ".join(stopped.stdout.split())
        assert "DeleteConflict: Cannot delete entity, must delete login profile first." in said
        assert REPEAT in said
        (user,) = _users(world)
        commands = set(re.findall(rf"IAM user {user} has [^`]+: `([^`]+)`", said))
        assert len(commands) == 5
        for line in commands:
            world.run(*shlex.split(line))
    stack.destroy()
    assert holdings(world) == {}
    federated = {
        entry["outcome"]
        for entry in world.decisions()[seen:]
        if entry["action"] == "sts:AssumeRoleWithWebIdentity"
    }
    assert federated == {"allowed"}, "Vault had no session, so it got one to revoke"


def test_a_configuration_written_by_somebody_else_is_mended_and_no_lease_ends(
    world: Laboratory, tmp_path: Path
) -> None:
    stack = _stack(world, tmp_path, settings())
    issued = read_lease(world, "aws/creds/my-role")
    declared = holdings(world)
    vault = world.vault()

    vault.write_data("aws/config/root", data={"max_retries": -1})
    assert stack.changes() == {"aws-mount": "update", "aws-federation": "update"}
    stack.up()
    assert holdings(world) == declared
    vault.write_data("aws/config/root", data=UNFEDERATED)
    stack.up()
    assert holdings(world) == declared
    stack.expect_no_changes()

    vault.write_data("aws/config/root", data=UNFEDERATED)
    stopped = stack.destroy(check=False)
    said = " ".join(stopped.stdout.split())
    assert stopped.returncode != 0
    assert "aws/config/root has no identity_token_audience" in said
    assert "`vault write aws/config/root identity_token_audience=... role_arn=...`" in said
    assert REPEAT in said
    assert issued.user()

    known = stack.outputs()["secrets_engines"]["aws"]
    federation = {
        "identity_token_audience": known["audience"],
        "role_arn": known["role_arn"],
    }
    vault.write_data("aws/config/root", data=federation)
    stack.destroy()
    assert holdings(world) == {}
