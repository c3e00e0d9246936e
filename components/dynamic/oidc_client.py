"""What an OIDC auth method is configured with: an identity provider, and a client there."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi

from clients.errors import VaultError
from components.dynamic import reach
from components.dynamic.base import Props, Watcher, inputs, names

HELD = ("discovery_url", "client_id", "default_role", "provider_config")
"""Inputs that Vault itself can be asked for; named as in ``HeldOidcClient``."""


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
    provider_config: dict[str, str | bool] | None = None
    """How Vault asks the identity provider for groups; ``None``: it takes those of the token."""


class _OidcClientProvider(Watcher):
    """Writes the whole configuration, until it is written.

    The official ``vault.jwt.AuthBackend`` makes mount and configuration in one, and does not find
    its way back after a write that failed: a mount that Vault could not configure, because the
    identity provider is away or its address is wrong, a refresh drops from the state, and every
    further update ends at "path is already in use"; a secret that did not arrive stays in the state
    as if it had, and since Vault shows it to nobody, no refresh ever finds out.
    """

    INPUTS = names(OidcClientArgs)

    def identify(self, _props: Props) -> str:
        """Return what is the same for every method."""
        return "oidc-client"

    def noun(self, props: Props) -> str:
        """Return which login was."""
        return f"the login at {props['path']} was"

    def apply(self, props: Props) -> None:
        """Write it, or fail with cause and remedy.

        If that fails, the state stays as it was, and the next run tries.
        """
        try:
            reach.logins(props).configure_oidc(
                props["path"],
                discovery_url=props["discovery_url"],
                client_id=props["client_id"],
                client_secret=props["client_secret"],
                default_role=props["default_role"],
                provider_config=props.get("provider_config") or {},
            )
        except VaultError as error:
            url = props["discovery_url"]
            raise OidcClientError(
                f"the login at {props['path']} is not configured: {error}. If it is about the "
                f"discovery URL: Vault itself must reach {url}/.well-known/openid-configuration "
                f"over TLS it trusts, and the document must name {url} as its issuer, byte for "
                "byte; Vault's log says which of these it is. Then run `pulumi up` again"
            ) from error

    def held(self, props: Props) -> Props:
        """Say what Vault holds; a login that is gone holds nothing."""
        client = reach.logins(props).oidc_client(props["path"])
        held = {key: getattr(client, key, "") for key in HELD}
        asks = held.pop("provider_config") or None
        return held | ({"provider_config": asks} if asks or "provider_config" in props else {})


class OidcClient(pulumi.dynamic.Resource, module="vaultwif", name="OidcClient"):
    """Connects an OIDC auth method with its identity provider, and keeps it so.

    It goes with its mount: there is nothing to delete.
    """

    def __init__(
        self, name: str, args: OidcClientArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_OidcClientProvider(), name, inputs(args), opts)
