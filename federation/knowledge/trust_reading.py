"""Reads a trust policy that somebody wrote, and names what can never hold or holds too often."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from federation.trust import ASSUME, label_of, listed, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOLDERS = ("AssumeRolePolicyDocument", "Role", "PolicyDocument", "Document")
"""Where AWS's CLI puts a document, from the outside in."""

_MUST_BE_ASKED = {
    "aud": "a token for anybody's audience is admitted",
    "sub": "every mount of Vault with that audience is admitted, not one alone",
}
"""Claims that must stand in a condition, and what happens else."""


def document(text: str) -> dict[str, Any] | None:
    """Return the policy document in a text: plain, URL-encoded, or in an answer of AWS's CLI.

    Returns:
        ``None`` if the text is something else.
    """
    try:
        found: Any = json.loads(unquote(text) if text.lstrip().startswith("%7B") else text)
    except ValueError:
        return None
    while isinstance(found, dict) and "Statement" not in found:
        found = next((found[key] for key in _HOLDERS if key in found), None)
    return found if isinstance(found, dict) else None


def wanted(document: Mapping[str, Any]) -> list[str]:
    """Say of each statement whom it admits, and what it asks for, a line each."""
    lines = []
    for statement in _statements(document):
        actions = ", ".join(map(str, listed(statement.get("Action", "no action"))))
        lines.append(
            f"{label_of(statement)}: {statement.get('Effect')} {actions} to "
            f"{', '.join(_principals(statement)) or 'nobody'}"
        )
        lines += [
            f"  if {operator} {key}: {' or '.join(map(str, listed(values)))}"
            for operator, key, values in _conditions(statement)
        ]
    return lines


def doubts(document: Mapping[str, Any]) -> list[str]:
    """Name what is wrong with a trust policy whoever shows a token; empty if nothing is seen.

    Source: IAM User Guide, "Create a role for OpenID Connect federation (console)", and the
    condition keys of "IAM and AWS STS condition context keys".
    """
    all_of_it = _statements(document)
    statements = [each for each in all_of_it if _is_about(each, ASSUME.lower())]
    if not statements and not any(_is_about(each, "sts:assumerole") for each in all_of_it):
        return [f"no statement is about {ASSUME}, so no token is ever exchanged for this role"]
    return [doubt for statement in statements for doubt in _doubts(statement)]


def _doubts(statement: Mapping[str, Any]) -> Iterator[str]:
    label = label_of(statement)
    federated = [str(arn) for arn in listed(mapping(statement.get("Principal")).get("Federated"))]
    for arn in federated:
        if arn.endswith("/"):
            yield f"{label}: Principal {arn} ends with a slash; the issuer of Vault has none"
    issuers = [arn.partition(":oidc-provider/")[2] for arn in federated]
    conditions = _conditions(statement)
    for _, key, _ in conditions:
        yield from (f"{label}: {doubt}" for doubt in _doubts_of_key(key, issuers))
    if statement.get("Effect") != "Allow":
        return
    for claim, risk in _MUST_BE_ASKED.items():
        if not any(key.endswith(f":{claim}") for _, key, _ in conditions):
            yield f"{label}: nothing is asked of {claim}: {risk}"
    for operator, key, values in conditions:
        if "Like" in operator and any("*" in str(value) for value in listed(values)):
            yield f"{label}: {operator} {key} admits whatever fits a pattern; use StringEquals"


def _doubts_of_key(key: str, issuers: list[str]) -> Iterator[str]:
    issuer, _, claim = key.rpartition(":")
    if "://" in key:
        yield (
            f"the condition key {key} has a scheme, so it is never there and the condition never "
            f"holds; write {key.partition('://')[2]}"
        )
    elif claim in _MUST_BE_ASKED and issuer.lower() not in map(str.lower, issuers):
        yield (
            f"the condition key {key} is not that of the Principal's issuer, so it is never there "
            f"and the condition never holds; write {(issuers or ['HOST/PATH'])[0]}:{claim}"
        )


def _is_about(statement: Mapping[str, Any], action: str) -> bool:
    named = {str(each).lower() for each in listed(statement.get("Action"))}
    return not named.isdisjoint((action, "sts:*", "*"))


def _statements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in listed(document.get("Statement")) if isinstance(each, dict)]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return [str(principal)] if principal else []
    return [f"{kind} {name}" for kind, names in principal.items() for name in listed(names)]


def _conditions(statement: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (operator, str(key), values)
        for operator, keys in mapping(statement.get("Condition")).items()
        for key, values in mapping(keys).items()
    ]
