"""The block that ends older sessions of one IAM role."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from clients.errors import AwsError
from federation.session_block import POLICY, block, blocked_before

if TYPE_CHECKING:
    from datetime import datetime

    from clients.aws import Account


@dataclass(frozen=True, slots=True)
class RoleBlock:
    """The block of one role, asked by a connection that others may share.

    Raises:
        AwsError: unreachable or refused; so does every method.
    """

    account: Account
    """The account of the role."""
    role: str
    """Name of the role."""

    def clock(self) -> datetime:
        """Return AWS's time, by which it dates sessions; this machine's may be another.

        Raises:
            AwsError: there is no such role, or AWS's answer has no date.
        """
        answer = self.account.ask(
            f"read the role {self.role}", lambda iam: iam.get_role(RoleName=self.role)
        )
        if answer is None:
            raise AwsError(f"there is no role {self.role} in this account: run `pulumi up`")
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        try:
            return parsedate_to_datetime(date)
        except ValueError as error:
            raise AwsError("AWS's answer has no date; is a proxy in between?") from error

    def held(self) -> datetime | None:
        """Return before when sessions are blocked; ``None`` if none are."""
        answer: Any = self.account.ask(
            f"read the inline policy {POLICY} of the role {self.role}",
            lambda iam: iam.get_role_policy(RoleName=self.role, PolicyName=POLICY),
        )
        return blocked_before(answer["PolicyDocument"]) if answer else None

    def put(self, before: datetime) -> None:
        """Block every session that was issued before a moment, instead of an earlier one."""
        self.account.ask(
            f"put the inline policy {POLICY} on the role {self.role}",
            lambda iam: iam.put_role_policy(
                RoleName=self.role, PolicyName=POLICY, PolicyDocument=json.dumps(block(before))
            ),
        )

    def take_back(self) -> None:
        """Block no session any more; that none was blocked is no error."""
        self.account.ask(
            f"delete the inline policy {POLICY} of the role {self.role}",
            lambda iam: iam.delete_role_policy(RoleName=self.role, PolicyName=POLICY),
        )
