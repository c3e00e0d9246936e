"""The parts of a graph that one side gathers and the other joins to its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from federation.grants import Grant
    from federation.identity import MountClass
    from operations.report.resources import Resource


@dataclass(kw_only=True, slots=True)
class Role:
    """An IAM role of the stack."""

    id: str
    arn: str
    account: str
    resource: Resource
    trust: Any
    """``None`` where only an update will know it."""
    external_id: str
    rights: list[str] = field(default_factory=list)
    """Ids of what it may do."""
    held: list[Grant] = field(default_factory=list)
    admits: dict[str, str] = field(default_factory=dict)
    """Why each token, or each role, is not admitted after all; empty for those that are."""

    @property
    def is_target(self) -> bool:
        """Whether its sessions are handed out."""
        return "vaultwif:aws:TargetRole" in self.resource.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A mount that signs in to AWS by its own tokens."""

    id: str
    token: str
    """Id of the node of its tokens."""
    namespace: str
    mount_class: MountClass
    path: str
    parent: str
    """URN of its component."""
    issuer: str
    audience: str
    subject: str
    """Empty where only an update will know it."""
    role_arn: str


@dataclass(kw_only=True, slots=True)
class VaultRole:
    """A Vault role of a secrets engine."""

    id: str
    mount: Mount
    urn: str
    path: str
    """What is read for its credentials, from the root namespace on."""
    identities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What its credentials are at AWS, each with what that may do."""
    external_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrance:
    """Somebody who logs in, and with which policies."""

    who: str
    login: str
    policies: tuple[str, ...]
