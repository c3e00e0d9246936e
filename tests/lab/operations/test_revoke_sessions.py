"""``vaultaws revoke-sessions``: live sessions stop, new ones work, and the block goes again."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest
from botocore.exceptions import ClientError

from federation import knowledge
from federation.knowledge import access, limits
from lab import switches
from lab.switches import Switches
from tests.committed import USER
from tests.lab.conftest import ROOT
from tests.lab.leases import read_lease
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

NAME = "glass"
ENGINE = "arn:aws:iam::123456789012:role/vault-secret-glass-root-aws"
TARGET = "arn:aws:iam::123456789012:role/vault-target-glass-deploy"
POLICY = "AWSRevokeOlderSessions"
DENIED = "with an explicit deny in an identity-based policy"


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """One engine, whose users are made and whose target role is assumed."""
    made = Stack(world, tmp_path_factory.mktemp("stack"), NAME, ROOT)
    deploy = {"credentialType": "assumed_role", "targetRoles": ["deploy"]}
    engine = {"account": "main", "audience": "a", "roles": {"my-role": USER, "deploy": deploy}}
    target = {"account": "main", "policy": "policies/aws/list-roles-and-users.json"}
    targets = {"deploy": target | {"trustedBy": ["aws"]}}
    made.create(settings(aws=engine) | {"targetRoles": targets})
    made.up()
    return made


@pytest.fixture
def laboratory(stack: Stack) -> Iterator[Laboratory]:
    """The laboratory of the stack, with AWS's clock right afterwards."""
    yield stack.laboratory
    switches.store(stack.laboratory.home, Switches())


def _typed(
    stack: Stack, *arguments: str, check: bool = True, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        ["vaultaws", "revoke-sessions", *arguments, "--stack", NAME, "--yes"],
        cwd=stack.folder,
        env={**stack.laboratory.environment, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or finished.returncode == 0, finished.stdout + finished.stderr
    return finished


def _refused(lease: Any) -> str:  # noqa: ANN401 - a lease of tests.lab.leases
    with pytest.raises(ClientError) as refused:
        lease.client("iam").list_users()
    return str(refused.value)


def test_live_sessions_of_a_target_role_stop_and_new_ones_work(
    stack: Stack, laboratory: Laboratory
) -> None:
    old = read_lease(laboratory, "aws/creds/deploy")
    user = read_lease(laboratory, "aws/creds/my-role")
    assert old.client("iam").list_users()["Users"]
    _typed(stack, "deploy")
    said = _refused(old)
    assert DENIED in said
    assert [each.rule for each in knowledge.explain(said)] == [access.BLOCKED]
    assert read_lease(laboratory, "aws/creds/deploy").client("iam").list_users()["Users"]
    assert user.user()
    _typed(stack, TARGET, "--undo")
    assert old.client("iam").list_users()["Users"]
    user.revoke()


def test_the_session_of_an_engine_stops_though_vault_does_not_answer(
    stack: Stack, laboratory: Laboratory
) -> None:
    before = len(laboratory.decisions())
    user = read_lease(laboratory, "aws/creds/my-role")
    (session,) = {each["principal"] for each in _users_made(laboratory, before)}
    failed = _typed(stack, "aws", check=False, env={"VAULT_TOKEN": "wrong"})
    assert failed.returncode == 1
    assert "is VAULT_TOKEN set, still valid" in failed.stderr
    assert "The sessions are blocked, and the secrets engine aws may still use one" in failed.stderr
    assert "Traceback" not in failed.stderr
    with pytest.raises(hvac.exceptions.VaultError, match=DENIED):
        laboratory.vault().read("aws/creds/my-role")
    assert _users_made(laboratory, before)[-1]["principal"] == session

    done = json.loads(_typed(stack, "aws", "--json").stdout)
    assert done["role"] == ENGINE
    before = len(laboratory.decisions())
    other = read_lease(laboratory, "aws/creds/my-role")
    (made,) = _users_made(laboratory, before)
    assert made["outcome"] == "allowed"
    assert made["principal"] != session
    assert [left["command"] for left in done["not_ended"][:2]] == [
        "vaultaws revoke aws my-role",
        f"vaultaws revoke-sessions {TARGET} --stack {NAME}",
    ]
    # What has a key of its own goes on, and the engine still can end it.
    assert user.user()
    for lease in (user, other):
        lease.revoke()
    _typed(stack, "aws", "--undo")


def _users_made(laboratory: Laboratory, since: int) -> list[dict[str, Any]]:
    asked = laboratory.decisions()[since:]
    return [each for each in asked if each["action"] == "iam:CreateUser"]


def test_it_goes_by_the_clock_of_aws_and_not_by_that_of_this_machine(
    stack: Stack, laboratory: Laboratory
) -> None:
    switches.store(laboratory.home, Switches(clock_offset_seconds=120))
    old = read_lease(laboratory, "aws/creds/deploy")
    assert old.client("iam").list_users()["Users"]
    _typed(stack, "deploy")
    assert DENIED in _refused(old)
    assert read_lease(laboratory, "aws/creds/deploy").client("iam").list_users()["Users"]


def test_an_update_leaves_the_block_alone_and_a_destroy_wants_it_gone(
    stack: Stack, laboratory: Laboratory
) -> None:
    _typed(stack, "deploy")
    stack.up("--expect-no-changes")
    listed = administrator(laboratory).list_role_policies(RoleName=TARGET.split("/")[1])
    assert POLICY in listed["PolicyNames"]
    failed = stack.destroy(check=False)
    said = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert limits.ROLE_KEPT in [each.rule for each in knowledge.explain(said)]
    # Most of the stack is gone by now, and what is left still says how to get at the role.
    _typed(stack, "deploy", "--undo")
    stack.destroy()
    assert holdings(laboratory) == {}
