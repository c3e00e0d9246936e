"""The shape of an AWS account, and whether a section names one that there is."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from configuration.problems import Key, Problems
from configuration.schema import Ownership, Section, accepts
from federation import arns, syntax
from federation.account import AccountAccess
from federation.names import check_key


class Account(Section):
    """An AWS account that Vault serves."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey", "token"),
        "is refused: no key is stored; profile, deployRoleArn or the environment say who deploys",
    )

    id: Annotated[str, accepts(syntax.account_id)]
    region: Annotated[str, accepts(arns.check_region)]
    profile: Annotated[str, Field(min_length=1)] | None = None
    deploy_role_arn: str | None = None
    """Role of the account that this program deploys as."""
    external_id: Annotated[str, accepts(syntax.external_id)] | None = None
    identity_provider: Ownership = "managed"
    boundary: str | None = None
    """Permissions boundary of the IAM roles that this program makes in the account."""

    @property
    def partition(self) -> str:
        """The AWS partition of the account."""
        return arns.partition_of(self.region)

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

    @field_validator("deploy_role_arn", "boundary")
    @classmethod
    def _arn_of_the_account(cls, arn: str | None, info: ValidationInfo) -> str | None:
        if arn is not None and {"id", "region"} <= info.data.keys():
            policy = info.field_name == "boundary"
            arns.require(
                arn,
                "policy" if policy else "role",
                partition=arns.partition_of(info.data["region"]),
                accounts=(info.data["id"], "aws") if policy else (info.data["id"],),
            )
        return arn

    @field_validator("external_id")
    @classmethod
    def _external_id_needs_role(cls, external_id: str | None, info: ValidationInfo) -> str | None:
        if external_id and info.data.get("deploy_role_arn", "") is None:
            raise ValueError("must be left out without deployRoleArn, whose trust asks for it")
        return external_id


def read_account(problems: Problems, name: str, raw: object) -> Account | None:
    """Validate one account; None if something is wrong with it, which is then noted."""
    key: Key = ("accounts", name)
    problems.name_is_sound(key, check_key)
    return problems.parse(Account, raw, key)


def account_of(
    problems: Problems, accounts: Mapping[str, Account | None], key: Key, raw: Mapping[str, Any]
) -> Account | None:
    """Note an account that the stack does not have; None for that one and for one that is wrong."""
    account = raw.get("account")
    if isinstance(account, str) and account not in accounts:
        known = ", ".join(accounts) or "none"
        problems.add((*key, "account"), f"is no account of this stack; known are {known}", account)
    return accounts.get(str(account))
