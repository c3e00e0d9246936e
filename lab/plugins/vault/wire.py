"""How a program's names become Vault's, and what every Vault resource shares."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lab.plugins.resource import Input, Resource
from lab.plugins.vault.session import VaultSession

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.plugins.values import Values

NAMESPACE = Input(replace=True)
"""Namespace of one resource, below the provider's own."""

AUTH_BACKEND = Input(default="aws", replace=True)
"""Path of the auth method that a resource belongs to."""

FEDERATION = ("identityTokenAudience", "roleArn", "identityTokenTtl")
"""Inputs that the official plugin drops without a word unless the server is Enterprise."""

ROTATION = (
    "rotationSchedule",
    "rotationPeriod",
    "rotationWindow",
    "disableAutomatedRotation",
)
"""Inputs of automated root rotation: Enterprise from 1.19."""

TOKEN_SETS = ("tokenPolicies", "tokenBoundCidrs")
TOKEN = (
    *TOKEN_SETS,
    "tokenTtl",
    "tokenMaxTtl",
    "tokenExplicitMaxTtl",
    "tokenPeriod",
    "tokenNoDefaultPolicy",
    "tokenNumUses",
    "tokenType",
)
"""Inputs of every auth method's roles: what the tokens they give are like."""


def moves_by_replacement(old: Values, new: Values) -> bool:  # noqa: ARG001 - shape of the table
    """Tell whether a mount with a new path is replaced; otherwise Vault moves it in place."""
    return bool(new.get("disableRemount"))


class VaultResource(Resource[VaultSession]):
    """A resource in one namespace of one Vault."""

    @staticmethod
    def namespace(values: Values) -> str:
        """Return the namespace the resource itself names."""
        return str(values.get("namespace", ""))


def snake(name: str) -> str:
    """Return Vault's spelling of a program's ``camelCase`` name."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def body(values: Values, names: Iterable[str]) -> Values:
    """Return the request body for those ``names`` that are set to something."""
    return {snake(name): values[name] for name in names if values.get(name)}


def taken(answer: Values, names: Iterable[str]) -> Values:
    """Return what ``answer`` says about ``names``, in the program's spelling."""
    return {name: answer[snake(name)] for name in names if answer.get(snake(name)) is not None}


def seconds(value: Any) -> str:  # noqa: ANN401 - absent or a number
    """Return a duration as Vault takes it."""
    return f"{value or 0}s"


def drop(values: Values, names: Iterable[str]) -> Values:
    """Return ``values`` without ``names``."""
    dropped = set(names)
    return {key: value for key, value in values.items() if key not in dropped}
