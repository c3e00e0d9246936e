"""No mount reaches what is another's: every pair of mounts of a stack in two accounts.

Secrets engines and auth methods alike, one of each at the same path.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hvac.exceptions import InvalidRequest

from federation.permissions import ACTIONS
from lab.accounts import ADMINISTRATOR, plan
from tests.lab.conftest import ROOT
from tests.lab.several import ENGINES, several
from tests.lab.stacks import Stack, administrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iam import IAMClient

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount of the stack, and how its Vault configuration is reached."""

    kind: str
    key: str
    account: str

    @property
    def role(self) -> str:
        """Name of its IAM role."""
        return f"vault-{self.kind}-many-root-{self.key}"

    @property
    def path(self) -> str:
        """Where Vault keeps whom it is at AWS."""
        if self.kind == "auth":
            return f"auth/{self.key}/config/client"
        return f"{self.key}/config/root"

    def __str__(self) -> str:
        return f"{self.kind}-{self.key}"


METHODS = {"aws": "main", "logins": "data"}
"""The account of each auth method; the first is at the path of an engine."""
MOUNTS = [
    *(Mount(kind="secret", key=key, account=account) for key, account in ENGINES.items()),
    *(Mount(kind="auth", key=key, account=account) for key, account in METHODS.items()),
]
PAIRS = list(permutations(MOUNTS, 2))
MAIN = plan("main").id
BOUNDARY = f"arn:aws:iam::{MAIN}:policy/boundary"
DECLARED_GROUP, OTHER_GROUP = "readers", "writers"
"""Both are in the account ``main``, and a Vault role of the engine ``aws`` names the first."""
PERSON = "alice"
"""A user of the account ``main`` who is none of Vault's."""
TRIED: dict[str, dict[str, Any]] = {
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
    "AddUserToGroup": {"GroupName": OTHER_GROUP},
    "RemoveUserFromGroup": {"GroupName": OTHER_GROUP},
    "TagUser": {"Tags": [{"Key": "Team", "Value": "engineering"}]},
    "UntagUser": {"TagKeys": ["Team"]},
    "ListUserTags": {},
    "PutUserPermissionsBoundary": {"PermissionsBoundary": BOUNDARY},
    "DeleteUserPermissionsBoundary": {},
    "UpdateUser": {"NewPath": "/taken/"},
    "CreateLoginProfile": {"Password": "not-a-secret-1"},
    "DeleteUser": {},
}
"""What can be done to a user: everything that any policy of a mount allows, and what an intruder
would want besides. The access key to delete or to change is the user's own, known at run time."""


def declared() -> Settings:
    """Return settings with every right over users that a stack can give, and with auth methods."""
    values = several()
    roles = values["secretsEngines"]["aws"]["roles"]
    roles["my-role"] = {
        **roles["my-role"],
        "managedPolicies": ["arn:aws:iam::aws:policy/IAMReadOnlyAccess"],
        "groups": [f"team/{DECLARED_GROUP}"],
        "tags": {"Team": "engineering"},
        "boundary": BOUNDARY,
    }
    values["authMethods"] = {
        key: {"account": account, "audience": f"vault-{key}-logins"}
        for key, account in METHODS.items()
    }
    return values


