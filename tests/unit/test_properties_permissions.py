"""The compiled policies allow what Vault does for a declared role, and nothing anywhere else.

What Vault calls is written down here from its own behaviour; which permission each call needs, and
whether a policy grants it, the laboratory says, which knows nothing of how policies are compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from hypothesis import assume, given
from hypothesis import strategies as st

from federation.permissions import ACTIONS, inline_policies
from lab.aws.front.actions import AuthorizationNeed, Call, authorization_requests
from lab.aws.judgement.policy import Request, evaluate_identity
from tests.unit import strategies as some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from federation.names import MountNames
    from federation.roles import VaultRole

OPERATIONS = botocore.session.Session().get_service_model("iam").operation_names
actions = st.one_of(
    st.sampled_from(sorted(ACTIONS)), st.sampled_from([f"iam:{name}" for name in OPERATIONS])
)
"""Those that the compiler ever grants, and every one there is."""

FOREIGN_GROUP = "people/others"


@dataclass(frozen=True, kw_only=True)
class World:
    """The account around one IAM user: what the laboratory must look up to name resources."""

    user: str
    path: str
    boundary: str | None
    groups: Mapping[str, str]

    def user_path(self, name: str) -> str | None:
        return self.path if name == self.user else None

    def role_path(self, name: str) -> str | None:
        return "/" if name else None

    def group_path(self, name: str) -> str | None:
        return self.groups.get(name)

    def instance_profile_path(self, name: str) -> str | None:
        return "/" if name else None

    def user_boundary(self, name: str) -> str | None:
        return self.boundary if name == self.user else None

    def role_boundary(self, name: str) -> str | None:
        raise AssertionError(name)

    def access_key_owner(self, access_key_id: str) -> str | None:
        raise AssertionError(access_key_id)

    def tags(self, resource: str) -> Mapping[str, str]:
        return {} if resource else {"": ""}


def _call(service: str, operation: str, **parameters: str | None) -> Call:
    return Call(
        service=service,
        operation=operation,
        parameters={name: value for name, value in parameters.items() if value is not None},
        account=some.ACCOUNT,
        partition="aws",
        caller_arn=f"arn:aws:sts::{some.ACCOUNT}:assumed-role/vault/session",
        caller_user_name=None,
    )


def _issued(role: VaultRole, user: str, path: str) -> Iterator[Call]:
    """Everything Vault calls to issue a lease of an ``iam_user`` role."""
    yield _call("iam", "CreateUser", UserName=user, Path=path, PermissionsBoundary=role.boundary)
    for arn in role.managed_policies:
        yield _call("iam", "AttachUserPolicy", UserName=user, PolicyArn=arn)
    if role.policy:
        yield _call("iam", "PutUserPolicy", UserName=user, PolicyName=user, PolicyDocument="{}")
    for group in role.group_names:
        yield _call("iam", "AddUserToGroup", UserName=user, GroupName=group)
    if role.tags:
        yield _call("iam", "TagUser", UserName=user, **{"Tags.member.1.Key": "team"})
    yield _call("iam", "CreateAccessKey", UserName=user)


def _revoked(role: VaultRole, user: str) -> Iterator[Call]:
    """Everything Vault calls to revoke such a lease, in its order."""
    yield _call("iam", "ListGroupsForUser", UserName=user)
    for group in role.group_names:
        yield _call("iam", "RemoveUserFromGroup", UserName=user, GroupName=group)
    yield _call("iam", "ListUserPolicies", UserName=user)
    yield _call("iam", "DeleteUserPolicy", UserName=user, PolicyName=user)
    yield _call("iam", "ListAttachedUserPolicies", UserName=user)
    yield _call("iam", "DetachUserPolicy", UserName=user, PolicyArn="arn:aws:iam::aws:policy/Any")
    yield _call("iam", "ListAccessKeys", UserName=user)
    yield _call("iam", "DeleteAccessKey", UserName=user, AccessKeyId="any")
    yield _call("iam", "DeleteUser", UserName=user)


def _assumed(role: VaultRole) -> Iterator[Call]:
    """Everything Vault calls to issue a lease of an ``assumed_role`` role."""
    tags = {f"Tags.member.{n}.Key": key for n, key in enumerate(role.session_tags, start=1)}
    for arn in role.role_arns:
        yield _call(
            "sts",
            "AssumeRole",
            RoleArn=arn,
            RoleSessionName="vault-x",
            ExternalId=role.external_id,
            **tags,
        )


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A mount, its roles, and the policies compiled from them."""

    names: MountNames
    roles: tuple[VaultRole, ...]

    @cached_property
    def policies(self) -> list[tuple[str, dict[str, Any]]]:
        """What is written for the role, by name."""
        return [*inline_policies(self.names, self.roles).items()]

    def allows(self, need: AuthorizationNeed) -> bool:
        """Ask the laboratory's evaluator."""
        request = Request(
            action=need.action,
            resource=need.resource,
            context=need.context,
            principal=self.names.role_arn,
            principal_account=some.ACCOUNT,
        )
        return evaluate_identity(request, self.policies).allowed

    def refused(self, calls: Iterator[Call], world: World) -> set[str]:
        """Return the actions that the calls need and do not get."""
        needs = [need for call in calls for need in authorization_requests(call, world)]
        return {f"{need.action} on {need.resource}" for need in needs if not self.allows(need)}


