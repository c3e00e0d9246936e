"""One audience that one account accepts."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from components.account import access, identity_providers

if TYPE_CHECKING:
    from settings import AccountSettings

INPUTS = (
    "provider_arn",
    "audience",
    "exclusive",
    "account_id",
    "region",
    "profile",
    "deploy_role_arn",
    "external_id",
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredAudienceArgs:
    """Which audience, at which identity provider, reached how."""

    provider_arn: pulumi.Input[str]
    """The identity provider."""
    audience: str
    """The ``aud`` claim to accept."""
    account: AccountSettings
    """The account. Where the identity provider is declared as existing, an audience that was there
    before is somebody else's and survives this resource."""


class _RegisteredAudienceProvider(ResourceProvider):
    """Adds and removes one client id; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Replace when another audience is meant; everything else is only a way to get there."""
        replaces = [key for key in ("provider_arn", "audience") if olds.get(key) != news.get(key)]
        changed = any(olds.get(key) != news.get(key) for key in INPUTS)
        return DiffResult(changes=changed, replaces=replaces)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Register the audience, and remember whether it had been there before."""
        arn, audience = props["provider_arn"], props["audience"]
        providers = identity_providers(props)
        adopted = not props["exclusive"] and audience in (providers.audiences(arn) or ())
        if adopted:
            log.warning(
                "the audience %r was registered at %s before, and whoever did it may remove it; "
                "if that is another stack, choose an audience of your own",
                audience,
                arn,
            )
        providers.add(arn, audience)
        return CreateResult(f"{arn}/{audience}", _outputs(props, adopted=adopted))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Say whether the audience is still registered; gone means to be created anew."""
        from clients.aws import AwsError  # noqa: PLC0415 - the program itself never needs it

        try:
            registered = identity_providers(props).audiences(props["provider_arn"]) or ()
        except AwsError as error:
            # Raising would block every update and destroy, also the one that mends the access
            # settings recorded here. What is not known to be gone is taken to be there.
            log.warning("the audience %r was not looked up: %s", props["audience"], error)
            return ReadResult(id_, _outputs(props, adopted=props["adopted"]))
        if props["audience"] not in registered:
            return ReadResult(None, {})
        return ReadResult(id_, _outputs(props, adopted=props["adopted"]))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record another way to reach the account."""
        return UpdateResult(_outputs(news, adopted=olds["adopted"]))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Remove the audience, unless it had been somebody else's before."""
        if not props["adopted"]:
            identity_providers(props).remove(props["provider_arn"], props["audience"])


class RegisteredAudience(pulumi.dynamic.Resource, module="vaultwif", name="RegisteredAudience"):
    """Registers one audience at an identity provider, for as long as its mount needs it.

    A resource of its own because the engine updates before it deletes: in a list, the audience of
    a removed engine would be gone before its leases are revoked.
    """

    audience: pulumi.Output[str]
    """The registered audience."""
    adopted: pulumi.Output[bool]
    """Whether it had been registered by somebody else before; then it is never removed."""

    def __init__(
        self, name: str, args: RegisteredAudienceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "provider_arn": args.provider_arn,
            "audience": args.audience,
            "exclusive": args.account.identity_provider == "managed",
            "adopted": None,
            **access(args.account),
        }
        super().__init__(_RegisteredAudienceProvider(), name, props, opts)


def _outputs(props: dict[str, Any], *, adopted: bool) -> dict[str, Any]:
    known = {key: props[key] for key in INPUTS if props.get(key) is not None}
    return {**known, "adopted": adopted}
