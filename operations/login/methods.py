"""Which auth method a person logs in by: that of a stack's outputs, or that of options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from operations import OperationError

if TYPE_CHECKING:
    from operations.whereabouts import Whereabouts

SECTIONS = {"aws": "auth_methods", "oidc": "human_logins"}
"""Kinds of methods, by what Vault calls them; each with the output of a stack that lists them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What was typed; empty for what was not."""

    kind: str
    role: str = ""
    path: str = ""
    server_id: str = ""
    region: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """One auth method and what a login by it needs."""

    kind: str
    """``aws`` or ``oidc``."""
    address: str
    namespace: str
    path: str
    role: str
    """Empty for the method's own choice."""
    server_id: str = ""
    region: str = ""
    """Empty for that of the AWS profile."""


def method(place: Whereabouts, wanted: Wanted) -> Method:
    """Return the one method that is meant.

    Raises:
        OperationError: there is none such, or several are; with those that there are.
    """
    if not place.stack:
        return Method(
            kind=wanted.kind,
            address=place.address,
            namespace=place.namespace,
            path=wanted.path or wanted.kind,
            role=wanted.role,
            # What the program declares where the settings name nothing else.
            server_id=wanted.server_id or urlsplit(place.address).hostname or "",
            region=wanted.region,
        )
    section = SECTIONS[wanted.kind]
    there: dict[str, Any] = place.outputs.get(section) or {}
    fitting = [
        (each, role)
        for key, each in there.items()
        if wanted.path in ("", key, each["mount"])
        for role in each["log_in"]
        if wanted.role in ("", role)
    ]
    if len(fitting) != 1:
        raise OperationError(_choice(place, wanted, there, several=bool(fitting)))
    ((found, role),) = fitting
    return Method(
        kind=wanted.kind,
        address=place.address,
        namespace=found["namespace"],
        path=found["mount"],
        role=role,
        server_id=wanted.server_id or found.get("server_id", ""),
        region=wanted.region or found.get("region", ""),
    )


def _choice(place: Whereabouts, wanted: Wanted, there: dict[str, Any], *, several: bool) -> str:
    what = {"aws": "AWS credentials", "oidc": "a person's account (OIDC)"}[wanted.kind]
    listed = [
        f"  --path {key} --role {role}" for key, each in there.items() for role in each["log_in"]
    ]
    if not listed:
        other = next(kind for kind in SECTIONS if kind != wanted.kind)
        hint = f"; try --method {other}" if place.outputs.get(SECTIONS[other]) else ""
        return f"nobody logs in with {what} at the stack {place.stack}{hint}"
    why = "several are possible" if several else "there is no such one"
    return "\n".join([f"say which login with {what} is meant, for {why}:", *listed])
