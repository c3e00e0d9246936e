"""The Vault of the stack: its connection, and what there is once for each namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_vault as vault

from components.dynamic.connection import Connection, ConnectionArgs
from components.dynamic.thumbprint import Thumbprint, ThumbprintArgs
from components.issuer import Issuer, IssuerArgs
from components.namespace import Namespace, NamespaceArgs
from federation.identity import ROOT_NAMESPACE, host, parent_namespace

if TYPE_CHECKING:
    from federation.rights import Rights
    from settings import Settings


VAULT_RETRIES = 4
"""How often a provider makes a request again that fails, its ``maxRetries``. Its own default, 2, is
over after three seconds, and a cluster may look for a leader for longer. The pauses grow by a
second: these end after ten to fifteen. More would let a Vault that is gone look like a slow one."""


class Cluster:
    """Connects to Vault, once, and then provides for each namespace.

    Resources: the connection ``vault``, the thumbprint ``issuer-host``; for the root namespace the
    provider ``root``; for each other one that is used the :class:`Namespace` and a provider by its
    path; for each that has mounts an :class:`Issuer`.

    Args:
        config: The settings of the stack.
        rights: What the stack needs in Vault.
    """

    providers: dict[str, vault.Provider]
    """The provider of each namespace, by path; empty for the root one."""
    issuers: dict[str, Issuer]
    """Who Vault says it is in each namespace that has mounts, by path."""
    chain: Thumbprint
    """The certificate chain of the issuers' host."""

    def __init__(self, config: Settings, rights: Rights) -> None:
        declared = config.vault
        needed = {path: sorted(capabilities) for path, capabilities in sorted(rights.items())}
        connection = Connection("vault", ConnectionArgs(address=declared.address, rights=needed))
        self._connected = pulumi.ResourceOptions(depends_on=[connection])
        self.chain = Thumbprint(
            "issuer-host",
            ThumbprintArgs(
                host=host(declared.public_address),
                pinned=declared.thumbprints,
                ca_sha256=declared.ca_sha256,
            ),
            self._connected,
        )
        root = vault.Provider("root", _signed_in(connection, ROOT_NAMESPACE))
        self.providers = {ROOT_NAMESPACE: root}
        namespaces: dict[str, Namespace] = {}
        for path, ownership in config.owned_namespaces.items():
            parent = namespaces.get(parent_namespace(path)[0])
            namespaces[path] = Namespace(
                path,
                NamespaceArgs(
                    address=declared.address, path=path, ownership=ownership, parent=parent
                ),
                self._with(root),
            )
            self.providers[path] = vault.Provider(
                path,
                _signed_in(connection, path),
                pulumi.ResourceOptions(depends_on=[namespaces[path]]),
            )
        self.issuers = {
            path: Issuer(
                path or "root",
                IssuerArgs(cluster=declared, stack=config.stack, namespace=namespaces.get(path)),
                self._with(self.providers[path]),
            )
            for path in config.namespaces
        }

    def _with(self, provider: vault.Provider) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._connected, pulumi.ResourceOptions(providers=[provider])
        )


def _signed_in(connection: Connection, namespace: str) -> vault.ProviderArgs:
    return vault.ProviderArgs(
        address=connection.address,
        namespace=namespace or None,
        # No `token`, which would stand in previews and in the state: VAULT_TOKEN it is. And no
        # child token, which nobody would revoke.
        skip_child_token=True,
        max_retries=VAULT_RETRIES,
    )
