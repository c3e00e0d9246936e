"""Whether issuer and signing key of a namespace are free for this stack, or there for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ResourceProvider, UpdateResult
from pulumi.runtime import rpc

from federation import identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.vault import Vault
    from settings import VaultSettings

INPUTS = ("address", "namespace", "issuer", "ownership", "key")


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerCheckArgs:
    """What the stack is about to set, or to rely on."""

    cluster: VaultSettings
    """The cluster, and whether its issuers are the stack's own."""
    namespace: pulumi.Input[str]
    """Path of the namespace, unknown until it is there; empty for the root namespace."""
    key: str
    """Name of the stack's signing key there."""


class _IssuerCheckProvider(ResourceProvider):
    """Looks in ``check``, the one call that both preview and update make before anything else.

    Vault lets issuer and key be written over without a word, and the stack that did it would clear
    both in the end. What the state remembers of this check tells a stack's own from another's.
    Module path and class name stand in the state: renaming either orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what belongs to others, and what is relied upon but not there."""
        # An unknown arrives as an object: the namespace is still to be made, and empty.
        if not isinstance(news["namespace"], str) or news["namespace"] == rpc.UNKNOWN:
            return CheckResult({**_asked(news), "namespace": rpc.UNKNOWN}, [])
        from clients.vault import Vault, VaultError  # noqa: PLC0415 - the program never needs it

        try:
            with Vault(news["address"], news["namespace"]) as vault:
                problems = [*_issuer_problems(vault, olds, news), *_key_problems(vault, olds, news)]
        except VaultError as error:
            problems = [CheckFailure("issuer", str(error))]
        return CheckResult(_asked(news), problems)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is the stack's own from now on."""
        return CreateResult(f"issuer/{props['namespace'] or 'root'}", _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is the stack's own from now on."""
        return UpdateResult(_asked(news))


class IssuerCheck(pulumi.dynamic.Resource, module="vaultwif", name="IssuerCheck"):
    """Stands before issuer and signing key of one namespace, and lets no stack take another's."""

    issuer: pulumi.Output[str]
    """The address that issuers begin with, known to be this stack's to set or to use."""
    key: pulumi.Output[str]
    """Name of the signing key, known to be no other stack's."""

    def __init__(
        self, name: str, args: IssuerCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "address": args.cluster.address,
            "namespace": args.namespace,
            "issuer": args.cluster.public_address,
            "ownership": args.cluster.issuer,
            "key": args.key,
        }
        super().__init__(_IssuerCheckProvider(), name, props, opts)


def _issuer_problems(
    vault: Vault, olds: dict[str, Any], news: dict[str, Any]
) -> Iterator[CheckFailure]:
    owned = olds.get("ownership") == "managed"
    held, declared = vault.issuer(), news["issuer"]
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


def _key_problems(
    vault: Vault, olds: dict[str, Any], news: dict[str, Any]
) -> Iterator[CheckFailure]:
    key, delete = news["key"], identity.command("delete", news["namespace"])
    if olds.get("key") != key and key in vault.signing_keys():
        yield CheckFailure(
            "key",
            f"the signing key {key!r} exists already: another stack of this name uses this Vault, "
            "and both would write under the same names. Give this stack another name; if the other "
            f"one is gone for good, delete the key with `{delete} identity/oidc/key/{key}`",
        )


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
