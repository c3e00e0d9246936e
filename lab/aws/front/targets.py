"""Where the resource and the condition keys of a call come from.

Sources: the Service Authorization Reference for AWS Identity and Access Management and for AWS
Security Token Service, and the pages of the IAM User Guide and the API references named below.
"""

from __future__ import annotations

from collections.abc import Callable

from lab.aws.front.calls import Call, InvalidParameter, Lookup

Target = Callable[[Call, Lookup], str]
"""Finds the ARN that an operation is authorised on."""
Keys = Callable[[Call, Lookup], dict[str, tuple[str, ...]]]
"""Finds condition keys; a key without a value is left out."""


def _iam(call: Call, kind: str, path: str | None, name: str) -> str:
    """Build an ARN of IAM; what does not exist (yet) has no path but the default one."""
    return f"arn:{call.partition}:iam::{call.account}:{kind}{path or '/'}{name}"


def anything(_call: Call, _lookup: Lookup) -> str:
    """Name no resource: the action supports none, and only ``*`` in a policy covers it."""
    return "*"


def _existing(kind: str, parameter: str, path: Callable[[Lookup, str], str | None]) -> Target:
    def find(call: Call, lookup: Lookup) -> str:
        name = call.required(parameter)
        return _iam(call, kind, path(lookup, name), name)

    return find


user = _existing("user", "UserName", lambda lookup, name: lookup.user_path(name))
role = _existing("role", "RoleName", lambda lookup, name: lookup.role_path(name))
group = _existing("group", "GroupName", lambda lookup, name: lookup.group_path(name))
profile = _existing(
    "instance-profile",
    "InstanceProfileName",
    lambda lookup, name: lookup.instance_profile_path(name),
)


def user_or_self(call: Call, lookup: Lookup) -> str:
    """Find a user that the call need not name.

    "If you do not specify a user name, IAM determines the user name implicitly based on the
    Amazon Web Services access key ID signing the request" (API page of each such operation).
    """
    name = call.parameters.get("UserName") or call.caller_user_name
    if not name:
        raise InvalidParameter("Must specify userName when calling with non-User credentials")
    return _iam(call, "user", lookup.user_path(name), name)


def key_owner(call: Call, lookup: Lookup) -> str:
    """Find the user whose key the call asks about; a key of nobody here stands for no resource."""
    name = lookup.access_key_owner(call.required("AccessKeyId"))
    return _iam(call, "user", lookup.user_path(name), name) if name else "*"


def new(kind: str, parameter: str) -> Target:
    """Find what a call is about to create, under the path that it asks for."""
    return lambda call, _lookup: _iam(
        call, kind, call.parameters.get("Path"), call.required(parameter)
    )


def profiles(call: Call, _lookup: Lookup) -> str:
    """Find what ListInstanceProfiles lists: the one list that the reference gives a resource."""
    return _iam(call, "instance-profile", call.parameters.get("PathPrefix"), "")


def renamed_user(call: Call, lookup: Lookup) -> str:
    """Find what UpdateUser turns its user into."""
    name = call.required("UserName")
    path = call.parameters.get("NewPath") or lookup.user_path(name)
    return _iam(call, "user", path, call.parameters.get("NewUserName") or name)


def renamed_group(call: Call, lookup: Lookup) -> str:
    """Find what UpdateGroup turns its group into."""
    name = call.required("GroupName")
    path = call.parameters.get("NewPath") or lookup.group_path(name)
    return _iam(call, "group", path, call.parameters.get("NewGroupName") or name)


def new_provider(call: Call, _lookup: Lookup) -> str:
    """Find the identity provider that a URL will have: its ARN leaves the scheme out."""
    return _iam(call, "oidc-provider", "/", call.required("Url").removeprefix("https://"))


def given(parameter: str) -> Target:
    """Take the ARN that the call itself gives."""
    return lambda call, _lookup: call.required(parameter)


def federated_user(call: Call, _lookup: Lookup) -> str:
    """Find the federated user whose session is asked for."""
    name = call.required("Name")
    return f"arn:{call.partition}:sts::{call.account}:federated-user/{name}"


# Condition keys.


def resource_tags(resource: str, lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the resource's tags; for users and roles IAM also knows them by a key of its own."""
    if not resource.startswith("arn:"):
        return {}
    is_identity = resource.split(":", 5)[-1].startswith(("user/", "role/"))
    prefixes = ("aws:ResourceTag", "iam:ResourceTag") if is_identity else ("aws:ResourceTag",)
    tags = lookup.tags(resource)
    return {f"{prefix}/{key}": (value,) for prefix in prefixes for key, value in tags.items()}


def parameter(key: str, parameter: str) -> Keys:
    """Take a key's value from a parameter; without the parameter the key is absent."""

    def find(call: Call, _lookup: Lookup) -> dict[str, tuple[str, ...]]:
        value = call.parameters.get(parameter)
        return {key: (value,)} if value else {}

    return find


def request_tags(call: Call, _lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the tags that the call carries, and their keys."""
    tags = call.tags()
    keys = {"aws:TagKeys": tuple(tags)} if tags else {}
    return keys | {f"aws:RequestTag/{key}": (value,) for key, value in tags.items()}


def removed_tags(call: Call, _lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the keys of the tags that the call takes away."""
    return {"aws:TagKeys": call.listed("TagKeys")}


def transitive_tags(call: Call, _lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the keys of the session tags that are handed on to further sessions."""
    keys = call.listed("TransitiveTagKeys")
    return {"sts:TransitiveTagKeys": keys} if keys else {}


def user_boundary(call: Call, lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the permissions boundary that the user has now."""
    boundary = lookup.user_boundary(call.required("UserName"))
    return {"iam:PermissionsBoundary": (boundary,)} if boundary else {}


def role_boundary(call: Call, lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the permissions boundary that the role has now."""
    boundary = lookup.role_boundary(call.required("RoleName"))
    return {"iam:PermissionsBoundary": (boundary,)} if boundary else {}


def passed_to_ec2(_call: Call, _lookup: Lookup) -> dict[str, tuple[str, ...]]:
    """Return the service that will use the role: an instance profile is for EC2."""
    return {"iam:PassedToService": ("ec2.amazonaws.com",)}


requested_boundary = parameter("iam:PermissionsBoundary", "PermissionsBoundary")
managed_policy = parameter("iam:PolicyARN", "PolicyArn")
