"""What an OIDC auth method is configured with: an identity provider, and a client there."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, ResourceProvider, UpdateResult

if TYPE_CHECKING:
    from clients.logins import Logins

HELD = ("discovery_url", "client_id", "default_role")
"""Inputs that Vault itself can be asked for; named as in ``HeldOidcClient``."""

INPUTS = ("address", "namespace", "path", "accessor", "client_secret", *HELD)

log = logging.getLogger(__name__)


class OidcClientError(Exception):
    """Vault did not take the configuration; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OidcClientArgs:
    """The client that Vault is at an identity provider."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of its namespace; empty for root."""
    path: pulumi.Input[str]
    """Path of the mount."""
    accessor: pulumi.Input[str]
    """Accessor of the mount: a mount that was made again is configured again."""
    discovery_url: str
    """Issuer of the identity provider."""
    client_id: str
    """Name of the client there."""
    client_secret: pulumi.Output[str] = field(repr=False)
    """Secret of the client there; a secret output."""
    default_role: str
    """Role of the method for whoever names none."""


class _OidcClientProvider(ResourceProvider):
    """Writes the whole configuration; module path and class name stand in the state.

    The official ``vault.jwt.AuthBackend`` makes mount and configuration in one, and does not find
    its way back after a write that failed: a mount that Vault could not configure, because the
    identity provider is away or its address is wrong, a refresh drops from the state, and every
    further update ends at "path is already in use"; a secret that did not arrive stays in the state
    as if it had, and since Vault shows it to nobody, no refresh ever finds out.
    """

    serialize_as_secret_always = False  # it holds nothing itself; what it is given is secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Write it, or fail with cause and remedy."""
        _write(props)
        return CreateResult("oidc-client", _declared(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write it anew; if that fails, the state stays as it was, and the next run tries."""
        _write(news)
        return UpdateResult(_declared(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Put what Vault holds in place of what was declared, so that the next diff shows it.

        Never raises: it runs before every update and destroy, also before the one that mends.
        """
        from clients.vault import VaultError  # noqa: PLC0415 - the program itself never needs it

        held = _declared(props)
        try:
            with _logins(props) as vault:
                client = vault.oidc_client(props["path"])
            held |= {key: getattr(client, key, "") for key in HELD}
        except VaultError as error:
            log.warning("the login at %s was not looked up: %s", props["path"], error)
        return ReadResult(id_, held, inputs=held)


class OidcClient(pulumi.dynamic.Resource, module="vaultwif", name="OidcClient"):
    """Connects an OIDC auth method with its identity provider, and keeps it so.

    It goes with its mount: there is nothing to delete.
    """

    def __init__(
        self, name: str, args: OidcClientArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {key: getattr(args, key) for key in INPUTS}
        super().__init__(_OidcClientProvider(), name, props, opts)


def _write(props: dict[str, Any]) -> None:
    from clients.vault import VaultError  # noqa: PLC0415 - as above

    try:
        with _logins(props) as vault:
            vault.configure_oidc(
                props["path"],
                discovery_url=props["discovery_url"],
                client_id=props["client_id"],
                client_secret=props["client_secret"],
                default_role=props["default_role"],
            )
    except VaultError as error:
        url = props["discovery_url"]
        raise OidcClientError(
            f"the login at {props['path']} is not configured: {error}. If it is about the "
            f"discovery URL: Vault itself must reach {url}/.well-known/openid-configuration over "
            f"TLS it trusts, and the document must name {url} as its issuer, byte for byte; "
            "Vault's log says which of these it is. Then run `pulumi up` again"
        ) from error


def _logins(props: dict[str, Any]) -> Logins:
    from clients.logins import Logins  # noqa: PLC0415 - as above

    return Logins(props["address"], props["namespace"])


def _declared(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
