"""The section targetRoles: what Vault roles of type assumed_role assume."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from federation import documents
from federation.names import TargetNames
from federation.target_trust import EXAMPLE_UNIQUE_ID, Principal, target_trust
from settings.account import AccountSettings, InAccount, PolicyArns
from settings.fields import ExternalId, Tags, WithoutRepeats, at_least_one, needs
from settings.policy_files import OF_ROLE, policy_of


class TargetRoleSettings(InAccount):
    """An IAM role whose sessions Vault hands out."""

    model_config = ConfigDict(json_schema_extra=needs("policy", "managedPolicies"))

    # Read here, and kept as JSON text.
    policy: Annotated[str, policy_of(OF_ROLE)] | None = None
    """File with the inline policy, from the project's folder: what sessions may do."""
    managed_policies: Annotated[PolicyArns, Field(validate_default=True)] = ()
    """ARNs of managed policies; at least one, unless there is a ``policy``."""
    trusted_by: Annotated[
        tuple[str, ...], WithoutRepeats, at_least_one("; else nobody may assume the role")
    ]
    """Secrets engines of the stack, by name, that may assume the role."""
    external_id: ExternalId | None = None
    """What each call must say; the Vault role says the same."""
    session_tags: Tags = Field(default_factory=dict)
    """What each session is tagged with; the Vault role says the same."""

    @field_validator("managed_policies")
    @classmethod
    def _grants_something(cls, arns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not arns and info.data.get("policy", "") is None:
            raise ValueError("must hold at least one, unless there is a policy")
        return arns

    def names(self, stack: str, account: AccountSettings) -> TargetNames:
        """Names of the role; raises ValueError if AWS would refuse one."""
        return TargetNames(
            stack=stack, key=self.name, account_id=account.id, partition=account.partition
        )

    def trust_size(self, engine_roles: Mapping[str, str]) -> int:
        """Count the non-blank characters of the trust policy, given the engines' role ARNs."""
        principals = [
            Principal(engine_roles[engine], EXAMPLE_UNIQUE_ID)
            for engine in sorted(self.trusted_by)
            if engine in engine_roles
        ]
        return documents.size(
            target_trust(principals, external_id=self.external_id, session_tags=self.session_tags)
        )
