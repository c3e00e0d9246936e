"""No mount reaches what is another's: every pair of mounts of a stack in two accounts."""

from __future__ import annotations

import json
from contextlib import contextmanager
from itertools import permutations
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hvac.exceptions import InvalidRequest

from lab.accounts import ADMINISTRATOR, plan
from tests.lab.conftest import ROOT
from tests.lab.several import ENGINES, several
from tests.lab.stacks import Stack, administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iam import IAMClient

    from tests.lab.conftest import Laboratory

PAIRS = list(permutations(ENGINES, 2))
TRIED = {
    "GetUser": {},
    "ListAccessKeys": {},
    "CreateAccessKey": {},
    "ListUserPolicies": {},
    "ListAttachedUserPolicies": {},
    "ListGroupsForUser": {},
    "DeleteUserPolicy": {"PolicyName": "any"},
    "PutUserPolicy": {
        "PolicyName": "any",
        "PolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
    },
    "AttachUserPolicy": {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    "DetachUserPolicy": {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    "AddUserToGroup": {"GroupName": "any"},
    "RemoveUserFromGroup": {"GroupName": "any"},
    "DeleteUser": {},
}
"""What can be done to a user: everything that any policy of a mount allows, and what an intruder
would want besides. The access key to delete or to change is the user's own, known at run time."""


@pytest.fixture(scope="module")
def many(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, deployed."""
    stack = Stack(world, tmp_path_factory.mktemp("isolation") / "many", "many", ROOT)
    stack.create(several())
    stack.up()
    yield stack
    stack.destroy()


@pytest.fixture(scope="module")
def summaries(many: Stack) -> dict[str, Any]:
    """What each engine's outputs say."""
    found: dict[str, Any] = many.outputs()["secrets_engines"]
    return found


@pytest.fixture(scope="module")
def users(many: Stack, world: Laboratory) -> dict[str, str]:
    """A user of each engine, by name."""
    issued = {}
    for engine, account in ENGINES.items():
        world.vault().read(f"{engine}/creds/my-role")
        path = f"/vault/many-root-{engine}/"
        (user,) = administrator(world, account).list_users(PathPrefix=path)["Users"]
        issued[engine] = user["UserName"]
    return issued


@contextmanager
def impersonating(world: Laboratory, thief: str, changes: dict[str, str]) -> Iterator[None]:
    """Run a block while one mount's configuration names what is another's."""
    vault = world.vault()
    held = vault.read(f"{thief}/config/root")["data"]
    own = {key: held[key] for key in ("identity_token_audience", "role_arn", "region")}
    vault.write_data(f"{thief}/config/root", data={**own, **changes})
    try:
        yield
    finally:
        vault.write_data(f"{thief}/config/root", data=own)


def refused_exchange(world: Laboratory, thief: str) -> dict[str, Any]:
    """Let a mount mint a token and exchange it; return why AWS refused."""
    since = len(world.decisions())
    with pytest.raises(InvalidRequest, match="NoCredentialProviders"):
        world.vault().read(f"{thief}/creds/my-role")
    exchanges = [
        entry
        for entry in world.decisions()[since:]
        if entry["action"] == "sts:AssumeRoleWithWebIdentity"
    ]
    assert exchanges
    assert {entry["outcome"] for entry in exchanges} == {"refused"}
    return exchanges[-1]


@pytest.mark.parametrize(("thief", "victim"), PAIRS)
def test_a_token_of_one_mount_never_obtains_the_role_of_another(
    world: Laboratory, summaries: dict[str, Any], thief: str, victim: str
) -> None:
    role = {"role_arn": summaries[victim]["role_arn"]}
    with impersonating(world, thief, role):
        refusal = refused_exchange(world, thief)
        assert refusal["resource"] == role["role_arn"]
        if ENGINES[thief] == ENGINES[victim]:
            assert (refusal["error"], ":aud" in refusal["rule"]) == ("AccessDenied", True)
        else:  # where the audience is not even registered
            assert refusal["error"] == "InvalidIdentityToken"
    everything = {**role, "identity_token_audience": summaries[victim]["audience"]}
    with impersonating(world, thief, everything):
        refusal = refused_exchange(world, thief)
        assert (refusal["error"], ":sub" in refusal["rule"]) == ("AccessDenied", True)


@contextmanager
def session(world: Laboratory, engine: str) -> Iterator[IAMClient]:
    """Give a session of a mount's role, whose permissions are those that Vault's sessions have.

    Vault hands none out, so the account's administrator joins the trust policy for this while.
    """
    account = ENGINES[engine]
    iam, name = administrator(world, account), f"vault-secret-many-root-{engine}"
    trust: Any = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    joined = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{plan(account).id}:user/{ADMINISTRATOR}"},
    }
    opened = {**trust, "Statement": [*trust["Statement"], joined]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        owner = next(entry for entry in world.accounts() if entry["name"] == account)
        key = {
            "aws_access_key_id": owner["access_key_id"],
            "aws_secret_access_key": owner["secret_access_key"],
        }
        sts: Any = _client(world, "sts", **key)
        arn = f"arn:aws:iam::{plan(account).id}:role/{name}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName="like-vaults")["Credentials"]
        yield _client(
            world,
            "iam",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def _client(world: Laboratory, service: str, **credentials: str) -> Any:  # noqa: ANN401 - boto3 makes clients as it goes
    clients: Any = boto3
    return clients.client(
        service,
        region_name="us-east-1",
        verify=world.environment["AWS_CA_BUNDLE"],
        config=Config(proxies={"https": world.environment["HTTPS_PROXY"]}),
        **credentials,
    )


def refusals(iam: Any, user: str, key: str) -> dict[str, str]:  # noqa: ANN401 - boto3 makes clients as it goes
    """Try everything on a user; return AWS's code by operation, empty where it was done."""
    own_key = {
        "DeleteAccessKey": {"AccessKeyId": key},
        "UpdateAccessKey": {"AccessKeyId": key, "Status": "Inactive"},
    }
    codes = {}
    for operation, arguments in {**own_key, **TRIED}.items():
        try:
            iam._make_api_call(operation, {"UserName": user, **arguments})
            codes[operation] = ""
        except ClientError as error:
            codes[operation] = error.response["Error"]["Code"]
    return codes


def condition(iam: IAMClient, user: str) -> dict[str, Any]:
    """Return what there is to change about a user."""
    return {
        "user": iam.get_user(UserName=user)["User"],
        "keys": iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
        "inline": iam.list_user_policies(UserName=user)["PolicyNames"],
        "attached": iam.list_attached_user_policies(UserName=user)["AttachedPolicies"],
    }


@pytest.mark.parametrize("thief", ENGINES)
def test_a_session_of_one_mount_can_touch_no_user_of_another(
    world: Laboratory, users: dict[str, str], thief: str
) -> None:
    victims = {engine: user for engine, user in users.items() if engine != thief}
    before = {
        engine: condition(administrator(world, ENGINES[engine]), user)
        for engine, user in victims.items()
    }
    with session(world, thief) as iam:
        assert iam.list_access_keys(UserName=users[thief])["AccessKeyMetadata"]
        for engine, user in victims.items():
            key = before[engine]["keys"][0]["AccessKeyId"]
            codes = refusals(iam, user, key)
            elsewhere = ENGINES[engine] != ENGINES[thief]
            # The one thing a mount may ask of its account about users who are not there.
            asked = codes.pop("ListGroupsForUser")
            assert asked == ("NoSuchEntity" if elsewhere else "AccessDenied")
            assert set(codes.values()) == {"AccessDenied"}, codes
    after = {
        engine: condition(administrator(world, ENGINES[engine]), user)
        for engine, user in victims.items()
    }
    assert after == before


def test_everything_a_mount_may_do_to_users_is_among_what_is_tried(
    many: Stack, world: Laboratory
) -> None:
    allowed: set[str] = set()
    for engine, account in ENGINES.items():
        iam, name = administrator(world, account), f"vault-secret-many-root-{engine}"
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                actions = statement["Action"]
                allowed |= {actions} if isinstance(actions, str) else set(actions)
    tried = {f"iam:{name}" for name in (*TRIED, "DeleteAccessKey", "UpdateAccessKey")}
    assert allowed - {"iam:CreateUser"} <= tried