engines = st.builds(Engine, names=some.mounts, roles=some.vault_roles.map(tuple))


def _user_of(role: VaultRole, display_name: str, random: str) -> str:
    return f"vault-{display_name}-{role.name}-{random}"


def _world(role: VaultRole, user: str, path: str) -> World:
    groups = {name: f"/{path}/" if path else "/" for path, _, name in map(_split, role.groups)}
    return World(user=user, path=path, boundary=role.boundary, groups=groups)


def _split(group: str) -> tuple[str, str, str]:
    return group.rpartition("/")


def _users(engine: Engine) -> list[VaultRole]:
    return [role for role in engine.roles if role.credential_type == "iam_user"]


@given(engine=engines, display_name=some.display_names, random=some.randoms)
def test_everything_that_a_declared_role_needs_is_allowed(
    engine: Engine, display_name: str, random: str
) -> None:
    for role in _users(engine):
        user = _user_of(role, display_name, random)
        world = _world(role, user, engine.names.iam_path)
        assert engine.refused(_issued(role, user, world.path), world) == set()
        assert engine.refused(_revoked(role, user), world) == set()
    for role in engine.roles:
        world = _world(role, "", "/")
        assert engine.refused(_assumed(role), world) == set()


@given(engine=engines, display_name=some.display_names, random=some.randoms)
def test_leases_can_be_revoked_whatever_roles_are_still_declared(
    engine: Engine, display_name: str, random: str
) -> None:
    bare = Engine(names=engine.names, roles=())
    for role in _users(engine):
        user = _user_of(role, display_name, random)
        world = _world(role, user, engine.names.iam_path)
        left = bare.refused(_revoked(role, user), world)
        assert all(need.startswith("iam:RemoveUserFromGroup") for need in left)


@given(
    engine=engines,
    action=actions,
    path=st.one_of(
        some.mounts.map(lambda names: names.iam_path),
        st.sampled_from(["/", "/vault/", "/vault-other/", "/people/"]),
    ),
    random=some.randoms,
)
def test_no_user_outside_the_path_can_be_made_changed_or_deleted(
    engine: Engine, action: str, path: str, random: str
) -> None:
    assume(path != engine.names.iam_path)
    assume(action != "iam:ListGroupsForUser")  # changes nothing, and must find out who is gone
    for role in _users(engine):
        arn = f"arn:aws:iam::{some.ACCOUNT}:user{path}{_user_of(role, 'token', random)}"
        need = AuthorizationNeed(action=action, resource=arn, context=_everything(role))
        assert not engine.allows(need)


