"""Builds the trust policy of a target role, which engines may assume it, and reads one again."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, Any]]

EXAMPLE_UNIQUE_ID = "AROA0123456789ABCDEFG"
"""As long as IAM makes them: a trust policy is measured before its principals exist."""


class Principal(NamedTuple):
    """An IAM role as a trust policy knows it."""

    arn: str
    unique_id: str
    """Tells this role from one that was deleted and made again under the same name."""


def target_trust(
    principals: Iterable[Principal],
    *,
    external_id: str | None = None,
    session_tags: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Let the IAM roles of engines, and no other principal, assume a target role.

    IAM puts the unique id of a principal where its ARN was written, and does so for good once the
    principal is deleted: a new role of the same name is not trusted (IAM User Guide, "AWS JSON
    policy elements: Principal"). So each statement's ``Sid`` carries the unique id. It decides
    nothing, but a role that was made again makes another document, which is written anew and
    trusts the new role.

    Tags are asked for twice, because a call that passes tags needs leave to assume the role and
    leave to tag the session (IAM User Guide, "Pass session tags in AWS STS"): the first statement
    admits no session without them, the second none with others.

    Args:
        principals: The roles of the engines; in the order given, so give them sorted.
        external_id: What each call must say.
        session_tags: What each session must be tagged with.
    """
    tags = dict(sorted((session_tags or {}).items()))
    tagged = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    told = {"sts:ExternalId": external_id} if external_id else {}
    statements = []
    for principal in principals:
        assume = _allow("Assume", principal, "sts:AssumeRole", {"StringEquals": {**told, **tagged}})
        statements.append(assume)
        if tags:
            exactly: Condition = {
                "StringEquals": tagged,
                "ForAllValues:StringEquals": {"aws:TagKeys": [*tags]},
            }
            statements.append(_allow("Tag", principal, "sts:TagSession", exactly))
    return {"Version": "2012-10-17", "Statement": statements}


def assumable_by(document: Mapping[str, Any]) -> frozenset[str]:
    """Return whom a trust policy may let assume its role, whatever else it asks of them.

    Args:
        document: Trust policy, as IAM returns it.

    Returns:
        Principals as the policy writes them: ARNs, ids of those that are deleted, accounts, ``*``.
        One that it names by leaving others out is ``*``.
    """
    statements = document.get("Statement") or []
    found: set[str] = set()
    for statement in [statements] if isinstance(statements, dict) else statements:
        actions = statement.get("Action", "*")
        tagging = [actions] if isinstance(actions, str) else actions
        if statement.get("Effect") != "Allow" or set(tagging) == {"sts:TagSession"}:
            continue
        principal = statement.get("Principal", "*")
        for named in principal.values() if isinstance(principal, dict) else [principal]:
            found |= {named} if isinstance(named, str) else set(named)
    return frozenset(found)


def _allow(prefix: str, principal: Principal, action: str, condition: Condition) -> Statement:
    statement: Statement = {
        "Sid": f"{prefix}{principal.unique_id}",
        "Effect": "Allow",
        "Principal": {"AWS": principal.arn},
        "Action": action,
    }
    if held := {operator: keys for operator, keys in condition.items() if keys}:
        statement["Condition"] = held
    return statement
