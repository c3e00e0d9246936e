"""Which IAM users no lease of Vault will end, by what Vault and AWS tell of leases and users.

A lease does not name its user: all that Vault tells of one is its path, which holds the Vault role,
and its times (Vault, "/sys/leases", "Read lease"). So a user is left only if no live lease can be
its own, and the rule errs on the side of whoever may be live.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from federation.names import USERNAME_RANDOM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

CLOCKS = timedelta(minutes=5)
"""How far Vault's clock may be from AWS's: AWS refuses what was signed longer ago ("Troubleshooting
Signature Version 4"), and Vault's request to make a user was not refused."""
ISSUING = timedelta(minutes=5)
"""How long after its user a lease may begin: a request ends after 90 s (Vault, "Parameters",
``default_max_request_duration``), with room for who has set that higher."""
SETTLED = timedelta(minutes=10)
"""From this age on a user is no longer being made: its lease is there, or never will be."""

_OF_VAULT = re.compile(r"vault-.+-\d{10}-[A-Za-z0-9]{1,20}")
"""How Vault names users of itself (Vault, AWS secrets engine API, ``username_template``)."""


class Verdict(enum.StrEnum):
    """What is thought of a user."""

    LEFT = "left"
    LIVE = "live"
    YOUNG = "young"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class IamUser:
    """An IAM user as AWS lists it."""

    name: str
    path: str
    created: datetime
    """By AWS's clock."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveLease:
    """A lease that Vault still has."""

    lease_id: str
    """With its namespace in front."""
    role: str
    issued: datetime
    """By Vault's clock."""
    expires: datetime | None
    """In the past where Vault could not revoke it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What is thought of a user, and why."""

    verdict: Verdict
    why: str
    leases: tuple[str, ...] = ()
    """Ids of the leases one of which may be its own."""


def roles_named(user: str, roles: Iterable[str]) -> frozenset[str]:
    """Return the Vault roles that a user may be of by its name; none where the name does not tell.

    Args:
        user: Name of the IAM user.
        roles: The Vault roles that are known. Several fit where one ends like another.
    """
    ends = rf"[A-Za-z0-9]{{{USERNAME_RANDOM}}}"
    return frozenset(
        role for role in roles if re.fullmatch(rf"vault-.*-{re.escape(role)}-{ends}", user)
    )


def is_named_by_vault(user: str) -> bool:
    """Tell whether a name is of the kind that Vault gives where nobody tells it another."""
    return bool(_OF_VAULT.fullmatch(user))


def is_path_of(stack: str, path: str) -> bool:
    """Tell whether an IAM path is where engines of the stack make users."""
    scope = re.escape(stack.replace("-", "--"))
    return bool(re.match(rf"/vault/{scope}-(?!-)", path))


def is_path_of_a_stack(path: str) -> bool:
    """Tell whether an IAM path is where engines of any stack make users."""
    return path.startswith("/vault/")


def may_be_of(user: IamUser, lease: LiveLease, roles: Collection[str]) -> bool:
    """Tell whether a lease may be the one that ends a user.

    Args:
        user: The user.
        lease: The lease.
        roles: The Vault roles that the user may be of; none means any.
    """
    if roles and lease.role not in roles:
        return False
    return user.created - CLOCKS <= lease.issued <= user.created + ISSUING + CLOCKS


def judge(
    user: IamUser, leases: Iterable[LiveLease], roles: Collection[str], now: datetime
) -> Judged:
    """Judge a user that is old enough.

    Args:
        user: The user.
        leases: Every live lease of every Vault role that the user may be of.
        roles: The Vault roles that the user may be of; none means any.
        now: The time, by which leases are over that Vault could not revoke.
    """
    own = sorted(
        (lease for lease in leases if may_be_of(user, lease, roles)),
        key=lambda lease: abs(lease.issued - user.created),
    )
    if not own:
        of = f" of {' or '.join(sorted(roles))}" if roles else ""
        return Judged(verdict=Verdict.LEFT, why=f"no live lease{of} can be its own")
    nearest, others = own[0], len(own) - 1
    why = f"lease {nearest.lease_id} may be its own"
    if others:
        why += (
            f", or one of {others} others of that time"
            if others > 1
            else ", or another of that time"
        )
    if nearest.expires and nearest.expires < now:
        why += "; it is over, and Vault could not revoke it: type `vaultaws revoke`"
    elif expires := [each.expires for each in own if each.expires]:
        why += f", until {max(expires).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Judged(verdict=Verdict.LIVE, why=why, leases=tuple(each.lease_id for each in own))


def age(seconds: float) -> str:
    """Return a length of time as a person says it, in its largest unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def missing(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tell whether any of the wanted tags is not there, or is another."""
    return any(tags.get(key) != value for key, value in wanted.items())
