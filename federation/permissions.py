"""Compiles the least inline policies of a mount's IAM role from the declared Vault roles.

Two kinds, because an update reaches AWS before the deletions that follow from it: what revocation
needs must never shrink by an update, while what issuing needs comes and goes with each Vault role.

Every action has a resource: all of them support resource-level permissions (Service
Authorization Reference, "Actions, resources, and condition keys for AWS Identity and Access
Management" and "... for AWS Security Token Service").
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from federation.logins import LoginRole, StsRole
from federation.names import MountNames
from federation.roles import VaultRole
from federation.statements import Document, allow, allow_assuming, document

_USERS: Final = "Vault, AWS secrets engine, Example IAM policy for Vault"
_ASSUMED: Final = "Vault, AWS secrets engine, STS AssumeRole"
_RESOLVED: Final = "Vault, AWS auth method, Recommended Vault IAM policy"

ACTIONS: Final[Mapping[str, str]] = {
    "iam:AddUserToGroup": f"{_USERS}; authorised on the group (Service Authorization Reference)",
    "iam:AttachUserPolicy": _USERS,
    "iam:CreateAccessKey": _USERS,
    "iam:CreateUser": _USERS,
    "iam:DeleteAccessKey": _USERS,
    "iam:DeleteUser": _USERS,
    "iam:DeleteUserPolicy": _USERS,
    "iam:DetachUserPolicy": _USERS,
    "iam:GetRole": _RESOLVED,
    "iam:GetUser": f"{_RESOLVED}; the secrets engine never calls it",
    "iam:ListAccessKeys": _USERS,
    "iam:ListAttachedUserPolicies": _USERS,
    "iam:ListGroupsForUser": _USERS,
    "iam:ListUserPolicies": _USERS,
    "iam:PutUserPolicy": _USERS,
    "iam:RemoveUserFromGroup": f"{_USERS}; authorised on the group "
    "(Service Authorization Reference)",
    "iam:TagUser": "Vault, AWS secrets engine (API), Create/update role, iam_tags: "
    "Vault calls IAM's TagUser after CreateUser",
    "sts:AssumeRole": f"{_ASSUMED}; Vault, AWS auth method, Cross account access",
    "sts:TagSession": "IAM User Guide, Pass session tags in AWS STS, "
    "Permissions required to add session tags",
}
"""Each action the compiled policies may hold, and the documentation section that asks for it.

