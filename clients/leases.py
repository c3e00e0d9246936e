"""Credentials that Vault issues, each with its lease: read, renewed, revoked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clients.errors import VaultError, VaultForbiddenError, VaultUnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.vault import Vault

ISSUE_SECONDS = 60.0
"""How long Vault may take to issue: it makes a user with several calls to AWS, repeated if AWS
does not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """AWS credentials and their lease."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    """Empty for the key of an IAM user."""
    lease_id: str
    seconds: int
    """How long it is good from when it was read."""
    renewable: bool
    """Whether Vault can let it live longer: that of a user, never that of a session."""
    arn: str
    """ARN of a session, where Vault says it; else empty."""


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of a namespace, asked by a connection that others may share."""

    vault: Vault
    """The connection to the namespace; it needs ``ISSUE_SECONDS``."""

    def issue(
        self, mount: str, role: str, asked: Mapping[str, str] | None = None, *, timeout: float = 0
    ) -> Lease:
        """Read credentials of a Vault role.

        Args:
            mount: Path of the secrets engine.
            role: Name of the Vault role.
            asked: What the request says besides: ``role_arn``, ``ttl``.
            timeout: Seconds for the answer; the connection's own where none is given.

        Raises:
            VaultError: unreachable or refused, or AWS refused Vault.
        """
        path = f"{mount}/creds/{role}"
        answer = self.vault.fetched_once(path, asked, timeout=timeout or None)
        if not answer or not answer.get("data"):
            raise VaultError(
                f"Vault at {self.vault.address} has no {path}; check engine, role and namespace"
            )
        data = answer["data"]
        if "access_key" not in data:
            raise VaultError(f"{path} of Vault at {self.vault.address} are no AWS credentials")
        return Lease(
            access_key_id=data["access_key"],
            secret_access_key=data["secret_key"],
            session_token=data.get("session_token") or data.get("security_token") or "",
            lease_id=answer.get("lease_id") or "",
            seconds=int(answer.get("lease_duration") or 0),
            renewable=bool(answer.get("renewable")),
            arn=data.get("arn") or "",
        )

    def renew(self, lease_id: str) -> int:
        """Let a lease live longer; return for how many seconds it is good now.

        Raises:
            VaultError: unreachable or refused, or the lease has ended.
        """
        answer = self.vault.write("sys/leases/renew", {"lease_id": lease_id}, verb="renew by")
        return int((answer or {}).get("lease_duration") or 0)

    def revoke(self, lease_id: str) -> None:
        """End a lease, and wait until AWS has deleted the user behind it.

        Asked by a path with the lease's id, as the policy of whoever may read the role allows it.

        Raises:
            VaultForbiddenError: the token may not.
            VaultError: unreachable, or AWS did not let Vault delete the user, which it goes on
                trying.
        """
        path = f"sys/leases/revoke/{lease_id}"
        try:
            self.vault.write(path, {"sync": True}, timeout=ISSUE_SECONDS)
        except (VaultForbiddenError, VaultUnreachableError):
            raise
        except VaultError:
            self.vault.write(path, {})  # Vault repeats only what nobody waits for
            raise
