"""What the product asks of an AWS secrets engine beside the resources that Pulumi manages there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from clients.errors import NotSignedInError, VaultError
from federation.knowledge.access import refused_caller
from federation.knowledge.exchange import NO_PROVIDERS
from federation.rights import PATHS_OF_LEASES, SESSION_PROBE

if TYPE_CHECKING:
    from clients.vault import Vault

NOT_SIGNED_IN = NO_PROVIDERS
"""What AWS's SDK in Vault says, from the first failure to sign in on and for ever."""

ENGINE_SETTINGS = (
    *("region", "iam_endpoint", "sts_endpoint", "sts_region"),
    *("sts_fallback_endpoints", "sts_fallback_regions", "max_retries", "username_template"),
    *("role_arn", "identity_token_audience", "identity_token_ttl"),
)
"""What a federated AWS secrets engine is set to (Vault, AWS secrets engine API, "Configure root
credentials"), without keys and their rotation, which it does not have."""


@dataclass(frozen=True, slots=True)
class SecretsEngine:
    """A federated AWS secrets engine, asked by a connection that others may share."""

    vault: Vault
    """The connection to its namespace."""
    path: str
    """Path of the mount."""

    def session(self) -> str:
        """Make the engine sign in anew; return the ARN of who it then is.

        Nothing in Vault's API says it, so Vault is asked for a static role of an IAM user that
        does not exist. It signs in to look that user up, AWS refuses, for no session of this
        program may look users up, and names whom it refused. Without a rotation period, nothing is
        stored and nobody's keys are touched, whatever AWS answers (Vault, AWS secrets engine API,
        "Create/Update static role": both fields are required).

        Raises:
            NotSignedInError: AWS gave the engine no session.
            VaultError: unreachable or refused, or AWS answered something else.
        """
        role = f"{self.path}/static-roles/{SESSION_PROBE}"
        try:
            self.vault.write(role, {"username": SESSION_PROBE})
        except VaultError as error:
            if NOT_SIGNED_IN in str(error):
                raise NotSignedInError(
                    f"Vault's mount {self.path} has no session at AWS"
                ) from error
            if refused := refused_caller(str(error), "iam:GetUser"):
                return refused
            raise
        raise VaultError(
            f"Vault at {self.vault.address} made {role} without being told all it needs"
        )

    def set_username_template(self, template: str) -> None:
        """Make the engine name users by ``template``, else as it was.

        Raises:
            VaultError: unreachable or refused.
        """
        self._rewrite({"username_template": template})

    def leases(self) -> dict[str, list[str]]:
        """Return the ids of the engine's leases by Vault role, those of deleted roles included.

        Raises:
            VaultError: unreachable or refused.
        """
        found: dict[str, list[str]] = {}
        for way in PATHS_OF_LEASES:
            prefix = f"{self.path}/{way}"
            for role in self.vault.listed(f"sys/leases/lookup/{prefix}"):
                name = role.rstrip("/")
                found.setdefault(name, []).extend(self.vault.leases(f"{prefix}/{name}"))
        return found

    def times(self, lease_id: str) -> tuple[datetime, datetime | None] | None:
        """Return when a lease began and when it ends; ``None`` where it is over.

        Raises:
            VaultError: unreachable or refused.
        """
        try:
            answer = self.vault.write("sys/leases/lookup", {"lease_id": lease_id}, verb="look up")
        except VaultError as error:
            if "invalid lease" in str(error):
                return None
            raise
        held = (answer or {}).get("data")
        if not held:
            return None
        ends = held["expire_time"]
        return datetime.fromisoformat(held["issue_time"]), ends and datetime.fromisoformat(ends)

    def reconnect(self) -> None:
        """Make the engine sign in to AWS anew, its configuration unchanged.

        An engine that could not sign in when it was first used never tries again; any write of its
        configuration discards its client.

        Raises:
            VaultError: unreachable or refused.
        """
        self._rewrite({})

    def _rewrite(self, changes: dict[str, Any]) -> None:
        """Write the configuration as it is, but for ``changes``.

        Every field, for Vault before 1.19 clears what is left out, and every Vault its username
        template.
        """
        config = f"{self.path}/config/root"
        held = self.vault.read(config) or {}
        same = {key: held[key] for key in ENGINE_SETTINGS if held.get(key) is not None}
        self.vault.write(config, same | changes)
