"""What keeps AWS from deleting an IAM user, though Vault takes away all that it gave the user.

Source: IAM API Reference, "DeleteUser", which lists what must go first; Vault deletes access keys,
policies and group memberships (Vault, aws secrets engine, ``pathUserRollback``), and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import join

WHERE = "IAM_USERS"
"""Environment variable by which a lease guard tells its command where the users are: a JSON object
with ``iam_path`` and the fields of ``AccountAccess``."""

OPERATIONS = {
    "a password": ("delete-login-profile", ""),
    "an MFA device": ("deactivate-mfa-device", "--serial-number"),
    "a signing certificate": ("delete-signing-certificate", "--certificate-id"),
    "an SSH key": ("delete-ssh-public-key", "--ssh-public-key-id"),
    "service-specific credentials": (
        "delete-service-specific-credential",
        "--service-specific-credential-id",
    ),
}
"""The AWS CLI's command for each thing, and the option that names it: a user has one password."""

GIVEN = {
    "an access key": ("delete-access-key", "--access-key-id"),
    "an inline policy": ("delete-user-policy", "--policy-name"),
    "an attached policy": ("detach-user-policy", "--policy-arn"),
    "a group": ("remove-user-from-group", "--group-name"),
}
"""The same for what Vault gives a user, and takes away when a lease ends."""

ORDER = (
    *("a password", "an MFA device", "an access key", "an SSH key", "a signing certificate"),
    *("service-specific credentials", "an inline policy", "an attached policy", "a group"),
)
"""In what order everything is taken away: first what somebody could still sign in with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeper:
    """One thing of a user that has to go before the user can."""

    what: str
    """A key of :data:`OPERATIONS` or :data:`GIVEN`."""
    identifier: str = ""
    """What AWS calls it; empty for a password."""

    @property
    def operation(self) -> tuple[str, str]:
        """The AWS CLI's command that takes it away, and the option that names it."""
        return (OPERATIONS | GIVEN)[self.what]

    def command(self, user: str, profile: str | None = None) -> str:
        """Return what a person types to take it away."""
        operation, option = self.operation
        named = [option, self.identifier] if option else []
        signed_in = ["--profile", profile] if profile else []
        return join(["aws", "iam", operation, "--user-name", user, *named, *signed_in])


def told(user: str, keepers: Sequence[Keeper], profile: str | None = None) -> list[str]:
    """Say of each thing whose it is, what it is, and how it is taken away."""
    return [
        f"IAM user {user} has {keeper.what}: `{keeper.command(user, profile)}`"
        for keeper in keepers
    ]


LIKELY = ", ".join(f"{what} (`aws iam {command}`)" for what, (command, _) in OPERATIONS.items())
"""All that it can be, for whoever could not look."""
