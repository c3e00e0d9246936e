"""IAM policy documents as text: their size as AWS counts it, and whether their structure holds."""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from federation import policy_text

INLINE_POLICIES_OF_ROLE = 10_240
INLINE_POLICIES_OF_USER = 2_048
TRUST_POLICY = 2_048
"""Limits in non-blank characters (IAM User Guide, "IAM and AWS STS quotas")."""
SESSION_POLICY = 2_048
"""In characters, blanks included (STS API Reference, AssumeRole, Policy)."""

_VERSION = "2012-10-17"
_OLD_VERSION = "2008-10-17"
_KEYS = frozenset(("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"))
_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike"),
    *("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals"),
    *("NumericGreaterThan", "NumericGreaterThanEquals"),
    *("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals"),
    *("DateGreaterThan", "DateGreaterThanEquals"),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress"),
    *("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
)
_NULL = "Null"
"""IAM User Guide, "IAM JSON policy elements: Condition operators"; each but Null takes IfExists."""
_OPERATOR = re.compile(rf"(ForAllValues:|ForAnyValue:)?({'|'.join(OPERATORS)})(IfExists)?|{_NULL}")
_AFFIXES = re.compile(r"^(ForAllValues:|ForAnyValue:)|IfExists$")
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\u00ff]")


def size(document: Mapping[str, Any], *, escaped: bool = True) -> int:
    """Count a document's characters as AWS does: without blanks.

    Args:
        document: The document.
        escaped: Whether it is sent with what is beyond ASCII in escapes, as a trust policy must
            be: AWS takes none above U+00FF there (IAM API Reference, CreateRole). Vault sends what
            it was given.
    """
    text = json.dumps(document, ensure_ascii=escaped)
    return len("".join(text.split()))


def parse(text: str) -> dict[str, Any]:
    """Read an identity policy and check its structure; see :func:`problems`.

    Raises:
        ValueError: With every problem, each naming its statement.
    """
    document = read(text)
    if found := list(problems(document)):
        raise ValueError("; ".join(found))
    return document


def read(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: The text is none, or leaves open which of two values counts.
    """
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}") from None
    if not isinstance(document, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 -- the text is wrong, not a type
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice: which of the two counts is left open by JSON."""
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"the key {twice[0]!r} is there twice in one object")
    return dict(pairs)


def _no_constant(name: str) -> None:
    """Refuse what Python reads and JSON has not: NaN and the infinities."""
    raise ValueError(f"not JSON: {name} is no number")


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """Tell what is wrong with the structure of an identity policy, each problem by its statement.

    Not a judgement of what it grants: only whether IAM will take it (IAM User Guide, "Grammar of
    the IAM JSON policy language"). ``Version`` must be 2012-10-17, for under the older one policy
    variables are plain text.
    """
    if foreign := _FORBIDDEN.search(json.dumps(document, ensure_ascii=False)):
        yield f"holds {foreign[0]!r}; IAM takes characters up to U+00FF only"
    for key in sorted(document.keys() - {"Version", "Id", "Statement"}):
        yield f"unknown element {key!r}"
    if not isinstance(document.get("Id", ""), str):
        yield "Id must be text"
    if document.get("Version") != _VERSION:
        yield f'Version must be "{_VERSION}"{_why(document.get("Version"))}'
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        yield "Statement must be an object or a list with at least one"
        return
    for number, statement in enumerate(statements, start=1):
        if isinstance(statement, dict):
            yield from (f"statement {number}: {problem}" for problem in _statement(statement))
        else:
            yield f"statement {number}: must be an object"
    sids = [statement.get("Sid") for statement in statements if isinstance(statement, dict)]
    for sid in sorted(
        {sid for sid in sids if sid and isinstance(sid, str) and sids.count(sid) > 1}
    ):
        yield f"the Sid {sid!r} is there twice"


def _why(version: object) -> str:
    """Say why not the older version, which is also what IAM takes for none."""
    if version not in (None, _OLD_VERSION):
        return ""
    older = f'under "{_OLD_VERSION}"' if version else f'without one it is "{_OLD_VERSION}", where'
    return f"; {older} policy variables such as ${{aws:username}} are plain text, and match nothing"


def _statement(statement: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(statement.keys() - _KEYS):
        reason = "; only resource policies name one" if key.endswith("Principal") else ""
        yield f"unknown element {key!r}{reason}"
    if "Sid" in statement and not _matches(_SID, statement["Sid"]):
        yield "Sid must be letters and digits"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield "Effect must be Allow or Deny"
    yield from _one_of("Action", _action_problem, "such as iam:GetUser", statement)
    yield from _one_of("Resource", policy_text.resource_problem, "an ARN or *", statement)
    yield from _condition(statement.get("Condition", {}))


def _action_problem(text: str) -> str:
    return "" if _ACTION.fullmatch(text) else "must be such as iam:GetUser"


def _one_of(
    element: str, problem_of: Callable[[str], str], example: str, statement: Mapping[str, Any]
) -> Iterator[str]:
    present = [key for key in (element, f"Not{element}") if key in statement]
    if len(present) != 1:
        yield f"must have either {element} or Not{element}"
        return
    values = statement[present[0]]
    values = values if isinstance(values, list) else [values]
    if not values:
        yield f"{present[0]} must be {example}, or a list of such; it is empty"
    for value in values:
        told = problem_of(value) if isinstance(value, str) else f"must be {example}"
        if told == f"must be {example}":
            yield f"{present[0]} {told}, or a list of such, not {json.dumps(value)}"
        elif told:
            yield f"{present[0]} {json.dumps(value)} {told}"


def _condition(condition: object) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield "Condition must be an object"
        return
    for operator, keys in condition.items():
        if not _OPERATOR.fullmatch(operator):
            yield f"unknown condition operator {operator!r}; {_meant(operator)}"
        if not isinstance(keys, dict) or not keys:
            yield f"condition {operator!r} must be an object of keys and values"
            continue
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            if not all(isinstance(value, str | int | float) for value in listed):
                yield f"condition {operator!r} on {key!r} must have a value, or a list of values"
                continue
            for value in listed:
                if told := policy_text.condition_value_problem(_AFFIXES.sub("", operator), value):
                    yield f"condition {operator!r} on {key!r}: {json.dumps(value)} {told}"


def _meant(operator: str) -> str:
    close = difflib.get_close_matches(_AFFIXES.sub("", operator), (*OPERATORS, _NULL), n=1)
    meant = f"did you mean {close[0]}? " if close else ""
    return (
        f"{meant}known are {_NULL}, and also with IfExists or after ForAllValues: or ForAnyValue: "
        f"{', '.join(OPERATORS)}"
    )


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
