"""What a Vault role of the AWS secrets engine hands out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CredentialType = Literal["iam_user", "assumed_role"]


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultRole:
    """One Vault role, checked: only fields that its credential type knows are set.

    ``iam_user`` makes an IAM user per lease; ``assumed_role`` makes a session of a target role.
    """

    name: str
    credential_type: CredentialType

    policy: str | None = None
    """Inline policy of each user or session policy of each session, as JSON text."""
    managed_policies: tuple[str, ...] = ()
    """ARNs of the managed policies attached to each user, or of each session's session policies."""
    groups: tuple[str, ...] = ()
    """``iam_user``: groups as ``[path/]name``; see :attr:`group_names`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """``iam_user``: tags of each user."""
    boundary: str | None = None
    """``iam_user``: ARN of the permissions boundary of each user."""

    role_arns: tuple[str, ...] = ()
    """``assumed_role``: exact ARNs of the target roles."""
    external_id: str | None = None
    """``assumed_role``: external id the target roles ask for."""
    session_tags: Mapping[str, str] = field(default_factory=dict)
    """``assumed_role``: tags of each session."""
    default_ttl_seconds: int | None = None
    """``assumed_role``: length of a session when the reader asks for none."""
    max_ttl_seconds: int | None = None
    """``assumed_role``: longest session a reader may ask for."""

    @property
    def group_names(self) -> tuple[str, ...]:
        """The groups as Vault and IAM's calls name them, without path."""
        return tuple(group.rpartition("/")[2] for group in self.groups)
