"""What a stack declares, part by part, as its state records it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.identity import MountClass
from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.deployed import Deployed, DeployedMount

ENGINE, METHOD, LOGIN = "secrets engine", "auth method", "login of people"
_COMPONENTS = {
    "vaultwif:vault:SecretsEngine": ENGINE,
    "vaultwif:federation:AuthMethod": METHOD,
    "vaultwif:vault:HumanLogin": LOGIN,
}
_CLASSES = {ENGINE: MountClass.SECRET, METHOD: MountClass.AUTH}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """An engine, a method or a login that the stack has deployed."""

    kind: str
    key: str
    """What the settings call it."""
    summary: dict[str, Any]
    """Its outputs; ``components.summary`` says which."""
    children: tuple[dict[str, Any], ...]
    """The resources that it is made of."""

    @property
    def title(self) -> str:
        """What a person calls it."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.key}{where}"

    @property
    def namespace(self) -> str:
        """Path of its namespace; empty for the root namespace."""
        return str(self.summary["namespace"])

    @property
    def path(self) -> str:
        """Path of its mount; of methods and logins without ``auth/``."""
        return str(self.summary["mount"])

    def outputs(self, *kinds: str) -> list[dict[str, Any]]:
        """Return what the state holds of its resources of these types."""
        return [each["outputs"] for each in self.children if each["type"] in kinds]

    def mount(self, deployed: Deployed) -> DeployedMount:
        """Return the federated mount; a login of people has none."""
        wanted = (_CLASSES[self.kind], self.namespace, self.path)
        return next(
            each
            for each in deployed.mounts
            if (each.mount_class, each.namespace, each.path) == wanted
        )


def parts(deployed: Deployed, **wanted: Sequence[str]) -> list[Part]:
    """Return what there is to prove.

    Args:
        deployed: What the stack has deployed.
        wanted: Keys of the settings to narrow it to, as ``engines``, ``methods`` and ``logins``;
            all parts, where all three are empty.

    Raises:
        OperationError: there is no part of such a name.
    """
    found = [
        Part(
            kind=_COMPONENTS[each["type"]],
            key=each["urn"].rpartition("::")[2].removeprefix("auth/"),
            summary=each["outputs"]["summary"],
            children=tuple(
                child for child in deployed.resources if child.get("parent") == each["urn"]
            ),
        )
        for each in deployed.resources
        # Without a summary, its making was interrupted.
        if each["type"] in _COMPONENTS and "summary" in each.get("outputs", {})
    ]
    found.sort(key=lambda part: (list(_COMPONENTS.values()).index(part.kind), part.key))
    chosen = {
        kind: wanted.get(name, ())
        for name, kind in (("engines", ENGINE), ("methods", METHOD), ("logins", LOGIN))
    }
    there = {(part.kind, part.key) for part in found}
    missing = [
        f"no {kind} {key} (there is {_listed(found, kind)})"
        for kind, keys in chosen.items()
        for key in keys
        if (kind, key) not in there
    ]
    if missing:
        raise OperationError(f"the stack {deployed.stack} has {'; '.join(missing)}")
    if not any(chosen.values()):
        return found
    return [part for part in found if part.key in chosen[part.kind]]


def _listed(found: list[Part], kind: str) -> str:
    return ", ".join(part.key for part in found if part.kind == kind) or "none"
