"""What a token says of itself, and how it is kept alive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clients.vault import Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldToken:
    """A token of Vault as ``auth/token/lookup-self`` tells it; the token itself is not in it."""

    name: str
    """Whom Vault takes its holder for."""
    policies: tuple[str, ...]
    """Those of groups included, which are another list there."""
    seconds: int | None
    """How long it lives from now on; ``None`` for ever."""
    first_seconds: int
    """How long it lived when it was made."""
    renewable: bool

    @property
    def waning(self) -> bool:
        """Whether half of its life is over and it can be given more."""
        return self.renewable and self.seconds is not None and 2 * self.seconds < self.first_seconds


def held_token(vault: Vault) -> HeldToken:
    """Return what Vault says of the connection's token, whose default policy allows to ask.

    Raises:
        VaultError: unreachable, or the token is none, or one of another namespace.
    """
    held = vault.read("auth/token/lookup-self") or {}
    return HeldToken(
        name=str(held.get("display_name") or ""),
        policies=tuple(sorted({*_listed(held, "policies"), *_listed(held, "identity_policies")})),
        seconds=int(held["ttl"]) if held.get("expire_time") else None,
        first_seconds=int(held.get("creation_ttl") or 0),
        renewable=bool(held.get("renewable")),
    )


def renew_token(vault: Vault) -> None:
    """Let the connection's token live as long again as when it was made, as far as it may.

    Raises:
        VaultError: unreachable or refused.
    """
    vault.write("auth/token/renew-self", {})


def _listed(held: dict[str, Any], name: str) -> list[str]:
    return list(held.get(name) or ())