def surroundings(world: Laboratory) -> None:
    """Make what the stack refers to, and somebody in the account whom Vault did not make."""
    iam = administrator(world)
    allow = {"Effect": "Allow", "Action": ["iam:GetUser"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.create_policy(PolicyName="boundary", PolicyDocument=document)
    for group in (DECLARED_GROUP, OTHER_GROUP):
        iam.create_group(GroupName=group, Path="/team/")
    iam.create_user(UserName=PERSON, Path="/people/")


@pytest.fixture(scope="module")
def many(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, deployed."""
    surroundings(world)
    stack = Stack(world, tmp_path_factory.mktemp("isolation") / "many", "many", ROOT)
    stack.create(declared())
    stack.up()
    yield stack
    stack.destroy()


@pytest.fixture(scope="module")
def summaries(many: Stack) -> dict[Mount, Any]:
    """What each mount's outputs say."""
    outputs = many.outputs()
    sections = {"secret": outputs["secrets_engines"], "auth": outputs["auth_methods"]}
    return {mount: sections[mount.kind][mount.key] for mount in MOUNTS}


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
def impersonating(world: Laboratory, thief: Mount, changes: dict[str, str]) -> Iterator[None]:
    """Run a block while one mount's configuration names what is another's."""
    vault = world.vault()
    held = vault.read(thief.path)["data"]
    kept = {"auth": ("endpoint",), "secret": ("region", "username_template")}[thief.kind]
    own = {key: held[key] for key in ("identity_token_audience", "role_arn", *kept)}
    vault.write_data(thief.path, data={**own, **changes})
    try:
        yield
    finally:
        vault.write_data(thief.path, data=own)


def use(world: Laboratory, mount: Mount) -> None:
    """Do something for which a mount needs AWS."""
    vault = world.vault()
    if mount.kind == "secret":
        lease = vault.read(f"{mount.key}/creds/my-role")["lease_id"]
        vault.write_data("sys/leases/revoke", data={"lease_id": lease, "sync": True})
        return
    role = f"auth/{mount.key}/role/probe"
    principal = f"arn:aws:iam::{plan(mount.account).id}:role/{mount.role}"
    values = {"auth_type": "iam", "bound_iam_principal_arn": [principal]}
    try:
        vault.write_data(role, data=values)
    finally:
        vault.delete(role)


def exchanges(world: Laboratory, since: int) -> list[dict[str, Any]]:
    """Return what AWS decided about tokens."""
    return [
        entry
        for entry in world.decisions()[since:]
        if entry["action"] == "sts:AssumeRoleWithWebIdentity"
    ]


def refused_exchange(world: Laboratory, thief: Mount) -> dict[str, Any]:
    """Let a mount mint a token and exchange it; return why AWS refused."""
    since = len(world.decisions())
    with pytest.raises(InvalidRequest, match=r"NoCredentialProviders|unable to resolve ARN"):
        use(world, thief)
    found = exchanges(world, since)
    assert found
    assert {entry["outcome"] for entry in found} == {"refused"}
    return found[-1]


@pytest.mark.parametrize(("thief", "victim"), PAIRS, ids=str)
def test_a_token_of_one_mount_never_obtains_the_role_of_another(
    world: Laboratory, summaries: dict[Mount, Any], thief: Mount, victim: Mount
) -> None:
    """With its role alone, and with its audience too, which Vault puts into any token."""
    role = {"role_arn": summaries[victim]["role_arn"]}
    prefix = summaries[victim]["issuer"].removeprefix("https://")
    with impersonating(world, thief, role):
        refusal = refused_exchange(world, thief)
        assert refusal["resource"] == role["role_arn"]
        if thief.account == victim.account:
            assert (refusal["error"], f"{prefix}:aud" in refusal["rule"]) == ("AccessDenied", True)
        else:
            assert refusal["error"] == "InvalidIdentityToken"
            assert refusal["rule"] == (
                f"audience: {summaries[thief]['audience']} is not registered with "
                f"arn:aws:iam::{plan(victim.account).id}:oidc-provider/{prefix}"
            )
    everything = {**role, "identity_token_audience": summaries[victim]["audience"]}
    with impersonating(world, thief, everything):
        refusal = refused_exchange(world, thief)
        assert refusal["resource"] == role["role_arn"]
        assert refusal["error"] == "AccessDenied"
        assert refusal["rule"].endswith(f"requires StringEquals on {prefix}:sub)")


@pytest.mark.parametrize("mount", MOUNTS, ids=str)
def test_each_mount_still_obtains_its_own_role(
    world: Laboratory, summaries: dict[Mount, Any], mount: Mount
) -> None:
    """Otherwise a mount would be refused for what an impersonation has left behind."""
    with impersonating(world, mount, {"role_arn": "arn:aws:iam::123456789012:role/nobodys"}):
        refused_exchange(world, mount)
    since = len(world.decisions())
    if mount.kind == "auth":
        with pytest.raises(InvalidRequest, match="not authorized to perform: iam:GetRole"):
            use(world, mount)
    else:
        use(world, mount)
    assert {(entry["resource"], entry["outcome"]) for entry in exchanges(world, since)} == {
        (summaries[mount]["role_arn"], "allowed")
    }


@contextmanager
def session(world: Laboratory, mount: Mount) -> Iterator[IAMClient]:
    """Give a session of a mount's role, whose permissions are those that Vault's sessions have.

    Vault hands none out, so the account's administrator joins the trust policy for this while.
    """
    account, name = mount.account, mount.role
    iam = administrator(world, account)
    trust: Any = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    joined = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{plan(account).id}:user/{ADMINISTRATOR}"},
    }
    opened = {**trust, "Statement": [*trust["Statement"], joined]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        owner = world.account(account)
        sts = world.aws("sts", owner["access_key_id"], owner["secret_access_key"])
        arn = f"arn:aws:iam::{plan(account).id}:role/{name}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName="like-vaults")["Credentials"]
        keys = (given[key] for key in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        yield world.aws("iam", *keys)
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


def refusals(iam: Any, user: str, key: str) -> dict[str, str]:  # noqa: ANN401 - boto3 makes clients as it goes
    """Try everything on a user; return AWS's code by operation, empty where it was done."""
    own_key = {
        "DeleteAccessKey": {"AccessKeyId": key},
        "UpdateAccessKey": {"AccessKeyId": key, "Status": "Inactive"},
    }
    codes = {}
    for operation, arguments in {**own_key, **TRIED}.items():
        codes[operation] = _code(iam, operation, {"UserName": user, **arguments})
    return codes


def _code(iam: Any, operation: str, arguments: dict[str, Any]) -> str:  # noqa: ANN401 - boto3 makes clients as it goes
    try:
        iam._make_api_call(operation, arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def condition(iam: IAMClient, user: str) -> dict[str, Any]:
    """Return what there is to change about a user."""
    return {
        "user": iam.get_user(UserName=user)["User"],
        "keys": iam.list_access_keys(UserName=user)["AccessKeyMetadata"],
        "inline": iam.list_user_policies(UserName=user)["PolicyNames"],
        "attached": iam.list_attached_user_policies(UserName=user)["AttachedPolicies"],
        "groups": iam.list_groups_for_user(UserName=user)["Groups"],
    }


@pytest.mark.parametrize("thief", MOUNTS, ids=str)
def test_a_session_of_one_mount_can_touch_no_user_of_another(
    world: Laboratory, users: dict[str, str], thief: Mount
) -> None:
    own = users[thief.key] if thief.kind == "secret" else None
    victims = {user: ENGINES[engine] for engine, user in users.items() if user != own}
    victims[PERSON] = "main"
    before = {
        user: condition(administrator(world, account), user) for user, account in victims.items()
    }
    with session(world, thief) as iam:
        if own:
            assert iam.list_access_keys(UserName=own)["AccessKeyMetadata"]
        for user, account in victims.items():
            keys = before[user]["keys"]
            codes = refusals(iam, user, keys[0]["AccessKeyId"] if keys else "AKIA" + 16 * "0")
            # The one thing an engine may ask of its account about users who are not there, if only
            # they are named like its own.
            engines = user != PERSON and thief.kind == "secret"
            elsewhere = engines and account != thief.account
            asked = codes.pop("ListGroupsForUser")
            assert asked == ("NoSuchEntity" if elsewhere else "AccessDenied")
            assert set(codes.values()) == {"AccessDenied"}, codes
            with pytest.raises(ClientError, match="AccessDenied"):
                iam.create_user(UserName="vault-a-my-role-b", Path=before[user]["user"]["Path"])
    after = {
        user: condition(administrator(world, account), user) for user, account in victims.items()
    }
    assert after == before


GROUP_ACTIONS = ("AddUserToGroup", "RemoveUserFromGroup")


@pytest.mark.parametrize("thief", MOUNTS, ids=str)
def test_the_declared_group_alone_is_open_to_its_engine_for_any_user_of_the_account(
    world: Laboratory, users: dict[str, str], thief: Mount
) -> None:
    """The exception that no policy can prevent.

    IAM authorises both actions on the group and on nothing of the user (Service Authorization
    Reference), so who may put one user into a group may put everybody there.
    """
    admin = administrator(world)
    declares = (thief.kind, thief.key) == ("secret", "aws")
    with session(world, thief) as iam:
        for user in (users["beside"], PERSON):
            for group, opened in ((DECLARED_GROUP, declares), (OTHER_GROUP, False)):
                for operation in GROUP_ACTIONS:
                    code = _code(iam, operation, {"UserName": user, "GroupName": group})
                    assert code == ("" if opened else "AccessDenied")
                    held = [each["GroupName"] for each in _groups(admin, user)]
                    added = opened and operation == "AddUserToGroup"
                    assert held == ([group] if added else [])


def _groups(iam: IAMClient, user: str) -> Any:  # noqa: ANN401 - boto3 makes clients as it goes
    return iam.list_groups_for_user(UserName=user)["Groups"]


def test_everything_a_mount_may_do_to_users_is_among_what_is_tried(
    many: Stack, world: Laboratory
) -> None:
    allowed: set[str] = set()
    for mount in MOUNTS:
        iam = administrator(world, mount.account)
        for policy in iam.list_role_policies(RoleName=mount.role)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=mount.role, PolicyName=policy)
            for statement in document["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                allowed |= {actions} if isinstance(actions, str) else set(actions)
    tried = {f"iam:{name}" for name in (*TRIED, "CreateUser", "DeleteAccessKey", "UpdateAccessKey")}
    assert allowed <= tried
    # So that the stack of this file is one with every right over users that there is.
    about_users = {action for action in ACTIONS if "User" in action or "AccessKey" in action}
    assert about_users - {"iam:GetUser"} <= allowed
