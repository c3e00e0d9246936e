"""The IAM users of an account: which there are, what each one has, and how one is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.retries.bucket import Clock, TokenBucket

from clients.aws import Account
from federation.kept_users import ORDER, Keeper
from federation.left_users import IamUser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.account import AccountAccess

LISTED = {
    "an access key": ("list_access_keys", "AccessKeyMetadata", "AccessKeyId"),
    "an inline policy": ("list_user_policies", "PolicyNames", ""),
    "an attached policy": ("list_attached_user_policies", "AttachedPolicies", "PolicyArn"),
    "a group": ("list_groups_for_user", "Groups", "GroupName"),
}
"""How AWS lists what Vault gives a user: the operation, its list, and what names an entry."""

_VIRTUAL = "delete-virtual-mfa-device"


class IamUsers(Account):
    """The IAM users of one account, asked for at a bounded rate.

    Args:
        access: The account, and the way to reach it.
        per_second: How many requests to make in a second at most, those repeated included.

    Raises:
        AwsError: no credentials, wrong account, unreachable or refused; so does every method.
    """

    def __init__(self, access: AccountAccess, *, per_second: float) -> None:
        super().__init__(access)
        self._turns = TokenBucket(max_rate=per_second, clock=Clock())
        # First, so that it is signed when its turn has come.
        self._iam.meta.events.register_first("request-created.iam", self._take_turn)

    def under(self, path: str) -> list[IamUser]:
        """Return the users whose path is exactly this one, oldest first."""
        return sorted(
            (
                IamUser(name=user["UserName"], path=user["Path"], created=user["CreateDate"])
                for user in self._listed(path)
                if user["Path"] == path
            ),
            key=lambda user: (user.created, user.name),
        )

    def tags(self, user: str) -> dict[str, str]:
        """Return the tags of a user; none where there is no such user."""
        found = self._by_name(
            f"read the tags of the IAM user {user}", "list_user_tags", UserName=user
        )
        return {tag["Key"]: tag["Value"] for tag in (found or {"Tags": []})["Tags"]}

    def has(self, user: str) -> list[Keeper]:
        """Return all that AWS wants taken from a user before it deletes one, in that order."""
        found = self.keepers(user)
        for what, (operation, entries, name) in LISTED.items():
            answer = self._by_name(f"read what the IAM user {user} has", operation, UserName=user)
            found += [
                Keeper(what=what, identifier=entry[name] if name else entry)
                for entry in (answer or {entries: []})[entries]
            ]
        return sorted(found, key=lambda keeper: ORDER.index(keeper.what))

    def delete(self, user: str, has: Sequence[Keeper]) -> None:
        """Delete a user; what is gone already is no error, so that it can be repeated.

        Args:
            user: Name of the user.
            has: What :meth:`has` has returned.
        """
        for keeper in has:
            operation, option = keeper.operation
            what = f"take {keeper.what} from the IAM user {user}"
            self._do(what, operation, {"user-name": user, option.lstrip("-"): keeper.identifier})
            if keeper.what == "an MFA device" and keeper.identifier.startswith("arn:"):
                # A virtual device is a thing of its own; only AWS's console deletes it with that.
                named = {"serial-number": keeper.identifier}
                self._do(f"delete the virtual MFA device of {user}", _VIRTUAL, named)
        self._do(f"delete the IAM user {user}", "delete-user", {"user-name": user})

    def _take_turn(self, **_: object) -> None:
        self._turns.acquire()

    def _do(self, what: str, operation: str, named: dict[str, str]) -> None:
        """Perform what the AWS CLI calls so, with options as it calls them."""
        known = self._iam.meta.service_model.operation_model(
            self._iam.meta.method_to_api_mapping[operation.replace("-", "_")]
        ).input_shape
        parameters = {xform_name(name, "-"): name for name in (known.members if known else {})}
        asked = {parameters[option]: value for option, value in named.items() if option}
        self._by_name(what, operation.replace("-", "_"), **asked)

    def _by_name(self, what: str, operation: str, **asked: str) -> dict[str, Any] | None:
        """Let IAM do something by the name that boto3 has for it."""
        answer: dict[str, Any] | None = self.ask(what, lambda iam: getattr(iam, operation)(**asked))
        return answer

    def _listed(self, path: str) -> Iterator[dict[str, Any]]:
        further: dict[str, str] = {}
        while page := self._by_name(
            f"list the IAM users under {path}", "list_users", PathPrefix=path, **further
        ):
            yield from page["Users"]
            if not page["IsTruncated"]:
                return
            further = {"Marker": page["Marker"]}
