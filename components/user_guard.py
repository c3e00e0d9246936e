"""What Vault has made at AWS, and that nothing of it is left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ResourceProvider, UpdateResult

from components.account import access, users

if TYPE_CHECKING:
    from federation.names import MountNames
    from settings import AccountSettings

VISIBLE_SECONDS = 15.0
"""How long IAM may go on listing a user that was deleted (IAM User Guide, "Changes that I make are
not always immediately visible")."""

PAUSE_SECONDS = 1.0
"""Between two looks."""


class UsersRemainError(Exception):
    """IAM users are left that no lease will end; the message says which, and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserGuardArgs:
    """Whose users."""

    names: MountNames
    """The mount, which makes every user on its own IAM path."""
    account: AccountSettings
    """The account."""


class _UserGuardProvider(ResourceProvider):
    """Looks on delete; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what is guarded."""
        return CreateResult(f"{props['account_id']}{props['iam_path']}", _asked(props))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Replace when other users are meant; everything else is only a way to get there."""
        old, new = _asked(olds), _asked(news)
        replaces = [key for key in ("account_id", "iam_path") if old.get(key) != new.get(key)]
        return DiffResult(changes=old != new, replaces=replaces)

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record another way to reach the account."""
        return UpdateResult(_asked(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Refuse while users are left.

        Those whose making was interrupted have no lease, and neither has any once Vault has lost
        its storage: a lease guard sees none of them.
        """
        path, account = props["iam_path"], users(props)
        deadline = time.monotonic() + VISIBLE_SECONDS
        while left := account.under(path):
            if time.monotonic() >= deadline:
                raise UsersRemainError(
                    f"IAM users are left under {path} in account {props['account_id']}, and no "
                    f"lease was found that would end them: {', '.join(sorted(left))}. Vault "
                    "deletes what it was interrupted at within about six minutes, as long as its "
                    "IAM role is there, which therefore stays: repeat `pulumi destroy` then. Those "
                    "that are still left, and all of a Vault that has lost its storage, nobody "
                    "else deletes: delete them, then repeat"
                )
            time.sleep(PAUSE_SECONDS)


class UserGuard(pulumi.dynamic.Resource, module="vaultwif", name="UserGuard"):
    """Destroyed after the lease guards and before the IAM role, and only once no user is left.

    With the role would go the only identity that Vault can delete users by.
    """

    def __init__(
        self, name: str, args: UserGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {"iam_path": args.names.iam_path, **access(args.account)}
        super().__init__(_UserGuardProvider(), name, props, opts)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in props.items() if not key.startswith("__") and value is not None
    }
