"""What Vault holds of a thing, compared with what a stack's state records of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKENS = {
    "tokenPolicies": "token_policies",
    "tokenTtl": "token_ttl",
    "tokenMaxTtl": "token_max_ttl",
}
FIELDS: Mapping[str, Mapping[str, str]] = {
    "vault:aws/secretBackendRole:SecretBackendRole": {
        "credentialType": "credential_type",
        "policyDocument": "policy_document",
        "policyArns": "policy_arns",
        "roleArns": "role_arns",
        "iamGroups": "iam_groups",
        "iamTags": "iam_tags",
        "permissionsBoundaryArn": "permissions_boundary_arn",
        "userPath": "user_path",
        "defaultStsTtl": "default_sts_ttl",
        "maxStsTtl": "max_sts_ttl",
        "externalId": "external_id",
        "sessionTags": "session_tags",
    },
    "vault:aws/authBackendRole:AuthBackendRole": {
        "authType": "auth_type",
        "boundIamPrincipalArns": "bound_iam_principal_arn",
        "resolveAwsUniqueIds": "resolve_aws_unique_ids",
        **_TOKENS,
    },
    "vault:jwt/authBackendRole:AuthBackendRole": {
        "roleType": "role_type",
        "userClaim": "user_claim",
        "groupsClaim": "groups_claim",
        "boundClaims": "bound_claims",
        "boundClaimsType": "bound_claims_type",
        "allowedRedirectUris": "allowed_redirect_uris",
        "oidcScopes": "oidc_scopes",
        **_TOKENS,
    },
    "vault:aws/authBackendClient:AuthBackendClient": {
        "iamServerIdHeaderValue": "iam_server_id_header_value",
        "stsEndpoint": "sts_endpoint",
        "stsRegion": "sts_region",
        "iamEndpoint": "iam_endpoint",
    },
}
"""By type in the state, the fields that decide what a thing gives, as Pulumi and Vault say it."""


def differences(kind: str, recorded: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Name each field in which Vault holds something else than the state records.

    Order in lists is none of the difference, nor is whether what is not set is left out or empty.

    Args:
        kind: Type in the state; one of :data:`FIELDS`.
        recorded: Outputs of the resource.
        held: What Vault answers at its path.
    """
    pairs = {theirs: recorded.get(ours) for ours, theirs in FIELDS[kind].items()}
    return differing(pairs, held)


def differing(declared: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Name each key under which ``held`` has something else; keys that only it has do not count."""
    return [
        f"{key} is {_spoken(held.get(key))}, declared is {_spoken(value)}"
        for key, value in declared.items()
        if _plain(value) != _plain(held.get(key))
    ]


def _plain(value: object) -> object:
    """Bring what the two sides write differently into one form."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()} or None
    if isinstance(value, str):
        # A provider's own type parts names at commas where Vault keeps a list.
        value = value.split(",") if value else []
    if isinstance(value, list | tuple):
        return sorted((_plain_entry(each) for each in value), key=repr) or None
    return value or None


def _plain_entry(value: object) -> object:
    return _plain(value) if isinstance(value, dict | list) else value


def _spoken(value: object) -> str:
    return repr(value) if value not in (None, "", [], {}) else "not set"
