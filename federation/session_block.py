"""Ends every session of a role that began before a moment, and no later one.

Source: IAM User Guide, "Revoke IAM role temporary security credentials": an inline policy of the
role denies everything to sessions that were issued before.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from federation.knowledge.steps import BLOCK
from federation.statements import document
from federation.trust import listed, mapping

POLICY = BLOCK
"""Name of the inline policy, which AWS's console gives it, too."""

_KEY = "aws:TokenIssueTime"
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def block(before: datetime) -> dict[str, Any]:
    """Return the policy that denies everything to sessions issued before a moment.

    Args:
        before: The moment, with time zone; AWS knows the issue of a session by the second.
    """
    return document(
        [
            {
                "Sid": "EndOlderSessions",
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {_KEY: written(before)}},
            }
        ]
    )


def blocked_before(policy: object) -> datetime | None:
    """Return the moment of a block that a role has; ``None`` if the policy is another one."""
    for statement in listed(mapping(policy).get("Statement")):
        denied = mapping(mapping(mapping(statement).get("Condition")).get("DateLessThan"))
        for moment in listed(denied.get(_KEY)):
            try:
                found = datetime.fromisoformat(str(moment))
            except ValueError:
                continue
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def written(moment: datetime) -> str:
    """Write a moment as IAM does."""
    return f"{moment.astimezone(UTC):{_FORM}}"
