"""How the providers of an account sign in."""

import pulumi_aws as aws

from components.declared import DeclaredAccount


def deploy_roles(account: DeclaredAccount) -> list[aws.ProviderAssumeRoleArgs] | None:
    """Return what the account's provider assumes first; ``None`` without a deploy role."""
    if account.deploy_role_arn is None:
        return None
    role = aws.ProviderAssumeRoleArgs(
        role_arn=account.deploy_role_arn, external_id=account.external_id
    )
    return [role]
