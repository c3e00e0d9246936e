"""One call to AWS, and what must be known of the account to authorise it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class InvalidParameter(ValueError):  # noqa: N818 - what it names is the parameter
    """A parameter is missing without which there is no resource to authorise on."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: ``service`` as it signs (iam, sts), parameters as sent (the flat query)."""

    service: str
    operation: str
    parameters: Mapping[str, str]
    account: str
    partition: str
    caller_arn: str
    caller_user_name: str | None

    def required(self, parameter: str) -> str:
        """Return a parameter that the operation cannot do without."""
        value = self.parameters.get(parameter)
        if not value:
            raise InvalidParameter(f"{self.operation} needs the parameter {parameter}")
        return value

    def listed(self, parameter: str) -> tuple[str, ...]:
        """Return the values of a list, in the order of their numbers in the query."""
        numbered = {}
        for name, value in self.parameters.items():
            before, _, number = name.rpartition(".")
            if before == f"{parameter}.member" and number.isdigit():
                numbered[int(number)] = value
        return tuple(numbered[number] for number in sorted(numbered))

    def carries(self, parameter: str) -> bool:
        """Say whether a parameter, or at least one entry of a list, is there."""
        return any(
            name == parameter or name.startswith(f"{parameter}.member.") for name in self.parameters
        )

    def tags(self) -> dict[str, str]:
        """Return the tags that the call carries."""
        keys = {
            name.removesuffix("Key"): value
            for name, value in self.parameters.items()
            if name.startswith("Tags.member.") and name.endswith(".Key")
        }
        return {key: self.parameters.get(f"{entry}Value", "") for entry, key in keys.items()}


class Lookup(Protocol):
    """What exists in the account; None (or no tags) for what does not."""

    def user_path(self, name: str) -> str | None:
        """Return the user's path, ``/`` or ``/division/``."""

    def role_path(self, name: str) -> str | None:
        """Return the role's path."""

    def group_path(self, name: str) -> str | None:
        """Return the group's path."""

    def instance_profile_path(self, name: str) -> str | None:
        """Return the instance profile's path."""

    def user_boundary(self, name: str) -> str | None:
        """Return the ARN of the user's permissions boundary."""

    def role_boundary(self, name: str) -> str | None:
        """Return the ARN of the role's permissions boundary."""

    def access_key_owner(self, access_key_id: str) -> str | None:
        """Return the name of the user whose long-term key this is."""

    def tags(self, resource: str) -> Mapping[str, str]:
        """Return the tags of the IAM resource with this ARN."""