@given(
    engine=engines,
    path=st.one_of(some.mounts.map(lambda names: names.iam_path), st.just("/people/")),
    random=some.randoms,
)
def test_the_groups_of_users_below_another_path_cannot_be_listed(
    engine: Engine, path: str, random: str
) -> None:
    assume(path != engine.names.iam_path)
    for role in _users(engine):
        arn = f"arn:aws:iam::{some.ACCOUNT}:user{path}{_user_of(role, 'token', random)}"
        need = AuthorizationNeed(
            action="iam:ListGroupsForUser", resource=arn, context=_everything(role)
        )
        assert not engine.allows(need)


@given(engine=engines, action=actions, role=st.one_of(some.iam_users, some.assumed_roles))
def test_nothing_but_users_and_declared_groups_and_targets_is_touched(
    engine: Engine, action: str, role: VaultRole
) -> None:
    groups = {engine.names.group_arn(group) for it in engine.roles for group in it.groups}
    targets = {arn for it in engine.roles for arn in it.role_arns}
    others = {
        engine.names.role_arn,
        f"arn:aws:iam::{some.ACCOUNT}:role{engine.names.iam_path}vault-a",
        f"arn:aws:iam::{some.ACCOUNT}:policy{engine.names.iam_path}vault-a",
        f"arn:aws:iam::{some.ACCOUNT}:group{engine.names.iam_path}vault-a",
        f"arn:aws:iam::{some.ACCOUNT}:oidc-provider/vault.example.com",
        f"arn:aws:iam::{some.ACCOUNT}:root",
        engine.names.group_arn(FOREIGN_GROUP),
        "*",
        *({*map(engine.names.group_arn, role.groups)} - groups),
        *({*role.role_arns} - targets),
    }
    for resource in others:
        need = AuthorizationNeed(action=action, resource=resource, context=_everything(role))
        assert not engine.allows(need), resource
    for resource in groups:
        need = AuthorizationNeed(action=action, resource=resource, context={})
        assert engine.allows(need) <= (action in {"iam:AddUserToGroup", "iam:RemoveUserFromGroup"})


@given(names=some.mounts, role=some.iam_users, random=some.randoms)
def test_no_user_is_made_without_its_boundary_or_with_other_policies(
    names: MountNames, role: VaultRole, random: str
) -> None:
    engine = Engine(names=names, roles=(role,))
    user = _user_of(role, "token", random)
    arn = f"arn:aws:iam::{some.ACCOUNT}:user{names.iam_path}{user}"
    other = f"arn:aws:iam::{some.ACCOUNT}:policy/other"
    if role.boundary:
        for action in ("CreateUser", "PutUserPolicy", "AttachUserPolicy"):
            for boundary in ({}, {"iam:PermissionsBoundary": other}):
                context = _context(_policy(role) | boundary)
                need = AuthorizationNeed(action=f"iam:{action}", resource=arn, context=context)
                assert not engine.allows(need), need
    context = _everything(role) | {"iam:PolicyARN": (other,)}
    attach = AuthorizationNeed(action="iam:AttachUserPolicy", resource=arn, context=context)
    assert not engine.allows(attach)
    for action in ("PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary", "UpdateUser"):
        need = AuthorizationNeed(action=f"iam:{action}", resource=arn, context=_everything(role))
        assert not engine.allows(need), need


@given(names=some.mounts, role=some.assumed_roles)
def test_no_target_is_assumed_without_its_external_id(names: MountNames, role: VaultRole) -> None:
    engine = Engine(names=names, roles=(role,))
    for arn in role.role_arns:
        for context in ({}, {"sts:ExternalId": ("other",)}):
            need = AuthorizationNeed(action="sts:AssumeRole", resource=arn, context=context)
            assert engine.allows(need) is (role.external_id is None)


def _policy(role: VaultRole) -> dict[str, str]:
    return {"iam:PolicyARN": role.managed_policies[0]} if role.managed_policies else {}


def _everything(role: VaultRole) -> dict[str, tuple[str, ...]]:
    """Return a context that satisfies every condition of the role."""
    return _context(
        {
            "iam:PermissionsBoundary": role.boundary,
            "sts:ExternalId": role.external_id,
            **_policy(role),
        }
    )


def _context(values: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    return {key: (value,) for key, value in values.items() if value}
