"""Whose identity provider an account has: this stack's, or another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure

from clients.errors import VaultError
from components.dynamic import reach
from components.dynamic.audience import other_signers
from components.dynamic.base import Check, Guard, Props, inputs, log, names
from federation import ownership
from federation.account import AccountAccess

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderCheckArgs:
    """What the stack is about to make, or to rely on."""

    account: AccountAccess
    """The account."""
    provider_arn: str
    """ARN that the identity provider has or will have."""
    ownership: str
    """Whether it is the stack's own: ``managed`` or ``existing``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderGuardArgs:
    """Which identity provider, and what of it is the stack's own."""

    account: AccountAccess
    """The account."""
    provider_arn: pulumi.Input[str]
    """The identity provider, from the resource that makes it."""
    audiences: Sequence[str]
    """The stack's own audiences there. An update that was cut short may have registered one of
    them without a record of it; nobody else needs it, unless another key signs for it too."""
    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    key: pulumi.Input[str]
    """Name of the stack's own signing key."""


class _IdentityProviderCheckProvider(Check):
    """AWS refuses a second one, but only midway, and without a word about the settings."""

    INPUTS = names(IdentityProviderCheckArgs, AccountAccess)
    SUBJECT = "provider_arn"

    def identify(self, props: Props) -> str:
        """Return the ARN."""
        return str(props["provider_arn"])

    def problems(self, olds: Props, news: Props) -> Iterator[CheckFailure]:
        """Look whether the identity provider is there."""
        arn, made = news["provider_arn"], olds.get("ownership") == ownership.MANAGED
        owned = made and olds["provider_arn"] == arn
        there = not owned and reach.account(news).audiences(arn) is not None
        trouble = ownership.identity_provider(arn, news["ownership"], there=there, owned=owned)
        if trouble:
            yield CheckFailure("provider_arn", str(trouble))


class _IdentityProviderGuardProvider(Guard):
    """AWS would delete the audiences of others along. Goes with the very one that it looks at."""

    INPUTS = names(IdentityProviderGuardArgs, AccountAccess)
    REPLACED_BY = ("provider_arn",)

    def identify(self, props: Props) -> str:
        """Return the ARN."""
        return str(props["provider_arn"])

    def others(self, props: Props) -> str:
        """Look for audiences that are not this stack's."""
        arn = props["provider_arn"]
        registered = reach.account(props).audiences(arn) or frozenset()
        others = sorted(registered - set(props["audiences"]))
        if not others:
            return self._shared(props)
        return (
            f"the identity provider {arn} stays: others use its audiences {', '.join(others)}. "
            "Destroy their stacks first, then this one again; an audience that nobody uses any "
            "more goes with `aws iam remove-client-id-from-open-id-connect-provider "
            f"--open-id-connect-provider-arn {arn} --client-id {others[0]}`"
        )

    def _shared(self, props: Props) -> str:
        """Look for stacks that declare the very audience of this one; Vault knows them by key."""
        try:
            shared = {
                audience: keys
                for audience in sorted(props["audiences"])
                if (keys := other_signers(props, audience))
            }
        except VaultError as error:
            log.warning("other users of %s were not looked for: %s", self.identify(props), error)
            return ""
        if not shared:
            return ""
        told = ", ".join(f"{audience} ({', '.join(keys)})" for audience, keys in shared.items())
        return (
            f"the identity provider {props['provider_arn']} stays: other stacks have the same "
            f"audiences, and keys that sign for them: {told}. Destroy these stacks first, or give "
            "them audiences of their own, then destroy this one again"
        )


class IdentityProviderCheck(
    pulumi.dynamic.Resource, module="vaultwif", name="IdentityProviderCheck"
):
    """Stands before an identity provider, and tells which ownership the settings should declare."""

    provider_arn: pulumi.Output[str]
    """ARN of the identity provider, known to be this stack's to make or to use."""

    def __init__(
        self, name: str, args: IdentityProviderCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_IdentityProviderCheckProvider(), name, inputs(args), opts)


class IdentityProviderGuard(
    pulumi.dynamic.Resource, module="vaultwif", name="IdentityProviderGuard"
):
    """Keeps a managed identity provider until it accepts no audience, of this stack or another."""

    provider_arn: pulumi.Output[str]
    """ARN of the identity provider."""

    def __init__(
        self, name: str, args: IdentityProviderGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_IdentityProviderGuardProvider(), name, inputs(args), opts)
