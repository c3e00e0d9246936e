"""What AWS wants to be gone, and how much may be there, before a call changes anything.

Sources: the pages of the IAM API reference named below, and "IAM and AWS STS quotas" (IAM User
Guide). The words of refusals are those that users of AWS report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.aws.front.service_credentials import service_credentials
from lab.aws.front.wire import ApiError
from lab.aws.state.entities import Entities, boundary_arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sized

    from moto.iam.models import IAMBackend, Role, User

    _Parameters = Mapping[str, str]


def own_policies(iam: IAMBackend) -> list[str]:
    """Return the ARNs of the account's own managed policies."""
    return [arn for arn in iam.managed_policies if ":iam::aws:" not in arn]


ACCOUNT_QUOTAS: Mapping[str, tuple[str, int, Callable[[IAMBackend], Sized]]] = {
    "CreateUser": ("UsersPerAccount", 5_000, lambda iam: iam.users),
    "CreateGroup": ("GroupsPerAccount", 300, lambda iam: iam.groups),
    "CreateRole": ("RolesPerAccount", 1_000, lambda iam: iam.roles),
    "CreatePolicy": ("PoliciesPerAccount", 1_500, own_policies),
    "CreateInstanceProfile": (
        "InstanceProfilesPerAccount",
        1_000,
        lambda iam: iam.instance_profiles,
    ),
    "CreateOpenIDConnectProvider": (
        "OpenIdConnectProvidersPerAccount",
        100,
        lambda iam: iam.open_id_providers,
    ),
}
"""Name and default of each quota of an account, and what it counts."""
GROUPS_PER_USER = 10
MFA_DEVICES_PER_USER = 8
SSH_KEYS_PER_USER = 5
SERVICE_CREDENTIALS_PER_USER = 2
"""For each service."""


def check(operation: str, parameters: _Parameters, iam: IAMBackend) -> None:
    """Check one call against what its account holds.

    Raises:
        ApiError: DeleteConflict, LimitExceeded, EntityAlreadyExists or NoSuchEntity.
    """
    if operation in ACCOUNT_QUOTAS:
        name, most, counted = ACCOUNT_QUOTAS[operation]
        require_room(name, most, counted(iam))
    if operation in _CHECKS:
        _CHECKS[operation](parameters, iam)


def require_room(quota: str, most: int, held: Sized) -> None:
    """Refuse one more of what a quota counts.

    Raises:
        ApiError: LimitExceeded, with the quota's name and size.
    """
    if len(held) >= most:
        raise ApiError("LimitExceeded", 409, f"Cannot exceed quota for {quota}: {most}")


def _delete_user(parameters: _Parameters, iam: IAMBackend) -> None:
    """DeleteUser: what moto looks at itself, policies, comes last."""
    user = iam.users.get(parameters["UserName"])
    if user is None:
        return
    held = {
        "must delete access keys first": user.access_keys,
        "must remove users from group first": iam.get_groups_for_user(user.name),
        "must delete login profile first": user.password,
        "must delete MFA device first": user.mfa_devices,
        "must delete certificates first": user.signing_certificates,
        "must remove referenced objects first": [
            *user.ssh_public_keys,
            *service_credentials(user),
        ],
    }
    _refuse_held(held)


def _delete_group(parameters: _Parameters, iam: IAMBackend) -> None:
    group = iam.groups.get(parameters["GroupName"])
    if group is not None:
        held = {
            "must remove users from group first": group.users,
            "must detach all policies first": group.managed_policies,
            "must delete policies first": group.policies,
        }
        _refuse_held(held)


def _delete_policy(parameters: _Parameters, iam: IAMBackend) -> None:
    policy = iam.managed_policies.get(parameters["PolicyArn"])
    if policy is None:
        return
    holders: list[Role | User] = [*iam.roles.values(), *iam.users.values()]
    if policy.attachment_count or policy.arn in [boundary_arn(holder) for holder in holders]:
        raise _conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise _conflict(
            "This policy has more than one version. Before you delete a policy, you must "
            "delete the policy's versions. The default version is deleted with the policy."
        )


def _delete_virtual_device(parameters: _Parameters, iam: IAMBackend) -> None:
    """DeleteVirtualMFADevice: "You must deactivate a user's virtual MFA device" before."""
    serial = parameters["SerialNumber"]
    if any(serial in user.mfa_devices for user in iam.users.values()):
        raise _conflict("MFA VirtualDevice in use. Must deactivate first.")


def _enable_device(parameters: _Parameters, iam: IAMBackend) -> None:
    """EnableMFADevice: AWS knows hardware too, the laboratory what was made in it alone."""
    serial = parameters["SerialNumber"]
    if serial not in iam.virtual_mfa_devices:
        message = f"VirtualMFADevice with serial number {serial} doesn't exist."
        raise ApiError("NoSuchEntity", 404, message)
    if any(serial in user.mfa_devices for user in iam.users.values()):
        raise ApiError("EntityAlreadyExists", 409, "MFADevice is already in use.")
    user = iam.users.get(parameters["UserName"])
    if user is not None:
        require_room("MFADevicesPerUser", MFA_DEVICES_PER_USER, user.mfa_devices)


def _upload_ssh_key(parameters: _Parameters, iam: IAMBackend) -> None:
    user = iam.users.get(parameters["UserName"])
    if user is not None:
        require_room("SSHPublicKeysPerUser", SSH_KEYS_PER_USER, user.ssh_public_keys)


def _create_service_credential(parameters: _Parameters, iam: IAMBackend) -> None:
    user, service = iam.users.get(parameters["UserName"]), parameters["ServiceName"]
    if user is not None:
        held = [each for each in service_credentials(user) if each["ServiceName"] == service]
        require_room("ServiceSpecificCredentialsPerUser", SERVICE_CREDENTIALS_PER_USER, held)


def _add_to_group(parameters: _Parameters, iam: IAMBackend) -> None:
    user = iam.users.get(parameters["UserName"])
    groups = iam.get_groups_for_user(user.name) if user is not None else []
    if parameters["GroupName"] not in [group.name for group in groups]:
        require_room("GroupsPerUser", GROUPS_PER_USER, groups)


def _take_role_out(parameters: _Parameters, iam: IAMBackend) -> None:
    """RemoveRoleFromInstanceProfile: moto fails where the profile does not hold the role."""
    name, profile = parameters["RoleName"], parameters["InstanceProfileName"]
    found = [each for each in iam.instance_profiles.values() if each.name == profile]
    if found and Entities(iam).role(name) and name not in [role.name for role in found[0].roles]:
        raise ApiError("NoSuchEntity", 404, f"Role {name} is not in instance profile {profile}.")


_CHECKS: Mapping[str, Callable[[_Parameters, IAMBackend], None]] = {
    "AddUserToGroup": _add_to_group,
    "CreateServiceSpecificCredential": _create_service_credential,
    "DeleteGroup": _delete_group,
    "DeletePolicy": _delete_policy,
    "DeleteUser": _delete_user,
    "DeleteVirtualMFADevice": _delete_virtual_device,
    "EnableMFADevice": _enable_device,
    "RemoveRoleFromInstanceProfile": _take_role_out,
    "UploadSSHPublicKey": _upload_ssh_key,
}


def _refuse_held(held: Mapping[str, object]) -> None:
    for must, there in held.items():
        if there:
            raise _conflict(f"Cannot delete entity, {must}.")


def _conflict(message: str) -> ApiError:
    return ApiError("DeleteConflict", 409, message)
