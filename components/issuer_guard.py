"""Keeps an issuer while other stacks need it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, ResourceProvider, UpdateResult

from federation import identity
from federation.names import SIGNING_KEY_ENDS

INPUTS = ("address", "namespace", "issuer", "key")

log = logging.getLogger(__name__)


class IssuerInUseError(Exception):
    """Other stacks sign under this issuer; the message says which, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerGuardArgs:
    """Which issuer, and what of it is the stack's own."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    issuer: pulumi.Input[str]
    """The issuer, from the resource that clears it when it is deleted."""
    key: str
    """Name of the stack's own signing key."""


class _IssuerGuardProvider(ResourceProvider):
    """Looks on delete; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is guarded."""
        return CreateResult(f"issuer/{props['namespace'] or 'root'}", _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is guarded."""
        return UpdateResult(_asked(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Refuse while other stacks have a signing key in the namespace.

        A Vault that does not answer is no obstacle: it may be gone for good, and as long as it is
        merely away, the issuer cannot be cleared either.
        """
        from clients.vault import Vault, VaultUnreachableError  # noqa: PLC0415 - as elsewhere

        try:
            with Vault(props["address"], props["namespace"]) as vault:
                keys = vault.signing_keys()
        except VaultUnreachableError as error:
            log.warning("other users of the issuer were not looked for: %s", error)
            return
        others = sorted(
            key for key in keys if key.endswith(SIGNING_KEY_ENDS) and key != props["key"]
        )
        if others:
            delete = identity.command("delete", props["namespace"])
            raise IssuerInUseError(
                f"the issuer {props['issuer']} stays: other stacks sign under it, with "
                f"{', '.join(others)}. Destroy them first, then this one again; of a stack that is "
                f"gone for good, delete the key with `{delete} identity/oidc/key/{others[0]}`"
            )


class IssuerGuard(pulumi.dynamic.Resource, module="vaultwif", name="IssuerGuard"):
    """Stands between a managed issuer and everything that needs it.

    Destroyed before the issuer is cleared, and not destroyed while another stack signs under it.
    """

    issuer: pulumi.Output[str]
    """The issuer."""

    def __init__(
        self, name: str, args: IssuerGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "address": args.address,
            "namespace": args.namespace,
            "issuer": args.issuer,
            "key": args.key,
        }
        super().__init__(_IssuerGuardProvider(), name, props, opts)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
