"""One AWS account: how the program signs in there, and whose tokens it believes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.dynamic.account import AccountCheck, AccountCheckArgs
from components.identity_provider import IdentityProvider, IdentityProviderArgs
from federation.account import SESSION_NAME
from federation.names import stack_tags

if TYPE_CHECKING:
    from components.cluster import Cluster
    from settings import AccountSettings, Settings

AWS_RETRIES = 8
"""How often an account's provider makes a request that fails, its ``maxRetries``. Its own default,
25, means most of an hour in which an AWS that cannot be reached looks like a slow one. The pauses
double: eight attempts end after a quarter of a minute, throttled ones after two to four."""


class Account:
    """Signs in to an account, and makes it believe the issuers of the namespaces that act there.

    Resources: ``<id>-check`` where anything is in it, a provider by the account's id, an
    :class:`IdentityProvider` for each namespace.
    """

    provider: aws.Provider
    """The provider of the account."""
    trusts: dict[str, IdentityProvider]
    """What the account knows of each issuer, by the path of its namespace."""

    def __init__(self, name: str, config: Settings, cluster: Cluster) -> None:
        account = config.accounts[name]
        deploy_role = aws.ProviderAssumeRoleArgs(
            role_arn=account.deploy_role_arn,
            external_id=account.external_id,
            session_name=SESSION_NAME,
        )
        # An account that nothing is in is only known, and need not be in reach.
        checks = [_check(account, config)] if config.is_used(name) else []
        self.provider = aws.Provider(
            account.id,
            aws.ProviderArgs(
                region=account.region,
                profile=account.profile,
                assume_roles=[deploy_role] if account.deploy_role_arn else None,
                allowed_account_ids=[account.id],
                max_retries=AWS_RETRIES,
                default_tags=aws.ProviderDefaultTagsArgs(tags=stack_tags(config.stack)),
            ),
            pulumi.ResourceOptions(depends_on=checks),
        )
        self.trusts = {
            path: IdentityProvider(
                f"{account.id}/{path or 'root'}",
                IdentityProviderArgs(
                    account=account,
                    issuer=cluster.issuers[path],
                    chain=cluster.chain,
                    audiences=audiences,
                    reached=checks,
                ),
                pulumi.ResourceOptions(providers=[self.provider]),
            )
            for (holder, path), audiences in config.federations.items()
            if holder == name
        }


def _check(account: AccountSettings, config: Settings) -> AccountCheck:
    return AccountCheck(
        f"{account.id}-check",
        AccountCheckArgs(
            account=account.access,
            setting=".".join(map(str, account.key)),
            named=config.named(account.name),
        ),
    )
