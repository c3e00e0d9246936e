"""The access keys of IAM users: whose one is, when it was last used, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from clients.aws import Account
from clients.errors import AwsError
from clients.issued_identity import Keys

if TYPE_CHECKING:
    from datetime import datetime

MOST_KEYS = 2
"""Of one user (IAM User Guide, "IAM and AWS STS quotas")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """The last use of a key that AWS tells of."""

    when: datetime
    service: str
    region: str


class AccessKeys(Account):
    """The access keys of one account's users.

    Raises:
        AwsError: no credentials, wrong account, unreachable or refused; so does every method.
    """

    def owner(self, key_id: str) -> str:
        """Return the name of the user whose key it is.

        Raises:
            AwsError: nobody's of this account.
        """
        what = f"say whose key {key_id} is"
        found = self.ask(what, lambda iam: iam.get_access_key_last_used(AccessKeyId=key_id))
        if found is None or not found.get("UserName"):
            raise AwsError(
                f"no IAM user of the account of {self.caller} has the key {key_id}: it is deleted, "
                "or another account's; name that one in the settings"
            )
        return found["UserName"]

    def last_used(self, key_id: str) -> Used | None:
        """Return the last use that AWS tells of, which may be one of hours ago.

        Source: IAM API Reference, "AccessKeyLastUsed": without a date it was never used, or not
        since April 2015.
        """
        what = f"say when the key {key_id} was last used"
        found = self.ask(what, lambda iam: iam.get_access_key_last_used(AccessKeyId=key_id))
        last = found["AccessKeyLastUsed"] if found else None
        if last is None or "LastUsedDate" not in last:
            return None
        return Used(when=last["LastUsedDate"], service=last["ServiceName"], region=last["Region"])

    def of(self, user: str) -> dict[str, bool]:
        """Return by id the keys of a user, and whether each is active; none of who is gone."""
        what = f"list the access keys of the IAM user {user}"
        found = self.ask(what, lambda iam: iam.list_access_keys(UserName=user))
        listed = found["AccessKeyMetadata"] if found else []
        return {key["AccessKeyId"]: key["Status"] == "Active" for key in listed}

    def set_active(self, user: str, key_id: str, *, active: bool) -> None:
        """Let AWS accept a key, or no longer."""
        what = f"{'activate' if active else 'deactivate'} the key {key_id} of the IAM user {user}"
        status: Literal["Active", "Inactive"] = "Active" if active else "Inactive"
        done = self.ask(
            what,
            lambda iam: (
                iam.update_access_key(UserName=user, AccessKeyId=key_id, Status=status) or True
            ),
        )
        if not done:
            raise AwsError(f"cannot {what}: there is no such user or key")

    def delete_key(self, user: str, key_id: str) -> None:
        """Delete a key; one that is gone is no error."""
        self.ask(
            f"delete the key {key_id} of the IAM user {user}",
            lambda iam: iam.delete_access_key(UserName=user, AccessKeyId=key_id),
        )

    def make(self, user: str) -> Keys:
        """Make a further key of a user.

        Raises:
            AwsError: the user is gone, or has two keys already.
        """
        held = self.of(user)
        if len(held) >= MOST_KEYS:
            raise AwsError(
                f"the IAM user {user} has the keys {' and '.join(sorted(held))}, and AWS gives "
                "nobody a third: delete one that nothing uses"
            )
        what = f"make an access key of the IAM user {user}"
        made = self.ask(what, lambda iam: iam.create_access_key(UserName=user)["AccessKey"])
        if made is None:
            raise AwsError(f"cannot {what}: there is no such user")
        return Keys(
            access_key_id=made["AccessKeyId"],
            secret_access_key=made["SecretAccessKey"],
            session_token="",
            region=self.session.region_name or "",
        )
