"""An AWS secrets engine on its way from an access key to federation, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.errors import NotSignedInError, VaultError
from clients.secrets_engine import ENGINE_SETTINGS, SecretsEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.issued_identity import Keys

_TUNED = ("default_lease_ttl", "max_lease_ttl", "identity_token_key")
_UNSET: dict[str, Any] = {
    "region": "",
    "iam_endpoint": "",
    "sts_endpoint": "",
    "sts_region": "",
    "sts_fallback_endpoints": [],
    "sts_fallback_regions": [],
    "max_retries": -1,
    "username_template": "",
    "role_arn": "",
    "identity_token_audience": "",
    "identity_token_ttl": 0,
}
"""Every setting as it is where nobody sets it (Vault, AWS secrets engine API, "Configure root
credentials"), for Vault since 1.19 keeps what is left out."""
_OF_ROLE = (
    *("credential_type", "role_arns", "policy_arns", "policy_document", "iam_groups", "iam_tags"),
    *("default_sts_ttl", "max_sts_ttl", "user_path", "permissions_boundary_arn", "external_id"),
    *("session_tags", "mfa_serial_number"),
)


class KeyedEngine(SecretsEngine):
    """A secrets engine whose configuration is written as a whole.

    Every method raises VaultError where Vault is unreachable or refuses.
    """

    __slots__ = ()

    def settings(self) -> dict[str, Any]:
        """Return what it is set to, with the id of its key, and without a secret."""
        held = self.vault.read(f"{self.path}/config/root") or {}
        kept = (*ENGINE_SETTINGS, "access_key", "rotation_period", "rotation_schedule")
        return {key: held[key] for key in kept if held.get(key)}

    def tuned(self) -> dict[str, Any]:
        """Return how long leases of the mount live, which key signs for it, what it is called."""
        held = self.vault.read(f"sys/mounts/{self.path}") or {}
        config = held.get("config") or {}
        return {
            "description": held.get("description") or "",
            **{key: config[key] for key in _TUNED if key in config},
        }

    def roles(self) -> dict[str, dict[str, Any]]:
        """Return what each of its Vault roles is set to, without what is empty."""
        found = {}
        for name in self.vault.listed(f"{self.path}/roles"):
            held = self.vault.read(f"{self.path}/roles/{name}") or {}
            found[name] = {key: held[key] for key in _OF_ROLE if held.get(key)}
        return found

    def static_roles(self) -> list[str]:
        """Return the names of its static roles, which keep the key of one IAM user each."""
        return self.vault.listed(f"{self.path}/static-roles")

    def tune(self, tuned: Mapping[str, Any]) -> None:
        """Tune the mount."""
        self.vault.write(f"sys/mounts/{self.path}/tune", tuned)

    def federate(self, settings: Mapping[str, Any]) -> None:
        """Let it act by federation, and forget its key.

        With the secret, which reading does not show: an engine that holds one without its id
        signs in no more ("the access key or secret key were provided but not both").

        Args:
            settings: All it is to be set to.
        """
        self._set({**_UNSET, **settings, "access_key": "", "secret_key": ""})

    def give_key(self, settings: Mapping[str, Any], key: Keys) -> None:
        """Let it act by a key.

        Args:
            settings: All else it is to be set to.
            key: The key.
        """
        own = {"access_key": key.access_key_id, "secret_key": key.secret_access_key}
        self._set({**_UNSET, **settings, **own})

    def make_role(self, name: str, settings: Mapping[str, Any]) -> None:
        """Make a Vault role anew, for what is left out of a write stays as it was."""
        self.vault.delete(f"{self.path}/roles/{name}")
        self.vault.write(f"{self.path}/roles/{name}", settings)

    def trouble(self) -> str:
        """Sign in to AWS anew; return why it has no session or no usable key, empty if it has.

        By :meth:`session`. Whoever may look users up is told that there is none, and has signed in.
        """
        try:
            self.session()
        except NotSignedInError as error:
            return str(error)
        except VaultError as error:
            return "" if "NoSuchEntity" in str(error) else str(error)
        return ""

    def _set(self, settings: Mapping[str, Any]) -> None:
        self.vault.write(f"{self.path}/config/root", settings)