``iam:GetUser`` of Vault's example for the secrets engine is left out there: neither issuing nor
revoking calls it. Of the one for the auth method, what is for EC2 instances is left out, and what
rotates the method's own key, for it has none.
"""

_LIST_ACTIONS = (
    "iam:ListAccessKeys",
    "iam:ListAttachedUserPolicies",
    "iam:ListUserPolicies",
)
_DELETE_ACTIONS = (
    "iam:DeleteAccessKey",
    "iam:DeleteUser",
    "iam:DeleteUserPolicy",
    "iam:DetachUserPolicy",
)


def revoke_policy(names: MountNames, former: Sequence[str] = ()) -> Document:
    """Grant what revoking any lease of the mount needs, whatever Vault roles are declared.

    Args:
        names: Names of the mount.
        former: Users of leases from before the mount was federated, each as path and name pattern.
            They may be deleted; nothing makes one.

    Vault lists a user's groups, policies and keys before it deletes them, even when there are
    none. Independent of the declared roles, so that no update can take it from a live lease.

    By the list of groups, which it asks for first, Vault notices a user who is gone already
    (deleted by hand, or the answer to its own DeleteUser was lost), and takes the lease as revoked.
    Who does not exist has no IAM path to be covered by: without the second pattern AWS says
    AccessDenied instead of NoSuchEntity, for ever (met by others with users of a broker:
    cloud-gov/terraform-provision, pull request 1923).
    """
    kept = ["/vault-*", *sorted(former)]
    gone = [names.user_arn(f"/{pattern.rpartition('/')[2]}") for pattern in kept]
    there = [names.any_user_arn, *map(names.user_arn, kept[1:])]
    users = there if former else names.any_user_arn
    return document(
        [
            allow("ListGroups", ("iam:ListGroupsForUser",), list(dict.fromkeys([*there, *gone]))),
            allow("ListWhatUsersHave", _LIST_ACTIONS, users),
            allow("DeleteUsers", _DELETE_ACTIONS, users),
        ]
    )


def revoke_group_policy(names: MountNames, group: str) -> Document:
    """Grant taking users out of one group, given as ``[path/]name``.

    A policy of its own per group: an update cannot shrink it, only a deletion removes it. The
    lease guard of a Vault role must depend on the policies of the role's groups *and* be replaced
    when those groups change; then the leases are gone before the right to end them is.
    """
    statement = allow("LeaveGroup", ("iam:RemoveUserFromGroup",), names.group_arn(group))
    return document([statement])


def issue_policy(names: MountNames, role: VaultRole) -> Document:
    """Grant what issuing credentials of one Vault role needs, and no more.

    The pattern of user names narrows what one Vault role may touch to its own users, save where
    one role's name ends with another's (``deploy`` and ``app-deploy``); all of them stay on the
    mount's IAM path.
    """
    return document(role.issuing(names))


def inline_policies(
    names: MountNames, roles: Iterable[VaultRole], former: Sequence[str] = ()
) -> dict[str, Document]:
    """Compile every inline policy of the mount's IAM role, by policy name, in a fixed order.

    Args:
        names: Names of the mount.
        roles: The declared Vault roles.
        former: See :func:`revoke_policy`.
    """
    ordered = sorted(roles, key=lambda role: role.name)
    groups = sorted({group for role in ordered for group in role.groups})
    return (
        {names.revoke_policy: revoke_policy(names, former)}
        | {names.revoke_group_policy(group): revoke_group_policy(names, group) for group in groups}
        | {names.issue_policy(role.name): issue_policy(names, role) for role in ordered}
    )


def needed_by(names: MountNames, role: VaultRole) -> list[str]:
    """Return the names of the inline policies that end what one Vault role hands out, or begin it.

    While they are there, what is under way is finished, and what was handed out can be ended.
    """
    groups = [names.revoke_group_policy(group) for group in sorted(role.groups)]
    return [names.revoke_policy, *groups, names.issue_policy(role.name)]


def resolve_policy(role: LoginRole, account_id: str) -> Document | None:
    """Grant looking up the principals of one Vault role that are in the mount's own account.

    Vault asks for the unique id of an exact principal when the Vault role is written, and for the
    ARN of whoever logs in where the principal is a wildcard. None if there is nobody to look up.
    """
    own = [principal for principal in role.principals if principal.account == account_id]
    statements = [
        allow(sid, (action,), sorted(found))
        for sid, action, kind in (
            ("LookUpRoles", "iam:GetRole", "role"),
            ("LookUpUsers", "iam:GetUser", "user"),
        )
        if (found := {principal.arn for principal in own if principal.kind == kind})
    ]
    return document(statements) if statements else None


def other_account_policy(sts_role: StsRole) -> Document:
    """Grant assuming the role that looks up the principals of another account."""
    return document([allow_assuming([sts_role.arn], sts_role.external_id)])


def login_policies(
    names: MountNames, roles: Iterable[LoginRole], sts_roles: Iterable[StsRole]
) -> dict[str, Document]:
    """Compile every inline policy of an auth method's IAM role, by policy name, in a fixed order.

    What Vault asks about itself, GetCallerIdentity, needs no permission (STS API Reference).
    """
    resolving = {
        names.resolve_policy(role.name): resolve_policy(role, names.account_id)
        for role in sorted(roles, key=lambda role: role.name)
    }
    return {name: policy for name, policy in resolving.items() if policy} | {
        names.other_account_policy(sts_role.account): other_account_policy(sts_role)
        for sts_role in sorted(sts_roles, key=lambda sts_role: sts_role.account)
    }
