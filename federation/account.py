"""An AWS account, as whoever asks it something has to know it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


SESSION_NAME = "vault-aws-federation"
"""What CloudTrail calls whoever deploys through a role."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountAccess:
    """How this machine reaches one AWS account; the same settings its Pulumi provider uses."""

    account_id: str
    """Twelve digits; anything done in another account is refused."""
    region: str
    """Region whose endpoints are asked; the environment decides if it is empty."""
    profile: str | None = None
    """Profile of the AWS configuration; the environment decides if there is none."""
    deploy_role_arn: str | None = None
    """Role to assume first."""
    external_id: str | None = None
    """What the trust of that role asks for."""

    @classmethod
    def among(cls, values: Mapping[str, Any]) -> AccountAccess:
        """Return the one whose fields stand among other values."""
        known: dict[str, Any] = {field.name: values.get(field.name) for field in fields(cls)}
        return cls(**known)
