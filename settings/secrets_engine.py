"""The section secretsEngines."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from federation import permissions, syntax
from federation.identity import MountClass
from federation.names import MountNames
from federation.roles import VaultRole
from federation.statements import Document
from settings.fields import (
    LeaseSeconds,
    LongestLeaseSeconds,
    MountPath,
    Text,
    WithoutRepeats,
    accepts,
    text,
)
from settings.mount import MountSettings
from settings.vault_role import VaultRoleSettings

FormerUsers = Annotated[
    str, accepts(syntax.former_users, text(syntax.FORMER_USERS, syntax.former_users))
]


class SecretsEngineSettings(MountSettings):
    """One mount of the AWS secrets engine."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey"), "is refused: the engine holds no AWS key"
    )
    mount_class = MountClass.SECRET

    own_path: MountPath | None = Field(default=None, alias="path")
    description: Text = "AWS credentials without a stored AWS key"
    """What ``vault secrets list`` says of it."""
    default_ttl_seconds: LeaseSeconds = 3_600
    """How long an IAM user lives if its lease is not renewed."""
    max_ttl_seconds: LongestLeaseSeconds = 86_400
    """How long an IAM user lives at most."""
    former_users: Annotated[tuple[FormerUsers, ...], WithoutRepeats] = ()
    """IAM users that a key made for the mount before it was federated, as path and beginning of the
    name (``/vault-*``): its role may delete them, so that their leases can end."""
    own_roles: Mapping[str, VaultRoleSettings] = Field(default_factory=dict, alias="roles")
    """Vault roles by name, each with its ``credentialType``."""

    @property
    def roles(self) -> tuple[VaultRole, ...]:
        """The Vault roles as the rest of the program knows them, sorted by name."""
        return tuple(role.vault_role for role in self.own_roles.values())

    def inline_policies(self, names: MountNames) -> dict[str, Document]:
        """Inline policies of its IAM role; raises ValueError if AWS would refuse a name."""
        return permissions.inline_policies(names, self.roles, self.former_users)
