"""What credentials are asked of: one Vault role of one secrets engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from operations import OperationError

if TYPE_CHECKING:
    from operations.whereabouts import Whereabouts


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A Vault role, and where it is."""

    name: str
    """As it was asked for: ``ENGINE/ROLE``."""
    address: str
    namespace: str
    mount: str
    role: str
    region: str
    """Region that AWS is asked in; empty where nobody says it."""


def target(place: Whereabouts, name: str, region: str) -> Target:
    """Return what ``ENGINE/ROLE`` means.

    Args:
        place: Of a stack, ENGINE is a name of its settings or the path of a mount; else it is the
            path of a mount in the namespace.
        name: ENGINE/ROLE; what stands before the last slash is the engine.
        region: As given by an option; of a stack, its engine's region where none is given.

    Raises:
        OperationError: it is not of this form, or the stack has none such; with those it has.
    """
    engine, _, role = name.rpartition("/")
    if not engine or not role:
        raise OperationError(f"{name!r} is not ENGINE/ROLE, as in aws/my-role")
    if not place.stack:
        return Target(
            name=name,
            address=place.address,
            namespace=place.namespace,
            mount=engine.strip("/"),
            role=role,
            region=region,
        )
    engines = place.outputs.get("secrets_engines") or {}
    meant = [engines[engine]] if engine in engines else []
    meant = meant or [each for each in engines.values() if each["mount"] == engine]
    if len(meant) != 1 or role not in meant[0]["read_credentials"]:
        there = [f"{key}/{each}" for key in engines for each in engines[key]["read_credentials"]]
        raise OperationError(
            f"the stack {place.stack} has no {name}; it has {', '.join(there) or 'no engine'}"
        )
    return Target(
        name=name,
        address=place.address,
        namespace=meant[0]["namespace"],
        mount=meant[0]["mount"],
        role=role,
        region=region or meant[0]["region"],
    )
