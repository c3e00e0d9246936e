"""Who Vault says it is, in one namespace."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_vault as vault

from components.dynamic.issuer import IssuerCheck, IssuerCheckArgs, IssuerGuard, IssuerGuardArgs
from components.namespace import Namespace
from federation import identity, names

if TYPE_CHECKING:
    from settings import VaultSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuerArgs:
    """Whose plugin tokens these are."""

    cluster: "VaultSettings"
    """The cluster; an issuer declared as existing is never touched."""
    stack: str
    """The stack; its signing key is its own, also where the issuer is not."""
    namespace: Namespace | None
    """The namespace; ``None`` for the root one."""


class Issuer(pulumi.ComponentResource):
    """Gives the plugin tokens of one namespace an issuer and a signing key.

    Type ``vaultwif:vault:Issuer``. Children: ``<name>-check``, ``<name>-config`` (managed only),
    ``<name>-guard`` (managed only), ``<name>-key``.
    """

    declared_url: str
    """The ``iss`` claim as it will be."""
    url: pulumi.Output[str]
    """The ``iss`` claim; known only once Vault answers to it."""
    key: pulumi.Output[str]
    """Name of the signing key."""
    namespace_id: pulumi.Output[str]
    """Id of the namespace, which the ``sub`` claim carries instead of its path."""

    def __init__(
        self, name: str, args: IssuerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:vault:Issuer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        # Pulumi evaluates the annotations of the class, and knows no settings.
        self.declared: VaultSettings = args.cluster
        """The cluster, as it was declared."""
        path = args.namespace.path if args.namespace else identity.ROOT_NAMESPACE
        self.namespace: str = path
        """Path of the namespace."""
        self.declared_url = identity.issuer(args.cluster.public_address, path)
        signing_key = names.signing_key(args.stack, path)
        check = IssuerCheck(
            f"{name}-check",
            IssuerCheckArgs(
                address=args.cluster.address,
                namespace=args.namespace.there if args.namespace else path,
                issuer=args.cluster.public_address,
                ownership=args.cluster.issuer,
                key=signing_key,
            ),
            child,
        )
        address = check.issuer
        if args.cluster.issuer == "managed":
            config = vault.identity.Oidc(f"{name}-config", issuer=address, opts=child)
            # Derived from the resource, so that on destroy the issuer outlives what names it.
            guard = IssuerGuard(
                f"{name}-guard",
                IssuerGuardArgs(
                    address=args.cluster.address,
                    namespace=path,
                    issuer=config.issuer.apply(lambda held: held or args.cluster.public_address),
                    key=signing_key,
                ),
                child,
            )
            address = guard.issuer
        self.url = address.apply(lambda held: identity.issuer(held, path))
        key = vault.identity.OidcKey(
            f"{name}-key",
            name=check.key,
            # The one algorithm Vault's default key uses and AWS has always accepted.
            algorithm="RS256",
            rotation_period=args.cluster.key_rotation_seconds,
            verification_ttl=args.cluster.key_verification_seconds,
            opts=child,
        )
        self.key = key.name
        self.namespace_id = (
            args.namespace.id
            if args.namespace
            else pulumi.Output.from_input(identity.ROOT_NAMESPACE_ID)
        )
        self.register_outputs({"url": self.url, "key": self.key, "namespace_id": self.namespace_id})
