"""What AWS knows about the issuer, in one account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.dynamic.identity_provider import (
    IdentityProviderCheck,
    IdentityProviderCheckArgs,
    IdentityProviderGuard,
    IdentityProviderGuardArgs,
)
from components.dynamic.thumbprint import Thumbprint
from components.issuer import Issuer
from federation import names

if TYPE_CHECKING:
    from settings import AccountSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderArgs:
    """Who is to be believed, and where."""

    account: "AccountSettings"
    """The account; an identity provider declared as existing there is only referred to."""
    issuer: Issuer
    """Whose tokens."""
    chain: Thumbprint
    """The certificate chain of the issuer's host; of use for a managed identity provider only."""
    audiences: Sequence[str]
    """The audiences of the stack's own mounts; each is an Audience of its own."""
    reached: Sequence[pulumi.Resource]
    """What says that the account can be asked."""


class IdentityProvider(pulumi.ComponentResource):
    """Makes one account believe tokens of one issuer, for registered audiences only.

    Type ``vaultwif:aws:IdentityProvider``. Children: ``<name>-check``, ``<name>-oidc`` (managed
    only), ``<name>-guard`` (managed only).
    """

    issuer: Issuer
    """Whose tokens are believed."""
    chain: Thumbprint
    """The certificate chain of the issuer's host."""
    arn: pulumi.Output[str]
    """ARN of the identity provider."""

    def __init__(
        self, name: str, args: IdentityProviderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:aws:IdentityProvider", name, None, opts)
        # Pulumi evaluates the annotations of the class, and knows no settings.
        self.account: AccountSettings = args.account
        """The account, as it was declared."""
        self.issuer, self.chain = args.issuer, args.chain

        check = IdentityProviderCheck(
            f"{name}-check",
            IdentityProviderCheckArgs(
                account=args.account.access,
                ownership=args.account.identity_provider,
                # A string, so that the check waits for nothing: the issuer is not set yet.
                provider_arn=names.provider_arn(
                    args.account.partition, args.account.id, args.issuer.declared_url
                ),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=args.reached),
        )
        arn = check.provider_arn
        if args.account.identity_provider == "managed":
            arn = self._managed(name, args.audiences, check).provider_arn
        # On destroy, the issuer outlives what names it.
        self.arn = pulumi.Output.all(arn, args.issuer.url).apply(lambda known: str(known[0]))
        self.register_outputs({"arn": self.arn})

    def _managed(
        self, name: str, audiences: Sequence[str], check: IdentityProviderCheck
    ) -> IdentityProviderGuard:
        provider = aws.iam.OpenIdConnectProvider(
            f"{name}-oidc",
            url=self.issuer.url,
            client_id_lists=[],
            thumbprint_lists=self.chain.thumbprints,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[check],
                # because each audience is a resource of its own: in this list, the
                # audience of a removed engine would go before its leases are revoked.
                ignore_changes=["clientIdLists"],
            ),
        )
        return IdentityProviderGuard(
            f"{name}-guard",
            IdentityProviderGuardArgs(
                account=self.account.access,
                provider_arn=provider.arn,
                audiences=audiences,
                address=self.issuer.declared.address,
                namespace=self.issuer.namespace,
                key=self.issuer.key,
            ),
            pulumi.ResourceOptions(parent=self),
        )
