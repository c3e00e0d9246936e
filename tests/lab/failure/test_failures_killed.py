"""The engine killed between a create and its record, where the name is taken afterwards."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from operations import cli
from operations.recovery import dead_engine
from tests.lab.conftest import ROOT, Laboratory
from tests.lab.faults import ENGINE_KILLED, ENGINE_LOST, SERVER_LOST, Breaker
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from operations.recovery.dead_engine import Orphan

DEADLINE_SECONDS = 20
ISSUER = "https://vault.lab.test/v1/identity/oidc/plugins"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/vault.lab.test/v1/identity/oidc/plugins"
ROLE = "vault-secret-dev-root-aws"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A create whose name is taken once it was made."""

    write: str
    name: str
    """Of the resource, in the program."""
    what: str


MOUNT = Taken(
    write="vault.lab.test POST /v1/sys/mounts/aws", name="aws-mount", what="the mount aws/ in Vault"
)
IAM_ROLE = Taken(
    write=f"iam.amazonaws.com CreateRole {ROLE}",
    name="aws-workload",
    what=f"the IAM role {ROLE}",
)
IDENTITY_PROVIDER = Taken(
    write=f"iam.amazonaws.com CreateOpenIDConnectProvider {ISSUER}",
    name="123456789012/root-oidc",
    what=f"the identity provider {PROVIDER}",
)


@pytest.fixture(scope="module")
def breaker(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Breaker]:
    stack = Stack(world, tmp_path_factory.mktemp("killed"), "dev", ROOT)
    stack.create(settings())
    made = Breaker(stack)
    made.faults.watch()
    yield made
    stack.destroy()
    assert holdings(world) == {}


def test_what_was_made_without_a_record_is_named_and_imported_once(breaker: Breaker) -> None:
    """That all of it converges, at every other write as well, is for ``test_failures_midway``."""
    for taken in (IDENTITY_PROVIDER, MOUNT):
        assert breaker.run("up", ENGINE_LOST, taken.write)
        said = breaker.recover().stdout
        assert "locked the stack dev at" in said
        assert f"  creating {taken.name}\n" in said
        assert _imports(taken) in said
        assert breaker.recover().stdout == ""
    assert breaker.run("up", SERVER_LOST, IAM_ROLE.write)
    said = breaker.recover().stdout
    assert "locked the stack" not in said
    assert _imports(IAM_ROLE) in said


def test_a_killed_engine_leaves_no_process_and_what_it_did_not_make_is_not_imported(
    breaker: Breaker,
) -> None:
    # So that nothing else is under way: Vault would go on with it after its client was killed.
    breaker.stack.up()
    administrator(breaker.laboratory).delete_open_id_connect_provider(
        OpenIDConnectProviderArn=PROVIDER
    )
    breaker.run("up", ENGINE_KILLED, IDENTITY_PROVIDER.write)
    # The plugin ends with its engine, and its write with it; of Pulumi's own processes not all.
    _await(lambda: breaker.faults.writes("withdrawn") == [IDENTITY_PROVIDER.write])
    _await(lambda: not any("pulumi-resource-aws" in each.command for each in _orphans(breaker)))
    left = [each for each in _orphans(breaker) if "pulumi.dynamic" in each.command]
    assert left
    said = breaker.recover().stdout
    assert "processes of an engine that is gone, and which are ended now:" in said
    assert all(f"  {each.pid}  {each.command}\n" in said for each in left)
    assert _orphans(breaker) == []
    assert f"  creating {IDENTITY_PROVIDER.name}\n" in said
    assert "is imported" not in said
    assert "providers" not in holdings(breaker.laboratory)


def test_what_may_be_somebody_elses_is_named_with_its_import_line_and_left_alone(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breaker.stack.destroy()
    iam = administrator(breaker.laboratory)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    try:
        assert breaker.stack.up(check=False).returncode != 0
        assert _recover(breaker, monkeypatch) == 1
        said = capsys.readouterr().err
        assert f"the IAM role {ROLE} may be somebody else's: it does not carry this stack's" in said
        assert f"\n  pulumi import aws:iam/role:Role aws-workload {ROLE} --parent" in said
        assert iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"] == TRUST
    finally:
        iam.delete_role(RoleName=ROLE)


def test_the_lock_of_a_living_engine_is_respected(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = breaker.laboratory.home.pulumi_state / ".pulumi/locks/organization"
    lock = folder / "vault-aws-federation" / "dev" / "1.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    living = {"pid": os.getpid(), "username": "me", "hostname": os.uname().nodename}
    lock.write_text(json.dumps(living | {"timestamp": "2999-01-01T00:00:00Z"}), "utf-8")
    try:
        assert _recover(breaker, monkeypatch) == 1
        assert f"is being changed by process {os.getpid()} on" in capsys.readouterr().err
        assert lock.exists()
    finally:
        lock.unlink()


def test_a_state_with_torn_attributes_can_be_read_again(breaker: Breaker) -> None:
    stacks = breaker.laboratory.home.pulumi_state / ".pulumi" / "stacks"
    torn = stacks / "vault-aws-federation" / "dev.json.attrs"
    assert torn.exists()
    torn.write_bytes(b"")
    assert "EOF" in breaker.stack.up(check=False).stderr
    assert f"{torn} was written in part" in breaker.recover().stdout
    breaker.stack.pulumi("stack", "export")


def test_a_stack_that_is_not_there_yet_has_nothing_to_recover(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _recover(breaker, monkeypatch, "never-made") == 0
    assert capsys.readouterr() == ("", "")


def _imports(taken: Taken) -> str:
    return f"{taken.what} exists and is not in the state of the stack dev: it is imported"


def _orphans(breaker: Breaker) -> list[Orphan]:
    backend = breaker.laboratory.environment["PULUMI_BACKEND_URL"]
    return dead_engine.orphans(breaker.stack.folder, backend)


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _recover(breaker: Breaker, monkeypatch: pytest.MonkeyPatch, stack: str = "dev") -> int:
    monkeypatch.chdir(breaker.stack.folder)
    for name, value in breaker.laboratory.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["vaultaws", "recover", "--stack", stack])
    try:
        return cli.main()
    except SystemExit as ended:  # which is how a command ends that has done its work
        return int(ended.code or 0)
