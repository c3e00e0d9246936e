"""What a guardrail is: a promise, and a pure function that tells where a resource breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Settings = Mapping[str, Any]
"""What the pack is configured with for one rule; each setting of the rule is there."""

ROLE: Final = "aws:iam/role:Role"
IDENTITY_PROVIDER: Final = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ENGINE: Final = "vault:aws/secretBackend:SecretBackend"
ENGINE_ROLE: Final = "vault:aws/secretBackendRole:SecretBackendRole"
AUTH_MOUNT: Final = "vault:index/authBackend:AuthBackend"
AUTH_CLIENT: Final = "vault:aws/authBackendClient:AuthBackendClient"
AUTH_ROLE: Final = "vault:aws/authBackendRole:AuthBackendRole"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as it is about to be written."""

    type: str
    name: str
    """Its logical name."""
    props: Mapping[str, Any] = field(repr=False)
    """Its inputs. Reading one that a preview does not know raises what the engine's SDK catches."""
    provider: str | None = None
    """Logical name of its provider; None for what has none, such as a component."""
    protect: bool = False
    texts: Callable[[], Iterator[tuple[str, str]]] = field(default=lambda: iter(()), repr=False)
    """Gives each text that is known in its inputs, with the path to it."""

    def has(self, name: str) -> bool:
        """Tell whether an input is given, be its value known or not."""
        return name in list(self.props)

    def number(self, name: str) -> float:
        """Return a number; 0, which to Vault is none, if it is not given."""
        return float(self.props[name] or 0) if self.has(name) else 0

    def list(self, name: str) -> list[Any]:
        """Return a list; empty if it is not given."""
        return listed(self.props[name]) if self.has(name) else []


Judge = Callable[[Resource, Settings], Iterator[str]]
Mend = Callable[[Resource, Settings], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A guardrail."""

    name: str
    promise: str
    """What holds for every resource, in one sentence."""
    remedy: str
    """What to do where it does not hold."""
    judge: Judge
    """Tells what is wrong with a resource, each in words that complete its name.

    Raises ``ValueError`` if what it judges cannot be read, which counts as wrong.
    """
    mend: Mend | None = None
    """Returns the inputs to set for the promise to hold; empty if it does."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """JSON schema of each setting, with its default."""


def listed(value: object) -> list[Any]:
    """Return what may be one value or a list of them as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
