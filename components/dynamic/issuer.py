"""Whose issuer and signing key a namespace has: this stack's, or another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure

from components.dynamic import reach
from components.dynamic.base import Check, Guard, Props, inputs, names
from federation import identity, ownership
from federation.names import SIGNING_KEY_ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerCheckArgs:
    """What the stack is about to set, or to rely on."""

    address: str
    """Address of Vault."""
    namespace: pulumi.Input[str]
    """Path of the namespace, unknown until it is there; empty for the root namespace."""
    issuer: str
    """The address that issuers begin with."""
    ownership: str
    """Whether the issuer is the stack's own: ``managed`` or ``existing``."""
    key: str
    """Name of the stack's signing key there."""


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


class _IssuerCheckProvider(Check):
    """Vault lets issuer and key be written over without a word, and in the end both be cleared."""

    INPUTS = names(IssuerCheckArgs)
    SUBJECT = "issuer"

    def identify(self, props: Props) -> str:
        """Return the namespace."""
        return f"issuer/{props['namespace'] or 'root'}"

    def problems(self, olds: Props, news: Props) -> Iterator[CheckFailure]:
        """Look at the issuer and at the signing key."""
        yield from _problems(olds, news)


class _IssuerGuardProvider(Guard):
    """Who deletes the issuer's configuration takes the issuer from every key in the namespace."""

    INPUTS = names(IssuerGuardArgs)

    def identify(self, props: Props) -> str:
        """Return the namespace."""
        return f"issuer/{props['namespace'] or 'root'}"

    def others(self, props: Props) -> str:
        """Look for signing keys of other stacks."""
        keys = reach.vault(props).signing_keys()
        others = sorted(
            key for key in keys if key.endswith(SIGNING_KEY_ENDS) and key != props["key"]
        )
        if not others:
            return ""
        delete = identity.command("delete", props["namespace"])
        return (
            f"the issuer {props['issuer']} stays: other stacks sign under it, with "
            f"{', '.join(others)}. Destroy them first, then this one again; of a stack that is "
            f"gone for good, delete the key with `{delete} identity/oidc/key/{others[0]}`"
        )


class IssuerCheck(pulumi.dynamic.Resource, module="vaultwif", name="IssuerCheck"):
    """Stands before issuer and signing key of one namespace, and lets no stack take another's."""

    issuer: pulumi.Output[str]
    """The address that issuers begin with, known to be this stack's to set or to use."""
    key: pulumi.Output[str]
    """Name of the signing key, known to be no other stack's."""

    def __init__(
        self, name: str, args: IssuerCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_IssuerCheckProvider(), name, inputs(args), opts)


class IssuerGuard(pulumi.dynamic.Resource, module="vaultwif", name="IssuerGuard"):
    """Keeps a managed issuer until nothing signs under it, of this stack or of another."""

    issuer: pulumi.Output[str]
    """The issuer."""

    def __init__(
        self, name: str, args: IssuerGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_IssuerGuardProvider(), name, inputs(args), opts)


def _problems(olds: Props, news: Props) -> Iterator[CheckFailure]:
    vault, namespace = reach.vault(news), news["namespace"]
    issuer = ownership.issuer(
        vault.issuer(),
        news["issuer"],
        news["ownership"],
        namespace=namespace,
        set_before=olds["issuer"] if olds.get("ownership") == ownership.MANAGED else "",
    )
    if issuer:
        yield CheckFailure("issuer", str(issuer))
    owned = olds.get("key") == news["key"]
    there = not owned and news["key"] in vault.signing_keys()
    key = ownership.signing_key(news["key"], there=there, owned=owned, namespace=namespace)
    if key:
        yield CheckFailure("key", str(key))
