"""How the official providers of a cluster and of an account sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_aws as aws
import pulumi_vault as vault

from federation.names import stack_tags

if TYPE_CHECKING:
    from components.declared import DeclaredAccount
    from components.dynamic.connection import Connection

AWS_RETRIES = 8
"""How often an account's provider repeats a request that fails. Its own default, 25, means minutes
in which an AWS that cannot be reached looks like a slow one; eight outlast throttling, and end
within about a minute."""


def vault_args(connection: Connection, namespace: str) -> vault.ProviderArgs:
    """Return the settings of the provider of one namespace, by its path; empty for the root one."""
    return vault.ProviderArgs(
        address=connection.address,
        namespace=namespace or None,
        # No `token`, which would stand in previews and in the state: VAULT_TOKEN it is. And no
        # child token, which nobody would revoke.
        skip_child_token=True,
    )


def aws_args(account: DeclaredAccount, stack: str) -> aws.ProviderArgs:
    """Return how the provider of an account signs in, tags what it makes, and gives up."""
    deploy_role = aws.ProviderAssumeRoleArgs(
        role_arn=account.deploy_role_arn, external_id=account.external_id
    )
    return aws.ProviderArgs(
        region=account.region,
        profile=account.profile,
        assume_roles=[deploy_role] if account.deploy_role_arn else None,
        allowed_account_ids=[account.id],
        max_retries=AWS_RETRIES,
        default_tags=aws.ProviderDefaultTagsArgs(tags=stack_tags(stack)),
    )
