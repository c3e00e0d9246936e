"""The keys that sign a namespace's identity tokens, and for which audiences they do."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.errors import VaultError
from federation.identity import MountClass

if TYPE_CHECKING:
    from clients.vault import Vault

_KEYS = threading.Lock()
"""Held while a signing key's audiences are read and written back: Vault has no single step."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The signing keys of a namespace, asked by a connection that others may share."""

    vault: Vault
    """The connection to the namespace."""

    def signed_audiences(self, key: str) -> frozenset[str] | None:
        """Return the audiences that a signing key may sign for; ``None`` when it does not exist.

        Raises:
            VaultError: unreachable or refused.
        """
        held = self.vault.read(f"identity/oidc/key/{key}")
        return None if held is None else frozenset(held.get("allowed_client_ids") or ())

    def sign_for(self, key: str, audience: str) -> None:
        """Let a signing key sign for an audience too; twice is no error.

        Raises:
            VaultError: unreachable or refused, or there is no such key.
        """
        with _KEYS:
            held = self.signed_audiences(key)
            if held is None:
                # Written, it would be made anew, with settings that nobody declared.
                raise VaultError(f"Vault at {self.vault.address} has no signing key {key!r}")
            if audience not in held:
                self._set_audiences(key, held | {audience})

    def sign_no_more_for(self, key: str, audience: str) -> None:
        """Let a signing key sign for an audience no more, unless a mount still asks it to.

        Of two resources that let one audience be signed, because its mount moved to another
        account, the old one must not take it from the mount that is there now.

        Raises:
            VaultError: unreachable or refused.
        """
        with _KEYS:
            held = self.signed_audiences(key) or frozenset()
            if audience in held and audience not in self._audiences_in_use(key):
                self._set_audiences(key, held - {audience})

    def _set_audiences(self, key: str, audiences: frozenset[str]) -> None:
        self.vault.write(f"identity/oidc/key/{key}", {"allowed_client_ids": sorted(audiences)})

    def _audiences_in_use(self, key: str) -> set[str]:
        """Return the audiences of the namespace's AWS mounts whose tokens the key signs."""
        held = [
            self.vault.federation(mount_class, path.rstrip("/"))
            for mount_class, listed in (
                (MountClass.SECRET, "sys/mounts"),
                (MountClass.AUTH, "sys/auth"),
            )
            for path, mount in (self.vault.read(listed) or {}).items()
            if mount["type"] == "aws" and mount["config"].get("identity_token_key") == key
        ]
        return {each.audience for each in held if each}
