"""What whoever deploys needs at AWS to make, change and destroy a stack, resource by resource.

``policies/aws/deploy.json`` grants the same by patterns; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

AwsRights = Mapping[str, frozenset[str]]
"""Actions by the ARN that they are on; ``*`` for those that AWS authorises on no resource."""

ROLE: Final = frozenset(
    f"iam:{action}"
    for action in (
        *("CreateRole", "GetRole", "UpdateRole", "DeleteRole", "TagRole", "UntagRole"),
        *("UpdateAssumeRolePolicy", "ListInstanceProfilesForRole"),
        *("PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy", "ListRolePolicies"),
        "ListAttachedRolePolicies",
    )
)
BOUNDARY: Final = frozenset(("iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"))
"""For a role that has, or had, a permissions boundary."""
MANAGED_POLICIES: Final = frozenset(("iam:AttachRolePolicy", "iam:DetachRolePolicy"))
"""For a role that has, or had, managed policies."""
AUDIENCES: Final = frozenset(
    f"iam:{action}OpenIDConnectProvider"
    for action in ("Get", "AddClientIDTo", "RemoveClientIDFrom")
)
"""For an identity provider that somebody else manages."""
IDENTITY_PROVIDER: Final = AUDIENCES | frozenset(
    (
        *(f"iam:{verb}OpenIDConnectProvider" for verb in ("Create", "Delete", "Tag", "Untag")),
        "iam:UpdateOpenIDConnectProviderThumbprint",
    )
)
LOOKS: Final = frozenset(("iam:ListOpenIDConnectProviders", "iam:ListUsers"))
"""On no resource: what is there already, and what is left."""


def role_behind(caller: str) -> str | None:
    """Return the name of the role whose session a caller is; None for any other caller.

    Args:
        caller: ARN of the caller, as STS tells it (``GetCallerIdentity``).
    """
    kind, _, rest = caller.split(":", 5)[5].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else None
