"""Keeps an identity provider while others need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.account import access, identity_providers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from settings import AccountSettings


class IdentityProviderInUseError(Exception):
    """Others have audiences at this identity provider; the message says which, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderGuardArgs:
    """Which identity provider, and what of it is the stack's own."""

    account: AccountSettings
    """The account."""
    provider_arn: pulumi.Input[str]
    """The identity provider, from the resource that makes it."""
    audiences: Sequence[str]
    """The stack's own audiences there. An update that was cut short may have registered one of
    them without a record of it; nobody else needs it."""


class _IdentityProviderGuardProvider(ResourceProvider):
    """Looks on delete; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is guarded."""
        return CreateResult(props["provider_arn"], _asked(props))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Replace with the identity provider, so that the old one's delete looks at the old one."""
        old, new = _asked(olds), _asked(news)
        moved = old["provider_arn"] != new["provider_arn"]
        return DiffResult(changes=old != new, replaces=["provider_arn"] if moved else [])

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is guarded."""
        return UpdateResult(_asked(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Refuse while audiences are registered that are not this stack's."""
        arn = props["provider_arn"]
        registered = identity_providers(props).audiences(arn) or frozenset()
        others = sorted(registered - set(props["audiences"]))
        if others:
            raise IdentityProviderInUseError(
                f"the identity provider {arn} stays: others use its audiences {', '.join(others)}. "
                "Destroy their stacks first, then this one again; an audience that nobody uses any "
                "more goes with `aws iam remove-client-id-from-open-id-connect-provider "
                f"--open-id-connect-provider-arn {arn} --client-id {others[0]}`"
            )


class IdentityProviderGuard(
    pulumi.dynamic.Resource, module="vaultwif", name="IdentityProviderGuard"
):
    """Stands between a managed identity provider and everything that needs it.

    Destroyed before the identity provider is, and not destroyed while others have an audience
    there: AWS would delete those with it.
    """

    provider_arn: pulumi.Output[str]
    """ARN of the identity provider."""

    def __init__(
        self, name: str, args: IdentityProviderGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "provider_arn": args.provider_arn,
            "audiences": list(args.audiences),
            **access(args.account),
        }
        super().__init__(_IdentityProviderGuardProvider(), name, props, opts)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if not key.startswith("__")}
