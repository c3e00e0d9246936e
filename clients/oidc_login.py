"""What a person's login by OpenID Connect asks of Vault: where to log in, and the token then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.errors import VaultError

if TYPE_CHECKING:
    from clients.vault import Vault


@dataclass(frozen=True, slots=True)
class OidcLogin:
    """An OIDC auth method, asked by a connection without a token.

    Source: Vault, "JWT/OIDC auth method (API)", "OIDC authorization URL request" and "OIDC
    callback".
    """

    vault: Vault
    """The connection to its namespace."""
    path: str
    """Path of the method below ``auth/``."""

    def address(self, role: str, redirect_uri: str, nonce: str) -> str:
        """Return where a person logs in, good for some minutes.

        Args:
            role: Vault role; empty for the method's default one.
            redirect_uri: Where the identity provider sends the browser afterwards.
            nonce: What the callback has to tell again, which nobody else knows.

        Raises:
            VaultError: unreachable, or there is no such method or role, or it knows no such
                redirect URI.
        """
        asked = {"role": role, "redirect_uri": redirect_uri, "client_nonce": nonce}
        answer = self.vault.write(f"auth/{self.path}/oidc/auth_url", asked, verb="open")
        if answer is None:
            raise VaultError(f"Vault at {self.vault.address} has no OIDC login at {self.path}")
        address = str((answer.get("data") or {}).get("auth_url") or "")
        if not address:
            raise VaultError(
                f"Vault at {self.vault.address} gives no address to log in at: the login at "
                f"{self.path} has no role {role!r}, or does not allow {redirect_uri}"
            )
        return address

    def token(self, *, state: str, code: str, nonce: str) -> str:
        """Return the token of who has logged in, which is a secret.

        Args:
            state: What the identity provider sent back.
            code: The same; a secret, good once.
            nonce: As it was given for the address.

        Raises:
            VaultError: unreachable, or this person may not log in.
        """
        given = {"state": state, "code": code, "client_nonce": nonce}
        path = f"auth/{self.path}/oidc/callback"
        answer = self.vault.fetched_once(path, given, verb="accept the login at")
        if not answer or not answer.get("auth"):
            raise VaultError(f"Vault at {self.vault.address} answers {path} without a token")
        return str(answer["auth"]["client_token"])
