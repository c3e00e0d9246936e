"""Statements of IAM policies, as this program writes them."""

from collections.abc import Iterable, Mapping
from typing import Any

Document = dict[str, Any]
Statement = dict[str, Any]


def allow(
    sid: str,
    actions: Iterable[str],
    resource: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """Return a statement that allows the actions on the resource, where the condition holds."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resource,
    }
    if condition:
        statement["Condition"] = dict(condition)
    return statement


def allow_assuming(targets: list[str], external_id: str | None) -> Statement:
    """Return a statement that allows assuming roles, by their ARNs, with their external id."""
    condition = {"StringEquals": {"sts:ExternalId": external_id}} if external_id else {}
    return allow("AssumeTargetRoles", ("sts:AssumeRole",), targets, condition)


def document(statements: list[Statement]) -> Document:
    """Return the policy of these statements."""
    return {"Version": "2012-10-17", "Statement": statements}
