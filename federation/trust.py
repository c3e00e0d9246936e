"""Builds the trust policy of one mount, explains why claims do not satisfy one, and who may."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from federation.identity import condition_key, provider_identifier

ASSUME = "sts:AssumeRoleWithWebIdentity"
_WAYS_IN = (ASSUME, "sts:AssumeRole", "sts:AssumeRoleWithSAML")
"""What gives a session of a role (STS API Reference)."""

_UNJUDGED = "only StringEquals can be judged here"


def trust_policy(provider_arn: str, audience: str, subject: str) -> dict[str, Any]:
    """Let the one mount behind ``subject``, and no other, assume the role.

    Audience alone would admit every mount of the namespace that is given the same audience;
    Vault's subject carries the accessor, which no two mounts share.

    Source: IAM User Guide, "Create a role for OpenID Connect federation (console)", conditions.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OneVaultMount",
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": ASSUME,
                "Condition": {
                    "StringEquals": {
                        condition_key(provider_arn, "aud"): audience,
                        condition_key(provider_arn, "sub"): subject,
                    }
                },
            }
        ],
    }


def explain(document: Mapping[str, Any], issuer: str, claims: Mapping[str, Any]) -> list[str]:
    """List the clauses of a trust policy that a token fails; empty if it satisfies the policy.

    Judges ``StringEquals``, the one operator :func:`trust_policy` writes; any other is named as a
    failing clause rather than guessed at, and taken to hold in a statement that denies. Of several
    statements the one nearest to success speaks.

    Args:
        document: Trust policy, as IAM returns it.
        issuer: The issuer whose identity provider the role should trust, with ``https://``.
        claims: Claims of the token; ``aud`` may be a string or a list.
    """
    statements = [dict(entry) for entry in listed(document.get("Statement"))]
    candidates = [entry for entry in statements if _is_about_web_identities(entry)]
    denials = [
        f"statement {label_of(entry)}: denies {ASSUME}"
        for entry in candidates
        if entry.get("Effect") == "Deny"
        and all(clause.endswith(_UNJUDGED) for clause in _failures(entry, issuer, claims))
    ]
    if denials:
        return denials
    verdicts = [
        _failures(entry, issuer, claims) for entry in candidates if entry.get("Effect") == "Allow"
    ]
    return min(verdicts, key=len, default=[f"no statement allows {ASSUME}"])


def others_let_in(document: Mapping[str, Any], provider_arn: str, subject: str) -> list[str]:
    """List what of a trust policy may let in anybody but one mount; empty if nothing does.

    A statement is taken to let in no one else only if it trusts the issuer's identity provider and
    nothing besides, and asks by ``StringEquals`` for the mount's subject alone. Whatever any other
    operator would admit is not worked out, but listed.

    Args:
        document: Trust policy, as IAM returns it.
        provider_arn: The identity provider of the mount's issuer.
        subject: The ``sub`` claim of the mount's tokens.
    """
    openings = (
        (entry, _opening(entry, provider_arn, subject))
        for entry in map(dict, listed(document.get("Statement")))
        if entry.get("Effect") == "Allow" and any(_covers(entry, each) for each in _WAYS_IN)
    )
    return [f"{label_of(entry)}: {opening}" for entry, opening in openings if opening]


def _opening(statement: Mapping[str, Any], provider_arn: str, subject: str) -> str:
    """Say whom a statement may let in beside the mount; empty if nobody."""
    principal = statement.get("Principal", {"NotPrincipal": statement.get("NotPrincipal")})
    trusted = listed(mapping(principal).get("Federated"))
    if set(mapping(principal)) != {"Federated"} or trusted != [provider_arn]:
        return f"trusts {principal!r}, not {provider_arn} alone"
    key = condition_key(provider_arn, "sub")
    equals = mapping(mapping(statement.get("Condition")).get("StringEquals"))
    wanted = [value for name, value in equals.items() if name.lower() == key.lower()]
    if not wanted:
        return f"no StringEquals on {key}, so any mount of the issuer may get in"
    others = sorted({str(each) for each in listed(wanted[0])} - {subject})
    return f"StringEquals {key} also admits {_spoken(others)}" if others else ""


def _is_about_web_identities(statement: Mapping[str, Any]) -> bool:
    return _covers(statement, ASSUME)


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    """Actions may hold wildcards, and have no case ("IAM JSON policy elements: Action")."""
    patterns = listed(statement.get("Action", statement.get("NotAction")))
    named = any(fnmatchcase(action.lower(), str(pattern).lower()) for pattern in patterns)
    return named != ("Action" not in statement)


def _failures(statement: Mapping[str, Any], issuer: str, claims: Mapping[str, Any]) -> list[str]:
    failures = []
    label = label_of(statement)
    if claims.get("iss") != issuer:
        failures.append(f"token: iss is {claims.get('iss')!r}, the issuer is {issuer!r}")
    identifier = provider_identifier(issuer)
    trusted = listed(mapping(statement.get("Principal")).get("Federated"))
    named = any(str(arn).partition(":oidc-provider/")[2] == identifier for arn in trusted)
    if not named and not (statement.get("Effect") == "Deny" and _is_everyone(statement)):
        failures.append(f"{label}: Principal is {trusted!r}, the issuer needs {identifier!r}")
    # IAM compares the names of condition keys without regard to case, their values with it.
    context = {f"{identifier}:{claim}".lower(): listed(value) for claim, value in claims.items()}
    for operator, keys in mapping(statement.get("Condition")).items():
        for key, wanted in mapping(keys).items():
            clause = f"{label}: {operator} {key}"
            failures += _condition(clause, operator, wanted, context.get(key.lower()))
    return failures


def _condition(clause: str, operator: str, wanted: object, held: Sequence[Any] | None) -> list[str]:
    if operator != "StringEquals":
        return [f"{clause}: {_UNJUDGED}"]
    if held is None:
        return [f"{clause}: no claim has this key; keys have no scheme and name the whole issuer"]
    if not set(map(str, held)) & set(map(str, listed(wanted))):
        return [f"{clause}: wants {_spoken(wanted)}, the token has {_spoken(held)}"]
    return []


def _is_everyone(statement: Mapping[str, Any]) -> bool:
    """Say whether a denial may reach any principal; of one that leaves some out, it is assumed."""
    principal = statement.get("Principal", "*")
    return principal == "*" or "*" in listed(mapping(principal).get("AWS"))


def label_of(statement: Mapping[str, Any]) -> str:
    """Return what a person calls a statement."""
    return str(statement.get("Sid") or "statement without Sid")


def _spoken(value: object) -> str:
    return " or ".join(repr(entry) for entry in listed(value)) or "nothing"


def mapping(value: object) -> Mapping[str, Any]:
    """Return a part of a document that should be an object; empty if it is none."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """Return a part of a document that may be one value or a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
