"""Which AWS credentials a person may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.readable import readable_among, readable_roles
from clients.vault import Vault

if TYPE_CHECKING:
    from operations.whereabouts import Whereabouts


def names(place: Whereabouts, *, token: str | None = None) -> list[str]:
    """Return the credentials that may be read, each as one asks for them: ``ENGINE/ROLE``.

    Of a stack, those of its engines, by the names of its settings; else those of the namespace, by
    the paths of its mounts.

    Args:
        place: Where.
        token: Whose rights; those of the token at hand if none is given.

    Raises:
        VaultError: unreachable, or the token is none.
    """
    if not place.stack:
        with Vault(place.address, place.namespace, token=token) as vault:
            return readable_roles(vault, place.namespace)
    found = []
    for key, engine in (place.outputs.get("secrets_engines") or {}).items():
        asked = {f"{engine['mount']}/{role}": role for role in engine["read_credentials"]}
        with Vault(place.address, engine["namespace"], token=token) as vault:
            found += [f"{key}/{asked[each]}" for each in readable_among(vault, asked)]
    return found
