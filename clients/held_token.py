"""What Vault says of a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOOKUP = "auth/token/lookup-self"
"""Where a token is looked up, by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldToken:
    """A token of Vault as ``auth/token/lookup-self`` tells it; the token itself is not in it."""

    name: str
    """Whom Vault takes its holder for."""
    entity_id: str
    """Empty for a token of nobody in the identity store."""
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


def told(held: dict[str, Any]) -> HeldToken:
    """Return what Vault says of a token.

    Args:
        held: What is at ``LOOKUP``.
    """
    return HeldToken(
        name=str(held.get("display_name") or ""),
        entity_id=str(held.get("entity_id") or ""),
        policies=tuple(sorted({*_listed(held, "policies"), *_listed(held, "identity_policies")})),
        seconds=int(held["ttl"]) if held.get("expire_time") else None,
        first_seconds=int(held.get("creation_ttl") or 0),
        renewable=bool(held.get("renewable")),
    )


def _listed(held: dict[str, Any], name: str) -> list[str]:
    return list(held.get(name) or ())
