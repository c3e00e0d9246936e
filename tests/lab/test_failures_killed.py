"""The engine killed between a create and its record, where the name is taken afterwards."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from operations import recover
from tests.lab.conftest import ROOT, Laboratory
from tests.lab.faults import ENGINE_LOST, SERVER_LOST, Breaker, held
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
    name="aws-workload-role",
    what=f"the IAM role {ROLE}",
)
IDENTITY_PROVIDER = Taken(
    write=f"iam.amazonaws.com CreateOpenIDConnectProvider {ISSUER}",
    name="123456789012/root-oidc",
    what=f"the identity provider {PROVIDER}",
)


@pytest.fixture(scope="module")
def plain(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - JSON
    """What the clouds hold when nobody is killed."""
    stack = Stack(world, tmp_path_factory.mktemp("plain"), "dev", ROOT)
    stack.create(settings())
    stack.up()
    found = held(world)
    stack.destroy()
    return found


@pytest.fixture
def breaker(world: Laboratory, plain: object, tmp_path: Path) -> Iterator[Breaker]:
    stack = Stack(world, tmp_path / "stack", "dev", ROOT)
    stack.create(settings())
    made = Breaker(stack)
    made.faults.watch()
    yield made
    made.faults.watch()
    stack.destroy()
    assert holdings(world) == {}


@pytest.mark.parametrize("taken", [MOUNT, IAM_ROLE, IDENTITY_PROVIDER], ids=lambda it: it.name)
def test_what_a_killed_engine_made_is_named_imported_and_used(
    breaker: Breaker, plain: object, taken: Taken
) -> None:
    breaker.run("up", ENGINE_LOST, taken.write)
    said = breaker.recover().stdout
    assert "processes of an engine that is gone, and which are ended now:" in said
    assert "locked the stack dev at" in said
    assert f"  creating {taken.name}\n" in said
    assert f"{taken.what} exists and is not in the state of the stack dev: it is imported" in said
    assert breaker.recover().stdout == ""
    breaker.stack.up()
    breaker.stack.expect_no_changes()
    assert held(breaker.laboratory) == plain


def test_what_was_made_while_the_answer_got_lost_is_imported(
    breaker: Breaker, plain: object
) -> None:
    breaker.run("up", SERVER_LOST, IAM_ROLE.write)
    said = breaker.recover().stdout
    assert f"{IAM_ROLE.what} exists and is not in the state of the stack dev" in said
    breaker.stack.up()
    assert held(breaker.laboratory) == plain


def test_what_may_be_somebody_elses_is_named_with_its_import_line_and_left_alone(
    breaker: Breaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    iam = administrator(breaker.laboratory)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    try:
        assert breaker.stack.up(check=False).returncode != 0
        assert _recover(breaker, monkeypatch) == 1
        said = capsys.readouterr().err
        assert f"the IAM role {ROLE} may be somebody else's: it does not carry this stack's" in said
        assert f"\n  pulumi import aws:iam/role:Role aws-workload-role {ROLE} --parent" in said
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


def _recover(breaker: Breaker, monkeypatch: pytest.MonkeyPatch, stack: str = "dev") -> int:
    monkeypatch.chdir(breaker.stack.folder)
    for name, value in breaker.laboratory.environment.items():
        monkeypatch.setenv(name, value)
    return recover.main(["--stack", stack])
