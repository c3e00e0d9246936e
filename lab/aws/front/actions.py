"""Which IAM action, on which resource, an AWS operation is authorised as.

Source: the Service Authorization Reference, "Actions, resources, and condition keys for" AWS
Identity and Access Management and AWS Security Token Service; what an API's own page adds is cited
where it is used. Other services are in ``lab.aws.front.resources``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.aws.front import targets
from lab.aws.front.calls import Call, InvalidParameter, Lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.aws.front.targets import Keys, Target

__all__ = [
    "AuthorizationNeed",
    "Call",
    "InvalidParameter",
    "Lookup",
    "UnknownOperation",
    "authorization_requests",
]


class UnknownOperation(ValueError):  # noqa: N818 - what it names is the operation
    """The laboratory does not know how AWS authorises this operation."""


@dataclass(frozen=True, kw_only=True)
class AuthorizationNeed:
    """What must be allowed; ``context`` holds the call's own condition keys only.

    The caller's keys (``aws:username`` and so on) are the front's to add.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class _Need:
    action: str
    target: Target
    keys: tuple[Keys, ...] = ()
    only_with: tuple[str, ...] = ()
    """The need arises only for a call that carries one of these parameters or lists."""


def authorization_requests(call: Call, lookup: Lookup) -> Sequence[AuthorizationNeed]:
    """Return everything that must be allowed; empty where AWS asks for no permission.

    For AssumeRole each need is put to the caller's policies and to the role's trust policy; for
    AssumeRoleWithWebIdentity, which nobody signs, to the trust policy alone.

    Raises:
        UnknownOperation: the operation is not in the table.
        InvalidParameter: a parameter is missing that the resource is named by, among them UserName
            for a caller that is no user and so has no name to fall back on.
    """
    needs = _OPERATIONS.get((call.service, call.operation))
    if needs is None:
        known = sorted(name for service, name in _OPERATIONS if service == call.service)
        raise UnknownOperation(
            f"the laboratory does not know how AWS authorises {call.service}:{call.operation}; "
            f"it knows {', '.join(known) or f'nothing of {call.service}'}"
        )
    return tuple(
        _ask(need, call, lookup)
        for need in needs
        if not need.only_with or any(call.carries(parameter) for parameter in need.only_with)
    )


def _ask(need: _Need, call: Call, lookup: Lookup) -> AuthorizationNeed:
    resource = need.target(call, lookup)
    context = targets.resource_tags(resource, lookup)
    for keys in need.keys:
        context |= keys(call, lookup)
    return AuthorizationNeed(action=need.action, resource=resource, context=context)


_Operations = dict[tuple[str, str], tuple[_Need, ...]]


def _iam(target: Target, operations: str, *keys: Keys) -> _Operations:
    """Authorise each operation as the action of its own name."""
    return {
        ("iam", name): (_Need(action=f"iam:{name}", target=target, keys=keys),)
        for name in operations.split()
    }


def _created(noun: str, target: Target, *keys: Keys) -> _Operations:
    """Authorise a creation; tags in the call need the right to tag as well ("Tagging IAM users").

    The same page stands in the IAM User Guide for each kind of resource that can be tagged.
    """
    create, tag = f"iam:Create{noun}", f"iam:Tag{noun}"
    return {
        ("iam", f"Create{noun}"): (
            _Need(action=create, target=target, keys=(targets.request_tags, *keys)),
            _Need(action=tag, target=target, keys=(targets.request_tags,), only_with=("Tags",)),
        )
    }


def _tagged(noun: str, target: Target) -> _Operations:
    return {
        **_iam(target, f"Tag{noun}", targets.request_tags),
        **_iam(target, f"Untag{noun}", targets.removed_tags),
        **_iam(target, f"List{noun}Tags"),
    }


def _renamed(operation: str, source: Target, destination: Target) -> _Operations:
    """Authorise both names: "appropriate permissions on both the source object and the target"."""
    action = f"iam:{operation}"
    needs = (_Need(action=action, target=source), _Need(action=action, target=destination))
    return {("iam", operation): needs}


