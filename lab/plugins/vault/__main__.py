"""``python -m lab.plugins.vault ENGINE``: serves the stand-in ``vault`` plugin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from lab.plugins.provider import Plugin
from lab.plugins.resource import ProviderError
from lab.plugins.server import serve
from lab.plugins.vault.auth_method import AuthBackend, AuthBackendClient, AuthBackendStsRole
from lab.plugins.vault.auth_role import AuthBackendConfigIdentity, AuthBackendRole
from lab.plugins.vault.groups import Group, GroupAlias
from lab.plugins.vault.identity import Oidc, OidcKey, OidcKeyAllowedClientID, Policy
from lab.plugins.vault.namespace import Namespace, look_up
from lab.plugins.vault.oidc_login import JwtAuthBackendRole
from lab.plugins.vault.secrets_engine import SecretBackend, SecretBackendRole
from lab.plugins.vault.session import CHILD_TOKEN_TTL_SECONDS, Settings, VaultSession

if TYPE_CHECKING:
    from lab.plugins.values import Values


class VaultPlugin(Plugin[VaultSession]):
    """The ``vault`` package.

    The token comes from the provider's ``token`` or, so that the state holds none, from
    ``VAULT_TOKEN``.
    """

    package = "vault"
    resources = (
        Oidc,
        OidcKey,
        OidcKeyAllowedClientID,
        Namespace,
        Policy,
        SecretBackend,
        SecretBackendRole,
        AuthBackend,
        AuthBackendClient,
        AuthBackendRole,
        AuthBackendConfigIdentity,
        JwtAuthBackendRole,
        Group,
        GroupAlias,
        AuthBackendStsRole,
    )
    functions: ClassVar = {"vault:index/getNamespace:getNamespace": look_up}
    settings: ClassVar[dict[str, type]] = {
        "address": str,
        "token": str,
        "namespace": str,
        "skipChildToken": bool,
        "maxRetries": int,
        "maxLeaseTtlSeconds": int,
    }

    def open(self, settings: Values) -> VaultSession:
        """Return a session that opens its connection with the first call.

        Raises:
            ProviderError: no address, or no token.
        """
        address = settings.get("address") or os.environ.get("VAULT_ADDR")
        token = settings.get("token") or os.environ.get("VAULT_TOKEN")
        if not address:
            raise ProviderError("no Vault address: set the provider's `address` or VAULT_ADDR")
        if not token:
            raise ProviderError("no Vault token: set VAULT_TOKEN, or the provider's `token`")
        return VaultSession(
            Settings(
                address=address,
                token=token,
                namespace=settings.get("namespace") or os.environ.get("VAULT_NAMESPACE", ""),
                skip_child_token=settings.get("skipChildToken", False),
                max_retries=settings.get("maxRetries", 2),
                child_token_ttl_seconds=settings.get("maxLeaseTtlSeconds", CHILD_TOKEN_TTL_SECONDS),
            )
        )


if __name__ == "__main__":
    serve(VaultPlugin())
