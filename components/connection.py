"""The connection to Vault, tried before anything relies on it."""

from __future__ import annotations

import logging
import os
from typing import Any

import pulumi
import pulumi_vault as vault
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

log = logging.getLogger(__name__)


class MisledError(Exception):
    """The shell would send the official provider to another namespace than declared."""


class _ConnectionProvider(ResourceProvider):
    """Tries the connection in ``check``, which preview and update make before anything else.

    Module path and class name stand in the state: renaming either orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse a Vault that does not answer, is sealed, or does not know the token."""
        trouble = _misled() or _trouble(news["address"])
        failures = [CheckFailure("address", trouble)] if trouble else []
        return CheckResult(_asked(news), failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record the address."""
        return CreateResult("connection", _asked(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Say at once what every resource of Vault is about to find out by itself.

        Raises only for a shell that misleads: a destroy checks nothing. Whatever else is the matter
        does not stop it, for a refresh reads everything anyway, and Vault may be gone for good.
        """
        if misled := _misled():
            raise MisledError(misled)
        if trouble := _trouble(props["address"]):
            log.error("%s", trouble)
        return ReadResult(id_, _asked(props), inputs=_asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record the address."""
        return UpdateResult(_asked(news))


class Connection(pulumi.dynamic.Resource, module="vaultwif", name="Connection"):
    """Fails a preview or an update first, once and within seconds when Vault cannot be used.

    The official provider opens its connection anew for each resource, one after the other and
    with retries. The retries themselves must stay: a standby of Vault Enterprise answers 412
    until it has caught up (Vault, "Eventual consistency in Vault replication").
    """

    address: pulumi.Output[str]
    """Address of Vault, known once Vault has accepted the token there."""

    def __init__(self, name: str, address: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(_ConnectionProvider(), name, {"address": address}, opts)

    def settings(self, namespace: str) -> vault.ProviderArgs:
        """Return the provider settings of one namespace, by its path; empty for the root one."""
        return vault.ProviderArgs(
            address=self.address,
            namespace=namespace or None,
            # No `token`, which would stand in previews and in the state: VAULT_TOKEN it is. And no
            # child token, which nobody would revoke.
            skip_child_token=True,
        )


def _misled() -> str:
    """Return what would send the official provider elsewhere; empty if nothing would."""
    held = os.environ.get("VAULT_NAMESPACE")
    if not held:
        return ""
    return (
        f"VAULT_NAMESPACE is {held!r}, and the official provider takes it for the root namespace: "
        "unset it; namespaces are declared in the settings"
    )


def _trouble(address: str) -> str:
    """Return why Vault cannot be used and what to do; empty if it can."""
    from clients.vault import Vault, VaultError  # noqa: PLC0415 - the program never needs it

    try:
        with Vault(address, timeout=5) as connection:
            connection.look_up_token()
    except VaultError as error:
        return str(error)
    return ""


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {"address": props["address"]}