_USERS: _Operations = {
    **_created("User", targets.new("user", "UserName"), targets.requested_boundary),
    **_renamed("UpdateUser", targets.user, targets.renamed_user),
    **_iam(
        targets.user,
        "DeleteUser ListGroupsForUser ListUserPolicies GetUserPolicy ListAttachedUserPolicies "
        "UpdateLoginProfile UploadSSHPublicKey UpdateSSHPublicKey DeleteSSHPublicKey "
        "EnableMFADevice CreateServiceSpecificCredential",
    ),
    **_iam(
        targets.user_or_self,
        "GetUser ListAccessKeys CreateAccessKey DeleteAccessKey UpdateAccessKey "
        "GetLoginProfile CreateLoginProfile DeleteLoginProfile ListMFADevices DeactivateMFADevice "
        "ListSigningCertificates UploadSigningCertificate UpdateSigningCertificate "
        "DeleteSigningCertificate ListSSHPublicKeys ListServiceSpecificCredentials "
        "UpdateServiceSpecificCredential DeleteServiceSpecificCredential",
    ),
    **_iam(targets.key_owner, "GetAccessKeyLastUsed"),
    **_iam(targets.user, "PutUserPolicy DeleteUserPolicy", targets.user_boundary),
    **_iam(
        targets.user,
        "AttachUserPolicy DetachUserPolicy",
        targets.user_boundary,
        targets.managed_policy,
    ),
    # The boundary asked for, not the one there is: "only using that same policy" ("Permissions
    # boundaries for IAM entities", section "Delegating responsibility to others").
    **_iam(targets.user, "PutUserPermissionsBoundary", targets.requested_boundary),
    **_iam(targets.user, "DeleteUserPermissionsBoundary", targets.user_boundary),
    **_tagged("User", targets.user),
}
_GROUPS: _Operations = {
    **_iam(targets.new("group", "GroupName"), "CreateGroup"),
    **_renamed("UpdateGroup", targets.group, targets.renamed_group),
    **_iam(
        targets.group,
        "GetGroup DeleteGroup AddUserToGroup RemoveUserFromGroup ListGroupPolicies GetGroupPolicy "
        "PutGroupPolicy DeleteGroupPolicy ListAttachedGroupPolicies",
    ),
    **_iam(targets.group, "AttachGroupPolicy DetachGroupPolicy", targets.managed_policy),
}
_ROLES: _Operations = {
    **_created("Role", targets.new("role", "RoleName"), targets.requested_boundary),
    **_iam(
        targets.role,
        "GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy "
        "ListRolePolicies GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole",
    ),
    **_iam(targets.role, "PutRolePolicy DeleteRolePolicy", targets.role_boundary),
    **_iam(
        targets.role,
        "AttachRolePolicy DetachRolePolicy",
        targets.role_boundary,
        targets.managed_policy,
    ),
    **_iam(targets.role, "PutRolePermissionsBoundary", targets.requested_boundary),
    **_iam(targets.role, "DeleteRolePermissionsBoundary", targets.role_boundary),
    **_tagged("Role", targets.role),
}
_MANAGED_POLICIES: _Operations = {
    **_created("Policy", targets.new("policy", "PolicyName")),
    **_iam(
        targets.given("PolicyArn"),
        "GetPolicy DeletePolicy ListEntitiesForPolicy ListPolicyVersions GetPolicyVersion "
        "CreatePolicyVersion DeletePolicyVersion SetDefaultPolicyVersion",
    ),
    **_tagged("Policy", targets.given("PolicyArn")),
}
_INSTANCE_PROFILES: _Operations = {
    **_created("InstanceProfile", targets.new("instance-profile", "InstanceProfileName")),
    **_iam(
        targets.profile,
        "GetInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile",
    ),
    ("iam", "AddRoleToInstanceProfile"): (
        _Need(action="iam:AddRoleToInstanceProfile", target=targets.profile),
        _Need(action="iam:PassRole", target=targets.role, keys=(targets.passed_to_ec2,)),
    ),
    **_iam(targets.profiles, "ListInstanceProfiles"),
    **_tagged("InstanceProfile", targets.profile),
}
_PROVIDERS: _Operations = {
    **_created("OpenIDConnectProvider", targets.new_provider),
    **_iam(
        targets.given("OpenIDConnectProviderArn"),
        "GetOpenIDConnectProvider DeleteOpenIDConnectProvider AddClientIDToOpenIDConnectProvider "
        "RemoveClientIDFromOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint",
    ),
    **_tagged("OpenIDConnectProvider", targets.given("OpenIDConnectProviderArn")),
}
_MFA_DEVICES: _Operations = {
    ("iam", "CreateVirtualMFADevice"): tuple(
        _Need(
            action=f"iam:{action}",
            target=targets.new("mfa", "VirtualMFADeviceName"),
            keys=(targets.request_tags,),
            only_with=only_with,
        )
        for action, only_with in (("CreateVirtualMFADevice", ()), ("TagMFADevice", ("Tags",)))
    ),
    **_iam(targets.given("SerialNumber"), "DeleteVirtualMFADevice"),
}
_ACCOUNT: _Operations = _iam(
    targets.anything,
    "GetAccountSummary GetAccountPasswordPolicy GetAccountAuthorizationDetails ListAccountAliases "
    "ListUsers ListGroups ListRoles ListPolicies ListOpenIDConnectProviders ListVirtualMFADevices",
) | _iam(targets.given("PolicySourceArn"), "SimulatePrincipalPolicy")
_SESSION_TAGS = ("Tags", "TransitiveTagKeys")
_ASSUME_ROLE_KEYS = (
    targets.parameter("sts:RoleSessionName", "RoleSessionName"),
    targets.parameter("sts:ExternalId", "ExternalId"),
    targets.parameter("sts:SourceIdentity", "SourceIdentity"),
    targets.request_tags,
    targets.transitive_tags,
)
_STS: _Operations = {
    # "No permissions are required to perform this operation" (each API's page).
    ("sts", "GetCallerIdentity"): (),
    ("sts", "GetSessionToken"): (),
    # "Passing session tags in AWS STS": a call with session tags needs sts:TagSession as well, and
    # "Monitor and control actions taken with assumed roles": one with a source identity
    # sts:SetSourceIdentity.
    ("sts", "AssumeRole"): tuple(
        _Need(
            action=f"sts:{action}",
            target=targets.given("RoleArn"),
            keys=_ASSUME_ROLE_KEYS,
            only_with=only_with,
        )
        for action, only_with in (
            ("AssumeRole", ()),
            ("TagSession", _SESSION_TAGS),
            ("SetSourceIdentity", ("SourceIdentity",)),
        )
    ),
    ("sts", "AssumeRoleWithWebIdentity"): (
        _Need(
            action="sts:AssumeRoleWithWebIdentity",
            target=targets.given("RoleArn"),
            keys=(targets.parameter("sts:RoleSessionName", "RoleSessionName"),),
        ),
    ),
    ("sts", "GetFederationToken"): (
        _Need(
            action="sts:GetFederationToken",
            target=targets.federated_user,
            keys=(targets.request_tags,),
        ),
        _Need(
            action="sts:TagSession",
            target=targets.federated_user,
            keys=(targets.request_tags,),
            only_with=_SESSION_TAGS,
        ),
    ),
    ("sts", "GetAccessKeyInfo"): (_Need(action="sts:GetAccessKeyInfo", target=targets.anything),),
    ("sts", "DecodeAuthorizationMessage"): (
        _Need(action="sts:DecodeAuthorizationMessage", target=targets.anything),
    ),
}
_OPERATIONS: _Operations = {
    **_USERS,
    **_GROUPS,
    **_ROLES,
    **_MANAGED_POLICIES,
    **_INSTANCE_PROFILES,
    **_PROVIDERS,
    **_MFA_DEVICES,
    **_ACCOUNT,
    **_STS,
}
