"""The shape of a Vault role, one model per credential type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from configuration.account import Account
from configuration.policy_files import OF_SESSION, OF_USER, Limit, read_policy
from configuration.schema import Section, accepts, not_below_default, without_repeats
from federation import arns, names, syntax
from federation.roles import VaultRole

LONGEST_CHAINED_SESSION = 3_600
"""In seconds (IAM User Guide, "Methods to assume a role": role chaining)."""
MOST_MANAGED_POLICIES = 20
MOST_GROUPS = 10
"""Of one user (IAM User Guide, "IAM and AWS STS quotas"; of policies what AWS grants at most)."""
MOST_SESSION_POLICIES = 10
"""Managed ones of one session (STS API Reference, AssumeRole, PolicyArns)."""

Tags = Annotated[Mapping[str, str], accepts(syntax.tags)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a Vault role must know beyond its own section; passed as validation context."""

    root: Path
    """Folder that policy files are named from."""
    account: Account | None
    """The account in question, unless that is wrong itself."""
    targets: Mapping[str, str | None] = field(default_factory=dict)
    """ARNs of the stack's own target roles by name; None of one that is wrong itself."""


def _surroundings(info: ValidationInfo) -> Surroundings:
    if not isinstance(info.context, Surroundings):
        raise TypeError("a Vault role is validated with its surroundings as context")
    return info.context


def _policy_arn(arn: str, info: ValidationInfo) -> str:
    account = _surroundings(info).account
    if account:
        accounts = (account.id, "aws")
        arns.require(arn, "policy", partition=account.partition, accounts=accounts)
    else:
        arns.require(arn, "policy")
    return arn


def _target_arn(arn: str, info: ValidationInfo) -> str:
    """A target role may be in any account, but no session crosses from one partition to another."""
    account = _surroundings(info).account
    arns.require(arn, "role", partition=account.partition if account else None)
    return arn


def _own_target(name: str, info: ValidationInfo) -> str:
    """Turn the name of a target role of the stack into its ARN; empty if the role is wrong."""
    targets = _surroundings(info).targets
    if name not in targets:
        known = ", ".join(targets) or "none"
        raise ValueError(f"is no target role of this stack; known are {known}")
    return targets[name] or ""


def _session_policy_arn(arn: str, info: ValidationInfo) -> str:
    """Check what STS asks of a managed session policy (STS API Reference, AssumeRole, PolicyArns).

    It must be AWS's own or in the account of the target role, of whichever target is chosen.
    """
    targets = [*info.data.get("role_arns", ()), *info.data.get("target_roles", ())]
    owners = sorted({arns.owner(target) for target in targets if target})
    arns.require(arn, "policy", partition=owners[0][0] if owners else None)
    shared = [account for _, account in owners] if len(owners) == 1 else []
    if owners and arns.owner(arn)[1] not in (*shared, arns.OF_AWS):
        raise ValueError(
            f"must be in account {' or '.join([*shared, arns.OF_AWS])}: STS looks for a session "
            "policy in the account of the target role"
        )
    return arn


def policy_of(limit: Limit) -> AfterValidator:
    """Turn the name of a policy file into its text; see :func:`read_policy`."""

    def validate(file: str, info: ValidationInfo) -> str:
        return read_policy(_surroundings(info).root, file, limit)

    return AfterValidator(validate)


PolicyArn = Annotated[str, AfterValidator(_policy_arn)]
SessionPolicyArn = Annotated[str, AfterValidator(_session_policy_arn)]
TargetArn = Annotated[str, AfterValidator(_target_arn)]
OwnTarget = Annotated[str, AfterValidator(_own_target)]
Group = Annotated[str, accepts(names.check_group)]
WithoutRepeats = AfterValidator(without_repeats)


class Role(Section):
    """What both kinds of Vault role share."""

    def vault_role(self, name: str) -> VaultRole:
        """Return the role as the rest of the program knows it."""
        return VaultRole(name=name, **self.model_dump())


