"""What a Vault role of the AWS secrets engine hands out, a class for each credential type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from federation.statements import allow, allow_assuming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.names import MountNames
    from federation.statements import Statement


@dataclass(frozen=True, kw_only=True)
class VaultRole(ABC):
    """One Vault role, checked: only fields that its credential type knows are set."""

    credential_type: ClassVar[str]
    """How Vault calls the type."""

    name: str
    policy: str | None = None
    """Inline policy of each user or session policy of each session, as JSON text."""
    managed_policies: tuple[str, ...] = ()
    """ARNs of the managed policies attached to each user, or of each session's session policies."""
    groups: tuple[str, ...] = ()
    """Groups that each user joins, as ``[path/]name``."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of each user."""
    boundary: str | None = None
    """ARN of the permissions boundary of each user."""
    role_arns: tuple[str, ...] = ()
    """Exact ARNs of the target roles of each session."""
    external_id: str | None = None
    """External id that the target roles ask for."""
    session_tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of each session."""
    default_ttl_seconds: int | None = None
    """Length of a session when the reader asks for none."""
    max_ttl_seconds: int | None = None
    """Longest session a reader may ask for."""

    @property
    def group_names(self) -> tuple[str, ...]:
        """The groups as Vault and IAM's calls name them, without path."""
        return tuple(group.rpartition("/")[2] for group in self.groups)

    @property
    def conditioned(self) -> bool:
        """Whether its target roles ask for more than who assumes them."""
        return bool(self.external_id or self.session_tags)

    @abstractmethod
    def issuing(self, names: MountNames) -> list[Statement]:
        """Return what the mount's IAM role must be allowed to issue credentials, and no more."""

    @abstractmethod
    def written(self, names: MountNames) -> dict[str, Any]:
        """Return the fields that Vault is given; it refuses those of another credential type."""


@dataclass(frozen=True, kw_only=True)
class IamUser(VaultRole):
    """Makes an IAM user for each lease."""

    credential_type = "iam_user"

    def issuing(self, names: MountNames) -> list[Statement]:
        """Return what making a user needs, on users of this Vault role alone."""
        users = names.user_arn_pattern(self.name)
        bounded: Mapping[str, Mapping[str, Any]] = (
            {"StringEquals": {"iam:PermissionsBoundary": self.boundary}} if self.boundary else {}
        )
        statements = [
            allow("CreateUser", ("iam:CreateUser",), users, bounded),
            allow("CreateAccessKey", ("iam:CreateAccessKey",), users),
        ]
        if self.policy is not None:
            statements.append(allow("PutUserPolicy", ("iam:PutUserPolicy",), users, bounded))
        if self.managed_policies:
            listed = {"ArnEquals": {"iam:PolicyARN": sorted(self.managed_policies)}}
            attach = ("iam:AttachUserPolicy",)
            statements.append(allow("AttachUserPolicy", attach, users, {**listed, **bounded}))
        if self.groups:
            groups = sorted(names.group_arn(group) for group in self.groups)
            statements.append(allow("JoinGroups", ("iam:AddUserToGroup",), groups))
        if self.tags:
            statements.append(allow("TagUser", ("iam:TagUser",), users))
        return statements

    def written(self, names: MountNames) -> dict[str, Any]:
        """Return what decides each user."""
        return {
            "user_path": names.iam_path,
            "policy_document": self.policy,
            "policy_arns": list(self.managed_policies) or None,
            "iam_groups": list(self.group_names) or None,
            "iam_tags": dict(self.tags) or None,
            "permissions_boundary_arn": self.boundary,
        }


@dataclass(frozen=True, kw_only=True)
class AssumedRole(VaultRole):
    """Makes a session of a target role for each lease."""

    credential_type = "assumed_role"

    def issuing(self, _names: MountNames) -> list[Statement]:
        """Return what assuming the target roles needs."""
        targets = sorted(self.role_arns)
        statements = [allow_assuming(targets, self.external_id)]
        if self.session_tags:
            statements.append(allow("TagSessions", ("sts:TagSession",), targets))
        return statements

    def written(self, _names: MountNames) -> dict[str, Any]:
        """Return what decides each session."""
        return {
            "role_arns": list(self.role_arns),
            "policy_document": self.policy,
            "policy_arns": list(self.managed_policies) or None,
            "external_id": self.external_id,
            "session_tags": dict(self.session_tags) or None,
            "default_sts_ttl": self.default_ttl_seconds,
            "max_sts_ttl": self.max_ttl_seconds,
        }
