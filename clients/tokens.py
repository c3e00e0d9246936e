"""The token of a connection: what it is, how it is kept alive, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.held_token import LOOKUP, HeldToken, told
from clients.vault import REVOCATION_SECONDS

if TYPE_CHECKING:
    from clients.vault import Vault


def held_token(vault: Vault) -> HeldToken:
    """Return what Vault says of the connection's token, whose default policy allows to ask.

    Raises:
        VaultError: unreachable, or the token is none, or one of another namespace.
    """
    return told(vault.read(LOOKUP) or {})


def renew_token(vault: Vault) -> None:
    """Let the connection's token live as long again as when it was made, as far as it may.

    Raises:
        VaultError: unreachable or refused.
    """
    vault.write("auth/token/renew-self", {})


def child_token(vault: Vault, display_name: str, seconds: int) -> str:
    """Return a token that may do the same and ends by itself; what it reads ends with it.

    Args:
        vault: Connection of the token that it is a child of.
        display_name: What Vault calls it, with ``token-`` before it.
        seconds: How long it lives.

    Raises:
        VaultError: unreachable or refused.
    """
    asked = {"display_name": display_name, "ttl": f"{seconds}s", "renewable": False}
    answer = vault.write("auth/token/create", asked, repeatable=False)
    return str((answer or {})["auth"]["client_token"])


def revoke_token(vault: Vault) -> None:
    """End the connection's token, and with it what it has read.

    Raises:
        VaultError: unreachable or refused.
    """
    vault.write("auth/token/revoke-self", {}, timeout=REVOCATION_SECONDS)
