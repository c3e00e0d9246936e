"""Keeps a namespace while others have something in it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ResourceProvider, UpdateResult

INPUTS = ("address", "namespace")

log = logging.getLogger(__name__)


class NamespaceInUseError(Exception):
    """Others have something in the namespace; the message says what, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamespaceGuardArgs:
    """Which namespace."""

    address: str
    """Address of Vault."""
    namespace: pulumi.Input[str]
    """Path of the namespace, from the resource that deletes it."""


class _NamespaceGuardProvider(ResourceProvider):
    """Looks on delete; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is guarded."""
        return CreateResult(f"namespace/{props['namespace']}", _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is guarded."""
        return UpdateResult(_asked(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Refuse while anything is mounted: Vault would delete it along, leases and secrets too.

        A Vault that does not answer is no obstacle: it may be gone for good, and as long as it is
        merely away, the namespace cannot be deleted either.
        """
        from clients.vault import Vault, VaultUnreachableError  # noqa: PLC0415 - as elsewhere

        try:
            with Vault(props["address"], props["namespace"]) as vault:
                others = sorted(vault.mounted())
        except VaultUnreachableError as error:
            log.warning("other users of the namespace were not looked for: %s", error)
            return
        if others:
            raise NamespaceInUseError(
                f"the namespace {props['namespace']} stays: it has mounts of others, and they "
                f"would be deleted along with everything in them: {', '.join(others)}. Remove "
                "them first, then destroy this stack again"
            )


class NamespaceGuard(pulumi.dynamic.Resource, module="vaultwif", name="NamespaceGuard"):
    """Stands between a managed namespace and everything in it.

    Destroyed after all that the stack made there, and not destroyed while others use it.
    """

    namespace: pulumi.Output[str]
    """Path of the namespace."""

    def __init__(
        self, name: str, args: NamespaceGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {"address": args.address, "namespace": args.namespace}
        super().__init__(_NamespaceGuardProvider(), name, props, opts)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
