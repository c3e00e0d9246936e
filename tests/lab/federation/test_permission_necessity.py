"""Each action of each compiled inline policy is needed, and none is missing.

The policies are those of the deployed IAM roles. One action at a time is taken away from one of
them, at AWS; then what the declared Vault roles are for is done, and it must fail because AWS
refuses that very action to that very mount: Vault fails for many another reason too.
"""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest

from federation import permissions
from tests.lab import full
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

REFUSED = (
    hvac.exceptions.InvalidRequest,
    hvac.exceptions.Forbidden,
    hvac.exceptions.InternalServerError,
    hvac.exceptions.UnexpectedError,
)
# What the stack of `full` compiles to, listed so that each action is a test by name; the first test
# compares it with what was deployed.
EXPECTED = {
    (full.ENGINE_ROLE, "revoke"): (
        "iam:DeleteAccessKey",
        "iam:DeleteUser",
        "iam:DeleteUserPolicy",
        "iam:DetachUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListUserPolicies",
    ),
    (full.ENGINE_ROLE, "revoke-group-readers"): ("iam:RemoveUserFromGroup",),
    (full.ENGINE_ROLE, "issue-user"): (
        "iam:AddUserToGroup",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateUser",
        "iam:PutUserPolicy",
        "iam:TagUser",
    ),
    (full.ENGINE_ROLE, "issue-session"): ("sts:AssumeRole", "sts:TagSession"),
    (full.METHOD_ROLE, "resolve-app"): ("iam:GetRole", "iam:GetUser"),
    (full.METHOD_ROLE, f"account-{full.DATA}"): ("sts:AssumeRole",),
}
CASES = [(role, policy, action) for (role, policy), held in EXPECTED.items() for action in held]


@pytest.fixture(scope="module")
def clouds(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A laboratory with the stack deployed."""
    full.deploy(world, tmp_path_factory.mktemp("full"))
    return world


def _deployed(laboratory: Laboratory) -> dict[tuple[str, str], dict[str, Any]]:
    iam = administrator(laboratory)
    read: Any = iam.get_role_policy  # its types leave open whether the document is text
    return {
        (role, name): read(RoleName=role, PolicyName=name)["PolicyDocument"]
        for role in (full.ENGINE_ROLE, full.METHOD_ROLE)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    }


def _operations(laboratory: Laboratory) -> None:
    """Do all that the declared Vault roles are for; raise whatever Vault says about a failure."""
    user = full.issue(laboratory, "user")
    assert user.caller()
    user.renew()
    user.revoke()
    assert full.issue(laboratory, "session").caller()
    for principal in full.declared()["authMethods"]["aws"]["roles"]["app"]["boundPrincipals"]:
        full.bind_again(laboratory, principal)


@contextmanager
def _without(laboratory: Laboratory, role: str, policy: str, action: str) -> Iterator[None]:
    """Take one action away from one inline policy for a while."""
    iam = administrator(laboratory)
    whole = _deployed(laboratory)[role, policy]
    rest: dict[str, Any] = copy.deepcopy(whole)
    for statement in rest["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    rest["Statement"] = [statement for statement in rest["Statement"] if statement["Action"]]
    if rest["Statement"]:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(rest))
    else:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(whole))


def test_the_list_of_this_file_is_what_is_deployed(clouds: Laboratory) -> None:
    held = {
        where: tuple(sorted(action for each in document["Statement"] for action in each["Action"]))
        for where, document in _deployed(clouds).items()
    }
    assert held == EXPECTED


def test_every_action_that_can_be_compiled_is_among_them() -> None:
    assert {action for _, _, action in CASES} == set(permissions.ACTIONS)


def test_with_all_of_them_everything_succeeds(clouds: Laboratory) -> None:
    _operations(clouds)


@pytest.mark.parametrize(("role", "policy", "action"), CASES)
def test_without_one_of_them_something_fails(
    clouds: Laboratory, role: str, policy: str, action: str
) -> None:
    with _without(clouds, role, policy, action):
        since = len(clouds.decisions())
        with pytest.raises(REFUSED):
            _operations(clouds)
        # Before it is given back: what Vault tries anew by itself later is none of this case.
        refused = {
            (decision["action"], decision["error"])
            for decision in clouds.decisions()[since:]
            if decision["outcome"] == "refused"
            and decision["principal"].startswith(f"arn:aws:sts::{full.MAIN}:assumed-role/{role}/")
        }
    assert refused == {(action, "AccessDenied")}


def test_the_laboratory_was_sound_to_the_end(clouds: Laboratory) -> None:
    """Otherwise a case may have failed for what an earlier one has broken."""
    _operations(clouds)
