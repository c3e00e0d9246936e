"""Whether an account can be signed in to, and has what the settings name there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure, DiffResult

from clients.errors import SignInError
from components.dynamic import reach
from components.dynamic.base import Check, Props, inputs, names
from federation.account import AccountAccess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountCheckArgs:
    """Which account, and what the settings name in it."""

    account: AccountAccess
    """The account."""
    setting: str
    """Key of its settings."""
    named: Mapping[str, str]
    """Roles, users and policies that must be there, by ARN, each with the key that names it."""


class _AccountCheckProvider(Check):
    """Finds in a preview what Vault and AWS would refuse midway, and names the key.

    What the state remembers as named was there before: that it is gone since is left to whoever
    uses it, for an update must not fail over what it does not touch.
    """

    INPUTS = names(AccountCheckArgs, AccountAccess)
    SUBJECT = "account_id"

    def identify(self, props: Props) -> str:
        """Return the account's id."""
        return str(props["account_id"])

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Show no change: what it was asked the engine remembers nevertheless, as its inputs."""
        return DiffResult(changes=False)

    def problems(self, olds: Props, news: Props) -> Iterator[CheckFailure]:
        """Sign in, and look for what is newly named."""
        try:
            account = reach.account(news)
        except SignInError as error:
            setting = ".".join(filter(None, (news["setting"], error.setting)))
            yield CheckFailure("account_id", f"{setting}: {error}")
            return
        same = olds.get("account_id") == news["account_id"]
        before = olds.get("named", {}) if same else {}
        for arn, setting in sorted(news["named"].items()):
            if arn in before:
                continue
            found = account.there(arn)
            if found is None:
                yield CheckFailure("named", f"{setting}: there is no {arn}; make it first")
            elif found != arn:
                yield CheckFailure("named", f"{setting}: there is no {arn}; did you mean {found}?")


class AccountCheck(pulumi.dynamic.Resource, module="vaultwif", name="AccountCheck"):
    """Stands before everything in an account."""

    def __init__(
        self, name: str, args: AccountCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_AccountCheckProvider(), name, inputs(args), opts)
