"""Whose issuer and signing key a namespace has: this stack's, or another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure

from components.dynamic import reach
from components.dynamic.base import Check, Guard, Props, inputs, names
from federation import identity
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
        yield from _issuer_problems(olds, news)
        yield from _key_problems(olds, news)


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


def _issuer_problems(olds: Props, news: Props) -> Iterator[CheckFailure]:
    owned = olds.get("ownership") == "managed"
    held, declared = reach.vault(news).issuer(), news["issuer"]
    where = f"the namespace {news['namespace']}" if news["namespace"] else "the root namespace"
    write = identity.command("write", news["namespace"])
    if news["ownership"] == "managed":
        if held not in ("", olds["issuer"] if owned else ""):
            same = "" if held == declared else f" and vault.issuerAddress: {held}"
            yield CheckFailure(
                "issuer",
                f"the issuer of {where} is {held!r} already, and not this stack's: whoever set it "
                f"would lose it. Set vault.issuer: existing{same} to use it; if nobody needs it "
                f'any more, clear it with `{write} identity/oidc/config issuer=""`',
            )
    elif owned:
        yield CheckFailure(
            "issuer",
            f"the issuer of {where} was set by this stack, which would clear it at the end of this "
            "update: keep vault.issuer: managed; only a destroyed stack gives it up",
        )
    elif not held:
        yield CheckFailure(
            "issuer",
            f"{where} has no issuer: set vault.issuer: managed, or deploy the stack that manages "
            "it first",
        )
    elif held != declared:
        yield CheckFailure(
            "issuer",
            f"the issuer of {where} is {held!r}, declared is {declared!r}: set "
            f"vault.issuerAddress: {held}",
        )


def _key_problems(olds: Props, news: Props) -> Iterator[CheckFailure]:
    key, delete = news["key"], identity.command("delete", news["namespace"])
    if olds.get("key") != key and key in reach.vault(news).signing_keys():
        yield CheckFailure(
            "key",
            f"the signing key {key!r} exists already: another stack of this name uses this Vault, "
            "and both would write under the same names. Give this stack another name; if the other "
            f"one is gone for good, delete the key with `{delete} identity/oidc/key/{key}`",
        )