class IamUserRole(Role):
    """A Vault role that makes an IAM user per lease."""

    refused: ClassVar[Mapping[str, str]] = (
        dict.fromkeys(
            ("defaultTtlSeconds", "maxTtlSeconds"),
            "is refused: Vault has no lease time per iam_user role; set it on the engine",
        )
        | dict.fromkeys(
            ("roleArns", "targetRoles", "externalId", "sessionTags"),
            "is refused: only assumed_role knows it",
        )
        | {
            "userPath": "is refused: users are always on the mount's own IAM path, by which the "
            "policies of its IAM role know them",
        }
    )

    credential_type: Literal["iam_user"]
    policy: Annotated[str, policy_of(OF_USER)] | None = None
    """File of the inline policy, from the project's folder; read here, kept as JSON text."""
    managed_policies: Annotated[
        tuple[PolicyArn, ...], Field(max_length=MOST_MANAGED_POLICIES), WithoutRepeats
    ] = ()
    groups: Annotated[tuple[Group, ...], Field(max_length=MOST_GROUPS), WithoutRepeats] = ()
    tags: Tags = Field(default_factory=dict)
    boundary: PolicyArn | None = None

    @model_validator(mode="after")
    def _grants_something(self) -> Self:
        if self.policy is None and not self.managed_policies and not self.groups:
            raise ValueError(
                "must have policy, managedPolicies or groups; its users may do nothing"
            )
        return self


class AssumedRole(Role):
    """A Vault role that makes sessions of target roles."""

    refused: ClassVar[Mapping[str, str]] = {
        "groups": "is refused: Vault would read the groups' policies at every request and hand "
        "them on as a session policy; write that as policy or managedPolicies",
        "tags": "is refused: the tags of a session are its sessionTags",
        "boundary": "is refused: a session has the permissions boundary of its target role",
    }

    credential_type: Literal["assumed_role"]
    role_arns: Annotated[tuple[TargetArn, ...], WithoutRepeats] = ()
    """Target roles that somebody else makes."""
    target_roles: Annotated[
        tuple[OwnTarget, ...], WithoutRepeats, Field(validate_default=True)
    ] = ()
    """Target roles of this stack, by name; resolved here to their ARNs."""
    policy: Annotated[str, policy_of(OF_SESSION)] | None = None
    """File of the session policy, to which a session is narrowed; kept as JSON text."""
    managed_policies: Annotated[
        tuple[SessionPolicyArn, ...], Field(max_length=MOST_SESSION_POLICIES), WithoutRepeats
    ] = ()
    """Managed session policies; what they grant adds to :attr:`policy`."""
    external_id: Annotated[str, accepts(syntax.external_id)] | None = None
    session_tags: Tags = Field(default_factory=dict)
    default_ttl_seconds: Annotated[int, Field(ge=900)] = LONGEST_CHAINED_SESSION
    max_ttl_seconds: Annotated[int, Field(ge=900, validate_default=True)] = LONGEST_CHAINED_SESSION

    @field_validator("target_roles")
    @classmethod
    def _has_a_target(cls, targets: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not targets and info.data.get("role_arns") == ():
            raise ValueError("must hold at least one, unless roleArns does")
        return targets

    @field_validator("default_ttl_seconds", "max_ttl_seconds")
    @classmethod
    def _chained(cls, seconds: int, info: ValidationInfo) -> int:
        if seconds > LONGEST_CHAINED_SESSION:
            raise ValueError(
                f"must be at most {LONGEST_CHAINED_SESSION}: Vault's own session assumes the "
                "target role, and AWS ends such a chained session after an hour"
            )
        return not_below_default(seconds, info)

    def vault_role(self, name: str) -> VaultRole:
        """Return the role as the rest of the program knows it: by ARNs alone."""
        arns = tuple(dict.fromkeys(filter(None, (*self.target_roles, *self.role_arns))))
        own = self.model_dump(exclude={"role_arns", "target_roles"})
        return VaultRole(name=name, role_arns=arns, **own)
