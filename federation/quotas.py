"""What an AWS account has room for, and what a stack is about to take of it.

Source: IAM User Guide, "IAM and AWS STS quotas"; what AWS tells of the account itself
(``GetAccountSummary``) goes before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IDENTITY_PROVIDERS: Final = 100
"""OpenID Connect providers of an account, unless AWS has raised it; no call of IAM's tells it."""
AUDIENCES: Final = 100
"""Audiences (client ids) of one identity provider; AWS raises it for nobody."""
ROLES: Final = 1_000
MANAGED_POLICIES: Final = 10
"""Of one role or user, unless raised."""
NEARLY: Final = 0.9
"""From which part on a quota is nearly used up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """How much of a quota is used once the stack is deployed."""

    what: str
    """What is counted, in the plural."""
    held: int
    """What is there now."""
    more: int = 0
    """What the stack is about to add."""
    most: int
    """The quota."""
    certain: bool = True
    """Whether AWS itself tells the quota, or raises it for nobody."""

    @property
    def total(self) -> int:
        """What will be there."""
        return self.held + self.more

    @property
    def exceeded(self) -> bool:
        """Whether there is no room."""
        return self.total > self.most

    @property
    def nearly(self) -> bool:
        """Whether hardly any room is left."""
        return self.total >= NEARLY * self.most
