"""What exists in an account's IAM, read from moto's models in the terms of the front."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.iam.models import Group, IAMBackend, Role, User

Labelled = tuple[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Everything attached to a principal that decides what it may do."""

    policies: Sequence[Labelled]
    boundary: dict[str, Any] | None
    tags: Mapping[str, str]
    controls: Sequence[Labelled] = ()
    """What the organisation allows; none where it limits nothing."""


class Entities:
    """Lookups in one account's IAM; what does not exist is None or empty, never an error."""

    def __init__(self, iam: IAMBackend) -> None:
        self._iam = iam

    def user_path(self, name: str) -> str | None:
        """Return the user's path."""
        user = self._iam.users.get(name)
        return user.path if user else None

    def role_path(self, name: str) -> str | None:
        """Return the role's path."""
        role = self.role(name)
        return role.path if role else None

    def group_path(self, name: str) -> str | None:
        """Return the group's path."""
        group = self._iam.groups.get(name)
        return group.path if group else None

    def instance_profile_path(self, name: str) -> str | None:
        """Return the instance profile's path."""
        found = [p.path for p in self._iam.instance_profiles.values() if p.name == name]
        return found[0] if found else None

    def user_boundary(self, name: str) -> str | None:
        """Return the ARN of the user's permissions boundary."""
        user = self._iam.users.get(name)
        return boundary_arn(user) if user else None

    def role_boundary(self, name: str) -> str | None:
        """Return the ARN of the role's permissions boundary."""
        role = self.role(name)
        return boundary_arn(role) if role else None

    def access_key_owner(self, access_key_id: str) -> str | None:
        """Return the name of the user whose long-term key this is."""
        for user in self._iam.users.values():
            if user.has_access_key(access_key_id):
                return user.name
        return None

    def tags(self, resource: str) -> Mapping[str, str]:
        """Return the tags of the role, user, policy or provider with this ARN."""
        role = self.role_by_arn(resource)
        if role:
            return tag_map(role.tags)
        policy = self._iam.managed_policies.get(resource)
        if policy is not None:
            return tag_map(policy.get_tags())
        provider = self._iam.open_id_providers.get(resource)
        if provider is not None:
            return tag_map(provider.get_tags())
        return tag_map(self._iam.tagger.list_tags_for_resource(resource)["Tags"])

    def role(self, name: str) -> Role | None:
        """Return moto's role of this name."""
        return next((role for role in self._iam.roles.values() if role.name == name), None)

    def role_by_arn(self, arn: str) -> Role | None:
        """Return moto's role with this ARN."""
        return next((role for role in self._iam.roles.values() if role.arn == arn), None)

    def user_by_arn(self, arn: str) -> User | None:
        """Return moto's user with this ARN."""
        return next((user for user in self._iam.users.values() if user.arn == arn), None)

    def managed_document(self, arn: str) -> dict[str, Any]:
        """Return the default version of a managed policy that exists."""
        policy = self._iam.managed_policies[arn]
        default = next(v for v in policy.versions if v.version_id == policy.default_version_id)
        document: dict[str, Any] = json.loads(default.document)
        return document

    def role_identity(self, role_id: str) -> Identity:
        """Collect what decides for the role with this unique id."""
        role = self._iam.roles[role_id]
        return Identity(
            policies=self._attached(role, f"role {role.name}"),
            boundary=self._boundary(role),
            tags=tag_map(role.tags),
        )

    def user_identity(self, user: User) -> Identity:
        """Collect what decides for the user, its groups' policies included."""
        policies = self._attached(user, f"user {user.name}")
        for group in self._iam.groups.values():
            if user.name in [member.name for member in group.users]:
                policies += self._attached(group, f"group {group.name}")
        return Identity(policies=policies, boundary=self._boundary(user), tags=self.tags(user.arn))

    def _attached(self, owner: Role | User | Group, label: str) -> list[Labelled]:
        inline = [
            (f"inline policy {name} of {label}", json.loads(document))
            for name, document in owner.policies.items()
        ]
        managed = [
            (f"managed policy {arn}", self.managed_document(arn)) for arn in owner.managed_policies
        ]
        return inline + managed

    def _boundary(self, owner: Role | User | Group) -> dict[str, Any] | None:
        arn = boundary_arn(owner)
        return self.managed_document(arn) if arn else None


def boundary_arn(owner: Role | User | Group) -> str | None:
    """Return the permissions boundary of a role or user; moto's users know none of their own."""
    arn: str | None = getattr(owner, "permissions_boundary_arn", None)
    return arn


def tag_map(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Turn AWS's list of tags into a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}
