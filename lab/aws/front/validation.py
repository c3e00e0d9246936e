"""What IAM refuses beyond plain lengths and patterns, where moto would let it pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.aws.front import preconditions
from lab.aws.front.wire import ApiError, members
from lab.aws.judgement.documents import blank_free_length, check_identity_policy, check_trust_policy
from lab.aws.state.entities import Entities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
    if operation in _NAMED:
        _require_free_name(operation, parameters, iam)
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
    preconditions.check(operation, parameters, iam)


def no_such_entity(message: str) -> ApiError:
    """Return NoSuchEntity (404)."""
    return ApiError("NoSuchEntity", 404, message)


def _require_boundary(arn: str, iam: IAMBackend) -> None:
    if not re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+", arn):
        raise ApiError("ValidationError", 400, f"ARN {arn} is not valid.")
    if arn not in iam.managed_policies:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")


_NAMED: Mapping[str, tuple[str, str, Callable[[IAMBackend], Iterable[str]]]] = {
    "CreateUser": ("User with name {}", "UserName", lambda iam: iam.users),
    "UpdateUser": ("User with name {}", "NewUserName", lambda iam: iam.users),
    "CreateGroup": ("Group with name {}", "GroupName", lambda iam: iam.groups),
    "UpdateGroup": ("Group with name {}", "NewGroupName", lambda iam: iam.groups),
    "CreateRole": (
        "Role with name {}",
        "RoleName",
        lambda iam: [role.name for role in iam.roles.values()],
    ),
    "CreateInstanceProfile": (
        "Instance Profile {}",
        "InstanceProfileName",
        lambda iam: iam.instance_profiles,
    ),
    "CreatePolicy": (
        "A policy called {}",
        "PolicyName",
        lambda iam: [arn.rpartition("/")[2] for arn in preconditions.own_policies(iam)],
    ),
}
"""What gives a name: how a refusal begins, the parameter, and the names that are taken."""


def _require_free_name(operation: str, parameters: Mapping[str, str], iam: IAMBackend) -> None:
    """Names are unique in the account, whatever their case (CreateUser, UserName, and others)."""
    begins, parameter, taken = _NAMED[operation]
    name = parameters.get(parameter, "")
    owner = parameters.get(parameter.removeprefix("New")) if "New" in parameter else None
    if name.lower() in [other.lower() for other in taken(iam) if other != owner]:
        ends = " Duplicate names are not allowed." if operation == "CreatePolicy" else ""
        raise ApiError("EntityAlreadyExists", 409, f"{begins.format(name)} already exists.{ends}")


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


def _invalid(message: str) -> ApiError:
    return ApiError("InvalidInput", 400, message)


def _quota(name: str, limit: int) -> ApiError:
    return ApiError("LimitExceeded", 409, f"Cannot exceed quota for {name}: {limit}")
