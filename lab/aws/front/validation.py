"""What IAM refuses beyond plain lengths and patterns, where moto would let it pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.aws.front.wire import ApiError, members
from lab.aws.judgement.documents import blank_free_length, check_identity_policy, check_trust_policy
from lab.aws.state.entities import Entities, boundary_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.iam.models import Group, IAMBackend, Role, User

    from lab.aws.state.store import State

# "IAM and AWS STS quotas", IAM User Guide; policies are counted without white space.
INLINE_CHARACTERS = {"Role": 10_240, "User": 2_048, "Group": 5_120}
MANAGED_POLICY_CHARACTERS = 6_144
ATTACHED_POLICIES = 10
MOST_THUMBPRINTS = 5
MOST_CLIENT_IDS = 100


def check(operation: str, parameters: Mapping[str, str], account: str, state: State) -> None:
    """Check one IAM call against what its account holds.

    Raises:
        ApiError: with AWS's code for the first rule that is broken.
    """
    iam = state.iam(account)
    if "PermissionsBoundary" in parameters:
        _require_boundary(parameters["PermissionsBoundary"], iam)
    if operation in ("CreateRole", "CreateUser"):
        _require_free_name(operation.removeprefix("Create"), parameters, iam)
    if operation in ("CreateRole", "UpdateAssumeRolePolicy"):
        text = parameters.get("AssumeRolePolicyDocument") or parameters.get("PolicyDocument", "")
        check_trust_policy(text, account, state)
    elif "PolicyDocument" in parameters:
        check_identity_policy(parameters["PolicyDocument"])
        _require_room(operation, parameters, iam)
    if "OpenIDConnectProvider" in operation:
        _check_provider(operation, parameters, iam)
    if operation.startswith("Attach"):
        _require_attachable(operation, parameters, iam)
    if operation.startswith("Delete"):
        _require_unused(operation, parameters, iam)


def no_such_entity(message: str) -> ApiError:
    """Return NoSuchEntity (404)."""
    return ApiError("NoSuchEntity", 404, message)


def _require_boundary(arn: str, iam: IAMBackend) -> None:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+", arn):
        raise ApiError("ValidationError", 400, f"ARN {arn} is not valid.")
    if arn not in iam.managed_policies:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")


def _require_free_name(kind: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    name = parameters[f"{kind}Name"]
    taken = iam.users if kind == "User" else [role.name for role in iam.roles.values()]
    if name.lower() in [other.lower() for other in taken]:
        raise ApiError("EntityAlreadyExists", 409, f"{kind} with name {name} already exists.")


def _owner(
    operation: str, parameters: Mapping[str, str], iam: IAMBackend
) -> tuple[str, Role | User | Group | None]:
    entities = Entities(iam)
    if "Role" in operation:
        return "Role", entities.role(parameters["RoleName"])
    if "User" in operation:
        return "User", iam.users.get(parameters["UserName"])
    if "Group" in operation:
        return "Group", iam.groups.get(parameters["GroupName"])
    return "", None


def _require_room(operation: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    text = parameters["PolicyDocument"]
    if operation in ("CreatePolicy", "CreatePolicyVersion"):
        if blank_free_length(text) > MANAGED_POLICY_CHARACTERS:
            raise _quota("PolicySize", MANAGED_POLICY_CHARACTERS)
        return
    kind, owner = _owner(operation, parameters, iam)
    if owner is None:
        return
    policies = {**owner.policies, parameters["PolicyName"]: text}
    if sum(map(blank_free_length, policies.values())) > INLINE_CHARACTERS[kind]:
        message = f"Maximum policy size of {INLINE_CHARACTERS[kind]} bytes exceeded for "
        raise ApiError("LimitExceeded", 409, f"{message}{kind.lower()} {owner.name}")


def _check_provider(operation: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    thumbprints = members(parameters, "ThumbprintList")
    if len(thumbprints) > MOST_THUMBPRINTS:
        raise _invalid(f"Thumbprint list must contain at most {MOST_THUMBPRINTS} entries.")
    for thumbprint in thumbprints:
        if not re.fullmatch(r"[0-9A-Fa-f]{40}", thumbprint):
            raise _invalid(f"Thumbprint {thumbprint} is not 40 hexadecimal digits.")
    if operation == "UpdateOpenIDConnectProviderThumbprint" and not thumbprints:
        raise _invalid("Thumbprint list must contain at least one entry.")
    if operation == "CreateOpenIDConnectProvider":
        url = parameters["Url"]
        _check_issuer(url)
        if len(members(parameters, "ClientIDList")) > MOST_CLIENT_IDS:
            raise _quota("ClientIdsPerOpenIdConnectProvider", MOST_CLIENT_IDS)
        if url.removeprefix("https://") in [p.url for p in iam.open_id_providers.values()]:
            raise ApiError("EntityAlreadyExists", 409, f"Provider with url {url} already exists.")


def _check_issuer(url: str) -> None:
    """CreateOpenIDConnectProvider, parameter Url (IAM API reference): https, no port, no query."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise _invalid(f"The URL {url} must begin with https:// and name a host.")
    if parts.netloc != parts.hostname:
        raise _invalid(f"The URL {url} must hold neither a port, nor credentials, nor capitals.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _invalid(f"The URL {url} must hold neither a query nor a fragment.")


def _require_attachable(operation: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    kind, owner = _owner(operation, parameters, iam)
    if owner is None or parameters["PolicyArn"] in owner.managed_policies:
        return
    if len(owner.managed_policies) >= ATTACHED_POLICIES:
        raise _quota(f"PoliciesPer{kind}", ATTACHED_POLICIES)


def _require_unused(operation: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    if operation == "DeleteUser":
        user = iam.users.get(parameters["UserName"])
        if user and user.access_keys:
            raise _conflict("Cannot delete entity, must delete access keys first.")
        if user and iam.get_groups_for_user(user.name):
            raise _conflict("Cannot delete entity, must remove users from group first.")
    if operation == "DeleteGroup":
        group = iam.groups.get(parameters["GroupName"])
        if group and group.users:
            raise _conflict("Cannot delete entity, must remove users from group first.")
        if group and (group.policies or group.managed_policies):
            raise _conflict("Cannot delete entity, must delete policies first.")
    if operation == "DeletePolicy":
        policy = iam.managed_policies.get(parameters["PolicyArn"])
        holders: list[Role | User] = [*iam.roles.values(), *iam.users.values()]
        if policy and (
            policy.attachment_count or policy.arn in [boundary_arn(holder) for holder in holders]
        ):
            raise _conflict("Cannot delete a policy attached to entities.")
        if policy and len(policy.versions) > 1:
            raise _conflict(
                "This policy has more than one version. Before you delete a policy, you must "
                "delete the policy's versions. The default version is deleted with the policy."
            )


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInput", 400, message)


def _conflict(message: str) -> ApiError:
    return ApiError("DeleteConflict", 409, message)


def _quota(name: str, limit: int) -> ApiError:
    return ApiError("LimitExceeded", 409, f"Cannot exceed quota for {name}: {limit}")
