"""The shape of a target role, which Vault roles of type assumed_role assume."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from configuration.account import Account, account_of
from configuration.policy_files import OF_ROLE
from configuration.problems import Key, Problems
from configuration.roles import (
    MOST_MANAGED_POLICIES,
    PolicyArn,
    Surroundings,
    Tags,
    WithoutRepeats,
    policy_of,
)
from configuration.schema import Section, accepts
from federation import documents, syntax
from federation.names import TargetNames, check_key
from federation.target_trust import EXAMPLE_UNIQUE_ID, Principal, target_trust


class TargetRole(Section):
    """An IAM role whose sessions Vault hands out."""

    account: str
    policy: Annotated[str, policy_of(OF_ROLE)] | None = None
    """File of the inline policy, from the project's folder; read here, kept as JSON text."""
    managed_policies: Annotated[
        tuple[PolicyArn, ...],
        Field(max_length=MOST_MANAGED_POLICIES, validate_default=True),
        WithoutRepeats,
    ] = ()
    trusted_by: Annotated[tuple[str, ...], WithoutRepeats]
    """Secrets engines of the stack, by name, that may assume the role."""
    external_id: Annotated[str, accepts(syntax.external_id)] | None = None
    session_tags: Tags = Field(default_factory=dict)

    @field_validator("managed_policies")
    @classmethod
    def _grants_something(cls, arns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not arns and info.data.get("policy", "") is None:
            raise ValueError("must hold at least one, unless there is a policy")
        return arns

    @field_validator("trusted_by")
    @classmethod
    def _somebody_may(cls, engines: tuple[str, ...]) -> tuple[str, ...]:
        if not engines:
            raise ValueError("must hold at least one; else nobody may assume the role")
        return engines

    def names(self, stack: str, key: str, account: Account) -> TargetNames:
        """Names of the role; raises ValueError if AWS would refuse one."""
        return TargetNames(stack=stack, key=key, account_id=account.id, partition=account.partition)

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


def read_target(
    problems: Problems,
    root: Path,
    accounts: Mapping[str, Account | None],
    name: str,
    raw: object,
) -> TargetRole | None:
    """Validate one target role; None if something is wrong with it, which is then noted."""
    key: Key = ("targetRoles", name)
    named = problems.name_is_sound(key, check_key)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    account = account_of(problems, accounts, key, raw)
    target = problems.parse(TargetRole, raw, key, Surroundings(root=root, account=account))
    return target if named else None


def target_arns(
    problems: Problems,
    stack: str,
    accounts: Mapping[str, Account | None],
    targets: Mapping[str, TargetRole | None],
) -> Mapping[str, str | None]:
    """Return the ARN of each target role; None where something is wrong with it."""
    arns: dict[str, str | None] = dict.fromkeys(targets)
    for name, target in targets.items():
        account = accounts.get(target.account) if target else None
        if target is None or account is None:
            continue
        try:
            arns[name] = target.names(stack, name, account).role_arn
        except ValueError as error:
            problems.add(("targetRoles", name), str(error))
    return arns
