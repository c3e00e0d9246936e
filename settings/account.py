"""The section accounts, and what sections share that are in an account."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, ClassVar, Self, cast

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from federation import arns, regions, syntax
from federation.account import AccountAccess
from settings.fields import ExternalId, Ownership, Shape, Shaped, Text, WithoutRepeats, text
from settings.problems import Key, Problems
from settings.section import Entry, Place

MOST_MANAGED_POLICIES = 20
"""Of one user or role, at most (IAM User Guide, "IAM and AWS STS quotas")."""


def _account_id(value: str, info: ValidationInfo[Place]) -> str:
    try:
        syntax.account_id(value)
    except ValueError as error:
        raise ValueError("must be 12 digits" if _hidden(info) else str(error)) from None
    return value


def _quoted_id(value: object, info: ValidationInfo[Place]) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not _hidden(info):
        raise ValueError(syntax.account_id_of_number(cast("float", value)))
    return value


def of_arn(kind: str) -> Shape:
    """Return the shape of ARNs of roles or of policies."""
    pattern = {"role": arns.ROLE, "policy": arns.POLICY}[kind]
    return text(pattern, partial(arns.require, kind=kind))


def _hidden(info: ValidationInfo[Place]) -> bool:
    return info.context.reading.problems.hidden(info.context.key)


class AccountSettings(Entry):
    """An AWS account that Vault serves."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey", "token"),
        "is refused: no key is stored; profile, deployRoleArn or the environment say who deploys",
    )

    id: Annotated[
        str,
        Shaped(_account_id, text(syntax.ACCOUNT_ID, syntax.account_id)),
        BeforeValidator(_quoted_id),
    ]
    """Twelve digits, quoted, for YAML changes a number that begins with 0."""
    new_region: bool = False
    """Whether ``region`` is newer than the SDK that the program is pinned to."""
    region: str
    """Region whose endpoints are asked."""
    profile: Text | None = None
    """Profile of the AWS configuration that deploys; the environment's if left out."""
    deploy_role_arn: Annotated[str, Field(json_schema_extra=of_arn("role"))] | None = None
    """Role of the account that deploys."""
    external_id: ExternalId | None = None
    """What the trust of ``deployRoleArn`` asks for."""
    identity_provider: Ownership = "managed"
    """Whose the issuer's identity provider is: ``managed``, or ``existing`` where another stack
    owns it."""
    boundary: Annotated[str, Field(json_schema_extra=of_arn("policy"))] | None = None
    """ARN of the permissions boundary of the roles made in the account."""

    @property
    def partition(self) -> str:
        """The AWS partition of the account."""
        return regions.partition_of(self.region).name

    @property
    def access(self) -> AccountAccess:
        """How whoever asks the account something reaches it."""
        return AccountAccess(
            account_id=self.id,
            region=self.region,
            profile=self.profile,
            deploy_role_arn=self.deploy_role_arn,
            external_id=self.external_id,
        )

    @field_validator("region")
    @classmethod
    def _there(cls, region: str, info: ValidationInfo) -> str:
        regions.check_region(region, newer=info.data.get("new_region", True))
        return region

    @field_validator("deploy_role_arn", "boundary")
    @classmethod
    def _arn_of_the_account(cls, arn: str | None, info: ValidationInfo) -> str | None:
        if arn is None:
            return None
        # Of id and region, what is wrong itself is missing.
        policy = info.field_name == "boundary"
        own = (info.data["id"],) if "id" in info.data else ()
        arns.require(
            arn,
            "policy" if policy else "role",
            partition=(
                regions.partition_of(info.data["region"]).name if "region" in info.data else None
            ),
            accounts=(*own, arns.OF_AWS) if policy and own else own,
        )
        return arn

    @field_validator("external_id")
    @classmethod
    def _external_id_needs_role(cls, external_id: str | None, info: ValidationInfo) -> str | None:
        if external_id and info.data.get("deploy_role_arn", "") is None:
            raise ValueError("must be left out without deployRoleArn, whose trust asks for it")
        return external_id


def account_at(place: Place) -> AccountSettings | None:
    """Return the account of the entry that is read, or is around it, unless that is wrong."""
    section, name = place.key[:2]
    named = place.reading.problems.written((section, name, "account"))
    return place.reading.found(AccountSettings, "accounts", str(named))


def _policy_of_the_account(arn: str, info: ValidationInfo[Place]) -> str:
    account = account_at(info.context)
    accounts = (account.id, arns.OF_AWS) if account else ()
    arns.require(arn, "policy", partition=account.partition if account else None, accounts=accounts)
    return arn


PolicyArn = Annotated[str, Shaped(_policy_of_the_account, of_arn("policy"))]
PolicyArns = Annotated[
    tuple[PolicyArn, ...], Field(max_length=MOST_MANAGED_POLICIES), WithoutRepeats
]


class InAccount(Entry):
    """What is in one of the stack's accounts."""

    account: str
    """Account that it is in, by its name in the section ``accounts``."""

    @classmethod
    def model_for(cls, key: Key, problems: Problems) -> type[Self] | None:
        """Note an account that the stack does not have; the rest can be judged nevertheless."""
        known, account = problems.names("accounts"), problems.written((*key, "account"))
        if isinstance(account, str) and account not in known:
            told = f"is no account of this stack; known are {', '.join(known) or 'none'}"
            problems.add((*key, "account"), told, account)
        return cls
