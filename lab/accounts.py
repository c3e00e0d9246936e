"""Which AWS accounts a laboratory has, as far as every part of it must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ADMINISTRATOR: Final = "bootstrap-administrator"
"""The one user an account starts with: the person's own identity at AWS. Vault never sees it."""
DEPLOY_ROLE: Final = "deploy"
"""Role of an account that another account's administrator may assume, to deploy into it."""
EXTERNAL_ID: Final = "laboratory"
"""What the trust of that role asks for. It is no secret ("Access to AWS accounts owned by third
parties", IAM User Guide), so it is the same everywhere and stands in the stacks' settings."""


@dataclass(frozen=True, kw_only=True)
class AccountPlan:
    """One account that every laboratory has."""

    name: str
    """Also the name of its profile."""
    id: str
    partition: str = "aws"
    deployer: str | None = None
    """Name of the account whose administrator may assume this account's deploy role."""

    @property
    def deploy_role_arn(self) -> str:
        """ARN of the deploy role, if there is one."""
        return f"arn:{self.partition}:iam::{self.id}:role/{DEPLOY_ROLE}"


ACCOUNTS: Final = (
    AccountPlan(name="main", id="123456789012"),
    AccountPlan(name="data", id="444455556666", deployer="main"),
    AccountPlan(name="gov", id="777788889999", partition="aws-us-gov"),
    AccountPlan(name="china", id="666677778888", partition="aws-cn"),
)
"""The first is the one that a shell in the laboratory acts in."""


def region(partition: str) -> str:
    """Return the region that the profiles of a partition's accounts name."""
    return {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}.get(partition, "us-east-1")


def plan(name: str) -> AccountPlan:
    """Return one account by its name."""
    return next(account for account in ACCOUNTS if account.name == name)


def absent(held: Iterable[Mapping[str, Any]]) -> tuple[AccountPlan, ...]:
    """Return the accounts that a laboratory lacks which already has those of ``accounts.json``.

    A laboratory made when there were fewer accounts, or given further ones by hand, keeps its own.

    Raises:
        ValueError: it has an account of the same name or id that is not the same account.
    """
    entries = list(held)
    for account in ACCOUNTS:
        for entry in entries:
            same = [entry[field] == getattr(account, field) for field in ("name", "id")]
            if any(same) and not (all(same) and entry["partition"] == account.partition):
                raise ValueError(
                    f"accounts.json of this laboratory holds {_words(entry)}; a laboratory has "
                    f"{_words(vars(account))}. Give the entry another name and id, or destroy the "
                    "stacks and remove the laboratory's folder to start afresh"
                )
    names = {entry["name"] for entry in entries}
    return tuple(account for account in ACCOUNTS if account.name not in names)


def _words(account: Mapping[str, Any]) -> str:
    return (
        f"account {account['name']!r} with id {account['id']} in partition {account['partition']}"
    )
