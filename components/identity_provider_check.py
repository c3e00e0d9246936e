"""Whether an identity provider is free for this stack to make, or there for it to use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ResourceProvider, UpdateResult

from components.account import access, identity_providers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import AccountSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderCheckArgs:
    """What the stack is about to make, or to rely on."""

    account: AccountSettings
    """The account, and whether its identity providers are the stack's own."""
    provider_arn: str
    """ARN that the identity provider has or will have."""


class _IdentityProviderCheckProvider(ResourceProvider):
    """Looks in ``check``, the one call that both preview and update make before anything else.

    AWS refuses to make a second one, but only in the middle of an update, and without a word about
    the settings. Module path and class name stand in the state: renaming either orphans existing
    resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what belongs to others, and what is relied upon but not there."""
        from clients.aws import AwsError  # noqa: PLC0415 - the program itself never needs it

        try:
            problems = list(_problems(olds, news))
        except AwsError as error:
            problems = [CheckFailure("provider_arn", str(error))]
        return CheckResult(_asked(news), problems)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is the stack's own from now on."""
        return CreateResult(props["provider_arn"], _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what is the stack's own from now on."""
        return UpdateResult(_asked(news))


class IdentityProviderCheck(
    pulumi.dynamic.Resource, module="vaultwif", name="IdentityProviderCheck"
):
    """Stands before an identity provider, and tells which ownership the settings should declare."""

    provider_arn: pulumi.Output[str]
    """ARN of the identity provider, known to be this stack's to make or to use."""

    def __init__(
        self, name: str, args: IdentityProviderCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "provider_arn": args.provider_arn,
            "ownership": args.account.identity_provider,
            **access(args.account),
        }
        super().__init__(_IdentityProviderCheckProvider(), name, props, opts)


def _problems(olds: dict[str, Any], news: dict[str, Any]) -> Iterator[CheckFailure]:
    arn, managed = news["provider_arn"], news["ownership"] == "managed"
    owned = olds.get("ownership") == "managed" and olds["provider_arn"] == arn
    if owned and managed:
        return
    if owned:
        yield CheckFailure(
            "provider_arn",
            f"the identity provider {arn} was made by this stack, which would delete it at the end "
            "of this update: keep identityProvider: managed; only a destroyed stack gives it up",
        )
        return
    there = identity_providers(news).audiences(arn) is not None
    if managed and there:
        yield CheckFailure(
            "provider_arn",
            f"the identity provider {arn} exists already, and not by this stack: set "
            "identityProvider: existing in the account's settings to use it",
        )
    if not managed and not there:
        yield CheckFailure(
            "provider_arn",
            f"there is no identity provider {arn}: set identityProvider: managed in the account's "
            "settings, or deploy the stack that manages it first",
        )


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if not key.startswith("__")}
