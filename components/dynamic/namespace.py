"""Whose a namespace of Vault is: this stack's, or another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure

from components.dynamic import reach
from components.dynamic.base import Check, Guard, Props, inputs, names
from federation import ownership

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceCheckArgs:
    """What the stack is about to make, or to rely on."""

    address: str
    """Address of Vault."""
    parent: pulumi.Input[str]
    """Path of the namespace around it; empty for the root namespace."""
    name: str
    """Last part of its own path."""
    ownership: str
    """Whether the namespace is the stack's own: ``managed`` or ``existing``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceGuardArgs:
    """Which namespace."""

    address: str
    """Address of Vault."""
    namespace: pulumi.Input[str]
    """Path of the namespace, from the resource that deletes it."""


class _NamespaceCheckProvider(Check):
    """Vault makes no namespace twice, but refuses only midway; in none at all, anything fails."""

    INPUTS = names(NamespaceCheckArgs)
    SUBJECT = "name"

    def identify(self, props: Props) -> str:
        """Return the path."""
        return f"namespace/{_path(props)}"

    def problems(self, olds: Props, news: Props) -> Iterator[CheckFailure]:
        """Look whether the namespace is there."""
        path, made = _path(news), olds.get("ownership") == ownership.MANAGED
        owned = made and _path(olds) == path
        around = {"address": news["address"], "namespace": news["parent"]}
        there = not owned and reach.vault(around).has_namespace(news["name"])
        trouble = ownership.namespace(path, news["ownership"], there=there, owned=owned)
        if trouble:
            yield CheckFailure("name", str(trouble))


class _NamespaceGuardProvider(Guard):
    """Vault would delete along whatever is mounted there, leases and secrets too."""

    INPUTS = names(NamespaceGuardArgs)

    def identify(self, props: Props) -> str:
        """Return the path."""
        return f"namespace/{props['namespace']}"

    def others(self, props: Props) -> str:
        """Look for mounts: those of this stack are gone by then."""
        others = sorted(reach.vault(props).mounted())
        if not others:
            return ""
        return (
            f"the namespace {props['namespace']} stays: it has mounts of others, and they "
            f"would be deleted along with everything in them: {', '.join(others)}. Remove "
            "them first, then destroy this stack again"
        )


class NamespaceCheck(pulumi.dynamic.Resource, module="vaultwif", name="NamespaceCheck"):
    """Stands before a namespace, and tells which ownership the settings should declare."""

    parent: pulumi.Output[str]
    """Path of the namespace around it."""
    name: pulumi.Output[str]
    """Last part of its path, known to be this stack's to make or to use."""

    def __init__(
        self, name: str, args: NamespaceCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_NamespaceCheckProvider(), name, inputs(args), opts)


class NamespaceGuard(pulumi.dynamic.Resource, module="vaultwif", name="NamespaceGuard"):
    """Keeps a managed namespace until nothing is in it, of this stack or of others."""

    namespace: pulumi.Output[str]
    """Path of the namespace."""

    def __init__(
        self, name: str, args: NamespaceGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_NamespaceGuardProvider(), name, inputs(args), opts)


def _path(props: Props) -> str:
    return "/".join(part for part in (props["parent"], props["name"]) if part)
