"""How the providers of an account sign in, and the program's own calls with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_aws as aws

from federation.names import stack_tags

if TYPE_CHECKING:
    from clients.aws import AccountAccess, Holdings, IdentityProviders, Users
    from components.declared import DeclaredAccount


AWS_RETRIES = 8
"""How often an account's provider makes a request that fails, its ``maxRetries``. Its own default,
25, means most of an hour in which an AWS that cannot be reached looks like a slow one. The pauses
double: eight attempts end after a quarter of a minute, throttled ones after two to four."""


def sign_in(account: DeclaredAccount, stack: str) -> aws.ProviderArgs:
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


def access(account: DeclaredAccount) -> dict[str, str | None]:
    """Return the inputs by which a dynamic resource reaches the account."""
    return {
        "account_id": account.id,
        "region": account.region,
        "profile": account.profile,
        "deploy_role_arn": account.deploy_role_arn,
        "external_id": account.external_id,
    }


def identity_providers(props: dict[str, Any]) -> IdentityProviders:
    """Reach the identity providers of the account that the inputs of :func:`access` name."""
    from clients.aws import IdentityProviders  # noqa: PLC0415 - the program itself never needs it

    return IdentityProviders(_reached(props))


def holdings(props: dict[str, Any]) -> Holdings:
    """Reach what the account that the inputs of :func:`access` name holds by name."""
    from clients.aws import Holdings  # noqa: PLC0415 - as above

    return Holdings(_reached(props))


def users(props: dict[str, Any]) -> Users:
    """Reach the IAM users of the account that the inputs of :func:`access` name."""
    from clients.aws import Users  # noqa: PLC0415 - as above

    return Users(_reached(props))


def _reached(props: dict[str, Any]) -> AccountAccess:
    from clients.aws import AccountAccess  # noqa: PLC0415 - as above

    return AccountAccess(
        account_id=props["account_id"],
        region=props["region"],
        profile=props.get("profile"),
        deploy_role_arn=props.get("deploy_role_arn"),
        external_id=props.get("external_id"),
    )
