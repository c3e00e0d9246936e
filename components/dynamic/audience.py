"""One audience of one stack: signed by its key, accepted by one account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, UpdateResult

from clients.errors import VaultError, VaultUnreachableError
from components.dynamic import reach
from components.dynamic.base import Props, Watcher, inputs, is_known, log, names
from federation.account import AccountAccess

if TYPE_CHECKING:
    from clients.aws import Account

ACCEPTED = "signed and accepted"
"""What is declared about an audience; in its place a refresh puts what is missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AudienceArgs:
    """Which audience, signed by which key, accepted at which identity provider."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    key: pulumi.Input[str]
    """Name of the signing key."""
    audience: str
    """The ``aud`` claim."""
    provider_arn: pulumi.Input[str]
    """The identity provider."""
    exclusive: bool
    """Whether the identity provider is the stack's own. Where it is not, an audience that was there
    before is somebody else's and survives this resource."""
    account: AccountAccess
    """The account of the identity provider."""
    state: str = ACCEPTED


class _AudienceProvider(Watcher):
    """Adds one audience to the lists of key and identity provider, and takes it away again."""

    INPUTS = names(AudienceArgs, AccountAccess)
    REPLACED_BY = ("namespace", "key", "audience")

    def identify(self, props: Props) -> str:
        """Return the identity provider with the audience."""
        return f"{props['provider_arn']}/{props['audience']}"

    def noun(self, props: Props) -> str:
        """Return which audience was."""
        return f"the audience {props['audience']!r} was"

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Warn in a preview already of a stack that has the same audience."""
        if not olds and is_known(news.get("key")) and (keys := _others(news)):
            log.warning(
                "the audience %r is that of another stack, whose key %s signs for it; two stacks "
                "that share one end each other's: choose an audience of your own",
                news["audience"],
                keys,
            )
        return CheckResult(news, [])

    def create(self, props: Props) -> CreateResult:
        """Add the audience, and remember whether AWS had accepted it before."""
        adopted = self._is_others(props)
        if adopted:
            log.warning(
                "the audience %r was registered at %s before, and whoever did it may remove it; "
                "if that is another stack, choose an audience of your own",
                props["audience"],
                props["provider_arn"],
            )
        self.apply(props)
        return CreateResult(self.identify(props), self.asked(props) | {"adopted": adopted})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Add what is missing; at another identity provider, move there.

        In place, for the issuer's tokens are the new one's by then: the old can take none of them.
        """
        moved = olds["provider_arn"] != news["provider_arn"]
        adopted = self._is_others(news) and (moved or olds["adopted"])
        self.apply(news)
        if moved and not olds["adopted"]:
            reach.account(news).remove_audience(olds["provider_arn"], olds["audience"])
        return UpdateResult(self.asked(news) | {"adopted": adopted})

    def apply(self, props: Props) -> None:
        """Let the key sign first, so that nothing is accepted that cannot be asked for."""
        reach.signing_keys(props).sign_for(props["key"], props["audience"])
        reach.account(props).add_audience(props["provider_arn"], props["audience"])

    def held(self, props: Props) -> Props:
        """Say what is missing, as somebody took it away."""
        account, arn = reach.account(props), props["provider_arn"]
        accepted = reach.lately(("audiences", arn), lambda: account.audiences(arn))
        where = (props["address"], props["namespace"], props["key"])
        signed = reach.lately(
            where, lambda: reach.signing_keys(props).signed_audiences(props["key"])
        )
        missing = [
            what
            for what, audiences in (
                ("not signed by the key", signed or ()),
                ("not accepted by the identity provider", accepted or ()),
            )
            if props["audience"] not in audiences
        ]
        return {"state": ", ".join(missing) or ACCEPTED}

    def delete(self, _id: str, props: Props) -> None:
        """Take the audience away, unless AWS accepts it for somebody else too."""
        others = "" if props["adopted"] else _others(props)
        if others:
            log.warning(
                "the audience %r stays at %s: %s of another stack signs for it, too",
                props["audience"],
                props["provider_arn"],
                others,
            )
        elif not props["adopted"]:
            reach.account(props).remove_audience(props["provider_arn"], props["audience"])
        try:
            reach.signing_keys(props).sign_no_more_for(props["key"], props["audience"])
        except VaultUnreachableError as error:
            # It may be gone for good; as long as it is merely away, its key cannot go either.
            log.warning("the audience %r stays at the key: %s", props["audience"], error)

    def _is_others(self, props: Props) -> bool:
        account: Account = reach.account(props)
        registered = () if props["exclusive"] else account.audiences(props["provider_arn"]) or ()
        return props["audience"] in registered


def _others(props: Props) -> str:
    """Name the keys of other stacks that sign for the audience; empty if there is none to see."""
    try:
        return " or ".join(other_signers(props, props["audience"]))
    except VaultError as error:
        log.warning("others' use of %r was not looked for: %s", props["audience"], error)
        return ""


def other_signers(props: Props, audience: str) -> list[str]:
    """Return the keys of a namespace beside the stack's own that sign for an audience by name.

    Raises:
        VaultError: Vault is unreachable, or refuses.
    """
    held, where = reach.signing_keys(props), (props["address"], props["namespace"])

    def signed(key: str) -> frozenset[str]:
        return reach.lately((*where, key), lambda: held.signed_audiences(key)) or frozenset()

    keys = reach.lately(("keys", *where), reach.vault(props).signing_keys)
    return sorted(key for key in keys if key != props["key"] and audience in signed(key))


class Audience(pulumi.dynamic.Resource, module="vaultwif", name="Audience"):
    """Has one audience signed and accepted, for as long as its mount needs it.

    A resource of its own because the engine updates before it deletes: in a list, the audience of
    a removed mount would be gone before its leases are revoked. Named by what it is: under the
    mount's name, a renamed mount's old resource would take away what the new one relies on.
    """

    adopted: pulumi.Output[bool]
    """Whether it had been registered by somebody else before; then it is never removed."""

    def __init__(
        self, name: str, args: AudienceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_AudienceProvider(), name, {**inputs(args), "adopted": None}, opts)
