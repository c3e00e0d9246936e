"""The connection to Vault, tried before anything relies on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, ReadResult

from clients.errors import VaultError
from components.dynamic import reach
from components.dynamic.base import Check, Props, inputs, log, names
from federation import servers
from federation.rights import lacking
from federation.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.vault import Node


READ_ONLY: Final = "VAULTAWS_READ_ONLY"
"""Set by who only previews, with a token that may only read: what it lacks is told, not refused."""


class MisledError(Exception):
    """The shell would send the official provider to another namespace than declared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionArgs:
    """Which Vault."""

    address: str
    """Its address."""
    rights: dict[str, list[str]]
    """Capabilities by path that its token needs there; asked for and not recorded."""


class _ConnectionProvider(Check):
    """Tries it, where everything else would try by itself, with retries, one after the other."""

    INPUTS = tuple(name for name in names(ConnectionArgs) if name != "rights")
    SUBJECT = "address"

    def identify(self, _props: Props) -> str:
        """Return what is the same whatever the address."""
        return "connection"

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Refuse also a token that lacks rights, all of them at once.

        Some would be missed only half-way, some only by a destroy, after it has begun.
        """
        checked = super().check(olds, news)
        if not checked.failures and (trouble := _lacking(news["address"], news["rights"])):
            return CheckResult(checked.inputs, [CheckFailure("rights", trouble)])
        return checked

    def problems(self, _olds: Props, news: Props) -> Iterator[CheckFailure]:
        """Refuse a Vault that does not answer, is sealed, or does not know the token."""
        if trouble := _misled() or _trouble(news["address"]):
            yield CheckFailure("address", trouble)

    def read(self, id_: str, props: Props) -> ReadResult:
        """Say at once what every resource of Vault is about to find out by itself.

        Raises only for a shell that misleads: a destroy checks nothing. Whatever else is the matter
        does not stop it, for a refresh reads everything anyway, and Vault may be gone for good.
        """
        if misled := _misled():
            raise MisledError(misled)
        if trouble := _trouble(props["address"]):
            log.error("%s", trouble)
        return ReadResult(id_, self.asked(props), inputs=self.asked(props))


class Connection(pulumi.dynamic.Resource, module="vaultwif", name="Connection"):
    """Fails a preview or an update first, once and within seconds when Vault cannot be used.

    The official provider opens its connection anew for each resource, one after the other and
    with retries. The retries themselves must stay: a standby of Vault Enterprise answers 412
    until it has caught up (Vault, "Eventual consistency in Vault replication").
    """

    address: pulumi.Output[str]
    """Address of Vault, known once Vault has accepted the token there."""

    def __init__(
        self, name: str, args: ConnectionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_ConnectionProvider(), name, inputs(args), opts)


def _misled() -> str:
    """Return what would send the official provider elsewhere; empty if nothing would."""
    return told(servers.misled(os.environ.get("VAULT_NAMESPACE")))


def _trouble(address: str) -> str:
    """Return why Vault cannot be used and what to do; empty if it can."""
    try:
        connection = reach.first(address)
        if trouble := _unfit(address, connection.node()):
            return trouble
        connection.look_up_token()
    except VaultError as error:
        return str(error)
    return ""


def _unfit(address: str, node: Node) -> str:
    """Return why this node's cluster is not the one to deploy to; empty if it is."""
    trouble = servers.unfit(
        address, replication=node.replication, disaster_recovery=node.disaster_recovery
    )
    if not trouble and node.performance_standby:
        log.warning("%s", servers.lagging(address))
    return told(trouble)


def _lacking(address: str, rights: dict[str, list[str]]) -> str:
    """Return which rights the token lacks and what to do; empty if it has all."""
    try:
        missing = lacking(rights, reach.first(address).capabilities(sorted(rights)))
    except VaultError as error:
        # Who may do everything else need not be allowed to ask about it.
        log.warning("the rights of the token are not looked at: %s", error)
        return ""
    trouble = told(servers.unready(address, missing))
    if trouble and os.environ.get(READ_ONLY):
        log.warning("%s", trouble)
        return ""
    return trouble
