"""A Vault role of a secrets engine, one model per credential type."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from federation import arns, names
from federation.roles import AssumedRole, IamUser, VaultRole
from settings.account import AccountSettings, PolicyArn, PolicyArns, account_at, of_arn
from settings.fields import (
    ExternalId,
    Shaped,
    Tags,
    WithoutRepeats,
    accepts,
    needs,
    not_below,
    text,
)
from settings.policy_files import OF_SESSION, OF_USER, policy_of
from settings.problems import Key, Problems
from settings.section import Entry, Place
from settings.target_role import TargetRoleSettings

LONGEST_CHAINED_SESSION = 3_600
"""In seconds (IAM User Guide, "Methods to assume a role": role chaining)."""
MOST_GROUPS = 10
"""Of one user (IAM User Guide, "IAM and AWS STS quotas")."""
MOST_SESSION_POLICIES = 10
"""Managed ones of one session (STS API Reference, AssumeRole, PolicyArns)."""

_IMPOSSIBLE = {"federation_token": "GetFederationToken", "session_token": "GetSessionToken"}
"""STS calls that a session may not make (STS API Reference), and Vault holds nothing else."""


def _target_arn(arn: str, info: ValidationInfo[Place]) -> str:
    """A target role may be in any account, but no session crosses from one partition to another."""
    account = account_at(info.context)
    arns.require(arn, "role", partition=account.partition if account else None)
    return arn


def _own_target(name: str, info: ValidationInfo[Place]) -> str:
    """Turn the name of a target role of the stack into its ARN; empty if the role is wrong."""
    reading = info.context.reading
    known = reading.problems.names("targetRoles")
    if name not in known:
        told = ", ".join(known) or "none"
        raise ValueError(f"is no target role of this stack; known are {told}")
    target = reading.found(TargetRoleSettings, "targetRoles", name)
    account = reading.found(AccountSettings, "accounts", target.account) if target else None
    try:
        return target.names(reading.stack, account).role_arn if target and account else ""
    except ValueError:
        return ""  # told of the target role itself


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


def _chained(seconds: int) -> None:
    if seconds > LONGEST_CHAINED_SESSION:
        raise ValueError(
            f"must be at most {LONGEST_CHAINED_SESSION}: Vault's own session assumes the "
            "target role, and AWS ends such a chained session after an hour"
        )


TargetArn = Annotated[str, Shaped(_target_arn, of_arn("role"))]
OwnTarget = Annotated[str, AfterValidator(_own_target)]
SessionPolicyArn = Annotated[str, Shaped(_session_policy_arn, of_arn("policy"))]
Group = Annotated[str, accepts(names.check_group, text(names.GROUP, names.check_group))]
SessionSeconds = Annotated[
    int, Field(ge=900), accepts(_chained, {"maximum": LONGEST_CHAINED_SESSION})
]


class VaultRoleSettings(Entry):
    """What both kinds of Vault role share."""

    check_name = names.check_role
    name_shape = text(names.ROLE, names.check_role, names.LONGEST_ROLE_NAME)

    makes: ClassVar[type[VaultRole]]

    credential_type: str
    """What a lease is: ``iam_user``, an IAM user; ``assumed_role``, a session."""

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:
        """Return the model of a credential type; note one that there is not."""
        where = (*key, "credentialType")
        written = problems.written(where)
        for kind in cls.__subclasses__():
            if written == kind.makes.credential_type:
                kind.note_whole(key, problems)
                return kind
        kinds = " or ".join(kind.makes.credential_type for kind in cls.__subclasses__())
        allowed = f"must be {kinds}"
        if call := _IMPOSSIBLE.get(str(written)):
            allowed += f": Vault holds a session and no key, and AWS lets no session call {call}"
        if written is None:
            problems.add(where, f"is missing; {allowed}")
        else:
            problems.add(where, allowed, written)
        return None

    @classmethod
    def note_whole(cls, key: Key, problems: Problems) -> None:
        """Note what is wrong with the role as a whole, whatever else is with its fields."""

    @property
    def vault_role(self) -> VaultRole:
        """The role as the rest of the program knows it."""
        self.require_whole()
        return self.makes(name=self.name, **self.model_dump(exclude={"credential_type"}))


class IamUserSettings(VaultRoleSettings):
    """A Vault role that makes an IAM user per lease."""

    model_config = ConfigDict(json_schema_extra=needs("policy", "managedPolicies", "groups"))

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

    makes = IamUser

    credential_type: Literal["iam_user"]
    # Read here, and kept as JSON text.
    policy: Annotated[str, policy_of(OF_USER)] | None = None
    """File with the user's inline policy, from the project's folder."""
    managed_policies: PolicyArns = ()
    """ARNs of managed policies."""
    groups: Annotated[tuple[Group, ...], Field(max_length=MOST_GROUPS), WithoutRepeats] = ()
    """IAM groups, ``[path/]name``: every user of the engine can be put into them."""
    tags: Tags = Field(default_factory=dict)
    """Tags of the user, set once it is made."""
    boundary: PolicyArn | None = None
    """ARN of the permissions boundary of the user."""

    @classmethod
    def note_whole(cls, key: Key, problems: Problems) -> None:
        """Note a role whose users may do nothing."""
        if not any(
            problems.written((*key, name)) for name in ("policy", "managedPolicies", "groups")
        ):
            told = "must have policy, managedPolicies or groups; its users may do nothing"
            problems.add(key, told)


class AssumedRoleSettings(VaultRoleSettings):
    """A Vault role that makes sessions of target roles."""

    model_config = ConfigDict(json_schema_extra=needs("targetRoles", "roleArns"))

    refused: ClassVar[Mapping[str, str]] = {
        "groups": "is refused: Vault would read the groups' policies at every request and hand "
        "them on as a session policy; write that as policy or managedPolicies",
        "tags": "is refused: the tags of a session are its sessionTags",
        "boundary": "is refused: a session has the permissions boundary of its target role",
    }

    makes = AssumedRole

    credential_type: Literal["assumed_role"]
    role_arns: Annotated[tuple[TargetArn, ...], WithoutRepeats] = ()
    """Target roles that others make, whose trust names the engine's role."""
    # Resolved here to their ARNs.
    target_roles: Annotated[
        tuple[OwnTarget, ...], WithoutRepeats, Field(validate_default=True)
    ] = ()
    """Target roles of this stack, by name; at least one, unless ``roleArns`` has one."""
    policy: Annotated[str, policy_of(OF_SESSION)] | None = None
    """File with a session policy, from the project's folder: of what the target role may, a session
    may only what this grants."""
    managed_policies: Annotated[
        tuple[SessionPolicyArn, ...], Field(max_length=MOST_SESSION_POLICIES), WithoutRepeats
    ] = ()
    """ARNs of managed session policies; what they grant adds to ``policy``."""
    external_id: ExternalId | None = None
    """What the trust of the target roles asks for."""
    session_tags: Tags = Field(default_factory=dict)
    """Tags of the session."""
    default_ttl_seconds: SessionSeconds = LONGEST_CHAINED_SESSION
    """How long a session lives if the request does not say."""
    max_ttl_seconds: Annotated[
        SessionSeconds, Field(validate_default=True), not_below("default_ttl_seconds")
    ] = LONGEST_CHAINED_SESSION
    """How long a session lives at most."""

    @field_validator("target_roles")
    @classmethod
    def _has_a_target(cls, targets: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not targets and info.data.get("role_arns") == ():
            raise ValueError("must hold at least one, unless roleArns does")
        return targets

    @property
    def vault_role(self) -> VaultRole:
        """The role as the rest of the program knows it: by ARNs alone."""
        self.require_whole()
        arns = tuple(dict.fromkeys(filter(None, (*self.target_roles, *self.role_arns))))
        own = self.model_dump(exclude={"credential_type", "role_arns", "target_roles"})
        return self.makes(name=self.name, role_arns=arns, **own)
