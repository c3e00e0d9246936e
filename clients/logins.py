"""What the product asks of Vault about auth methods and the people who log in by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.errors import VaultError

if TYPE_CHECKING:
    from clients.vault import Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOidcClient:
    """What an OIDC auth method is configured with; its secret Vault shows to nobody."""

    discovery_url: str
    client_id: str
    default_role: str
    provider_config: dict[str, str | bool] | None = None
    """How Vault asks for groups; ``None`` where it takes those of the token."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldMethod:
    """An auth method."""

    kind: str
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldGroup:
    """A group of the identity store."""

    id: str
    kind: str
    """``external`` or ``internal``."""
    alias: str
    """Id of its alias; empty without one."""
    policies: tuple[str, ...] = ()
    """Vault policies of who is in it."""


PROVIDER_SECONDS = 20.0
"""How long a request may take for which Vault asks an identity provider."""


@dataclass(frozen=True, slots=True)
class Logins:
    """The logins of a namespace, asked by a connection that others may share."""

    vault: Vault
    """The connection to the namespace."""

    def oidc_client(self, path: str) -> HeldOidcClient | None:
        """Return the configuration of the OIDC auth method at ``path``; ``None`` if it has none.

        Raises:
            VaultError: unreachable or refused.
        """
        held = self.vault.read(f"auth/{path}/config")
        if held is None:
            return None
        return HeldOidcClient(
            discovery_url=held["oidc_discovery_url"],
            client_id=held["oidc_client_id"],
            default_role=held["default_role"],
            provider_config=held.get("provider_config") or None,
        )

    def configure_oidc(  # noqa: PLR0913 - a configuration, each part by name
        self,
        path: str,
        *,
        discovery_url: str,
        client_id: str,
        client_secret: str,
        default_role: str,
        provider_config: dict[str, str | bool],
    ) -> None:
        """Write the whole configuration of the OIDC auth method at ``path``.

        Redirect URIs then hold no namespace (Vault, "JWT/OIDC auth method (API)", Configure,
        ``namespace_in_state``), so the identity provider needs no entry for each.

        Raises:
            VaultError: unreachable or refused, or Vault cannot use the identity provider.
        """
        given = {
            "oidc_discovery_url": discovery_url,
            "oidc_client_id": client_id,
            "oidc_client_secret": client_secret,
            "default_role": default_role,
            # Also when empty, for what is left out of it stays as it is nowhere.
            "provider_config": provider_config,
            "namespace_in_state": True,
        }
        if self.vault.write(f"auth/{path}/config", given) is None:
            raise VaultError(f"Vault at {self.vault.address} has no auth method at {path}")

    def method(self, path: str) -> HeldMethod | None:
        """Return the auth method at ``path``; ``None`` when there is none.

        Raises:
            VaultError: unreachable or refused.
        """
        mounted = self.vault.read(f"sys/mounts/auth/{path}")
        if mounted is None:
            return None
        return HeldMethod(kind=mounted["type"], roles=tuple(self.vault.listed(f"auth/{path}/role")))

    def group(self, name: str) -> HeldGroup | None:
        """Return a group by its name; ``None`` when there is none.

        Raises:
            VaultError: unreachable or refused.
        """
        return self._group({"name": name})

    def group_called(self, alias: str, accessor: str) -> HeldGroup | None:
        """Return the group that an auth method calls ``alias``; ``None`` when there is none.

        Raises:
            VaultError: unreachable or refused.
        """
        return self._group({"alias_name": alias, "alias_mount_accessor": accessor})

    def _group(self, wanted: dict[str, str]) -> HeldGroup | None:
        # Looked up and not read by name, for a name may hold what a path cannot.
        answer = self.vault.write("identity/lookup/group", wanted, verb="read")
        if not answer:
            return None
        held = answer["data"]
        return HeldGroup(
            id=held["id"],
            kind=held["type"],
            alias=(held.get("alias") or {}).get("id", ""),
            policies=tuple(held.get("policies") or ()),
        )

    def begin(self, path: str, role: str, redirect_uri: str) -> str:
        """Begin a login of a person, and return where Vault sends the browser.

        Vault answers with nothing where it does not reach the identity provider, or where the role
        does not allow the redirect; its log says which (Vault, "JWT/OIDC auth method (API)", OIDC
        authorization URL request). A login that nobody goes on with ends by itself.

        Raises:
            VaultError: unreachable or refused.
        """
        asked = {"role": role, "redirect_uri": redirect_uri}
        answer = self.vault.write(f"auth/{path}/oidc/auth_url", asked, timeout=PROVIDER_SECONDS)
        return str(((answer or {}).get("data") or {}).get("auth_url") or "")
