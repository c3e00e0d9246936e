"""What AWS knows about the issuer, in one account."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.declared import DeclaredAccount
from components.issuer import Issuer
from components.thumbprint import Thumbprint
from federation import names


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityProviderArgs:
    """Who is to be believed, and where."""

    account: DeclaredAccount
    """The account; an identity provider declared as existing there is only referred to."""
    issuer: Issuer
    """Whose tokens."""
    chain: Thumbprint
    """The certificate chain of the issuer's host; of use for a managed identity provider only."""


class IdentityProvider(pulumi.ComponentResource):
    """Makes one account believe tokens of one issuer, for registered audiences only.

    Type ``vaultwif:aws:IdentityProvider``. Children: ``<name>-oidc`` (managed only).
    """

    account: DeclaredAccount
    """The account, as it was declared."""
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
        self.account, self.issuer, self.chain = args.account, args.issuer, args.chain

        if args.account.identity_provider == "managed":
            provider = aws.iam.OpenIdConnectProvider(
                f"{name}-oidc",
                url=args.issuer.url,
                client_id_lists=[],
                thumbprint_lists=args.chain.thumbprints,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # because each audience is a RegisteredAudience of its own: in this list, the
                    # audience of a removed engine would go before its leases are revoked.
                    ignore_changes=["clientIdLists"],
                ),
            )
            self.arn = provider.arn
        else:
            self.arn = args.issuer.url.apply(
                lambda url: names.provider_arn(args.account.partition, args.account.id, url)
            )
        self.register_outputs({"arn": self.arn})
