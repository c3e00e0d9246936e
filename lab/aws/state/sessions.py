"""Temporary credentials of roles and users: the laboratory's own, moto's are not used."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from lab.aws.state.accounts import new_secret, new_unique_id

_KEPT_AFTER_EXPIRY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session of one role or user. Times are seconds since the epoch on AWS's clock."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)
    account: str
    kind: Literal["role", "user", "federated"] = "role"
    """Of a role; of a user for itself (GetSessionToken); of one for others (GetFederationToken)."""
    role_arn: str
    """ARN of the role, or of the user whose key asked; so are the next two."""
    role_id: str
    role_name: str
    name: str
    """Name of a role's session, or of a federated user."""
    issued_at: float
    expires_at: float
    federated_provider: str | None = None
    policies: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Session policies by label, as they read when the session began."""
    tags: dict[str, str] = field(default_factory=dict)
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    chained: bool = False
    """Whether another session has assumed the role."""

    @property
    def arn(self) -> str:
        """ARN of the session; that of a role carries the role's name without its path."""
        partition = self.role_arn.split(":")[1]
        if self.kind == "user":
            return self.role_arn
        if self.kind == "federated":
            return f"arn:{partition}:sts::{self.account}:federated-user/{self.name}"
        return f"arn:{partition}:sts::{self.account}:assumed-role/{self.role_name}/{self.name}"

    @property
    def user_id(self) -> str:
        """What ``aws:userid`` holds ("Where you can use policy variables", IAM User Guide)."""
        if self.kind == "user":
            return self.role_id
        if self.kind == "federated":
            return f"{self.account}:{self.name}"
        return f"{self.role_id}:{self.name}"


class Credentials(TypedDict):
    """What opens a session, as ``Session`` names it."""

    access_key_id: str
    secret_access_key: str
    token: str


def new_credentials(account: str) -> Credentials:
    """Return random session credentials."""
    return {
        "access_key_id": new_unique_id(account, "ASIA", 20),
        "secret_access_key": new_secret(),
        "token": b64encode(secrets.token_bytes(240)).decode(),
    }


def forget_old(sessions: dict[str, Session], now: float) -> None:
    """Drop sessions so long expired that no client can still hold them.

    A session just expired is kept: it must answer ExpiredToken, not InvalidClientTokenId.
    """
    for key, session in list(sessions.items()):
        if session.expires_at + _KEPT_AFTER_EXPIRY_SECONDS < now:
            del sessions[key]
