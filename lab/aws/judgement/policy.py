"""IAM's policy language as AWS documents it: who may do what, and which statement said so.

Source: the IAM User Guide, "Policy evaluation logic". Documents are read by
``lab.aws.judgement.statements``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lab.aws.judgement.patterns import UnknownPolicyElement, fold
from lab.aws.judgement.statements import Statement, parse_identity_policy, parse_trust_policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Decision",
    "Request",
    "TrustPrincipal",
    "UnknownPolicyElement",
    "evaluate_identity",
    "evaluate_trust",
    "parse_identity_policy",
    "parse_trust_policy",
]

_TRUST_LABEL = "the trust policy"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to the policies. Context keys may be written in any case."""

    action: str
    """As the API names it, with the service's prefix: ``iam:CreateUser``."""
    resource: str
    """An ARN, or ``*`` for an action that AWS authorises on no resource."""
    context: Mapping[str, tuple[str, ...]]
    principal: str
    """ARN of the caller, for messages."""
    principal_account: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The answer, and for people the rule that gave it."""

    allowed: bool
    explicit_deny: bool
    rule: str
    kind: str = ""
    """What kind of policy refused, in AWS's words: ``identity-based policy``, ``permissions
    boundary``, ``session policy``, ``service control policy``, ``role trust policy``; empty where
    the request is allowed."""
    direct: bool = False
    """Whether a trust policy allowed the principal itself, not only its account. A principal of
    the role's own account then needs no identity-based policy ("Policy evaluation for requests
    within a single account"); one that is trusted through its account, or that lives in another
    account, does ("Cross-account policy evaluation logic")."""


@dataclass(frozen=True, kw_only=True)
class TrustPrincipal:
    """Who asks to assume a role.

    A role session gives both its ARN and its role's, because a trust in a role is a trust in the
    role's sessions ("AWS JSON policy elements: Principal", sections "IAM role principals" and
    "Role session principals"). A web identity gives its provider's ARN.
    """

    kind: Literal["AWS", "Federated", "Service"]
    arns: tuple[str, ...]
    account: str
    unique_ids: tuple[str, ...] = ()
    """What AWS stores for a user or role named in a trust policy: ``AROA...``, ``AIDA...``."""


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    """What a set of labelled statements says to one request."""

    denied_by: str | None = None
    allowed_by: str | None = None
    nearest: str = ""
    """Where nothing allows: the first statement about the action, and what kept it from applying,
    ready to be appended to a sentence."""


def evaluate_identity(
    request: Request,
    policies: Sequence[tuple[str, dict[str, Any]]],
    *,
    boundary: dict[str, Any] | None = None,
    session_policies: Sequence[tuple[str, dict[str, Any]]] = (),
    controls: Sequence[tuple[str, dict[str, Any]]] = (),
) -> Decision:
    """Decide by labelled identity-based policies, limited by all the others.

    An explicit deny in any of them wins; otherwise each kind that is present must allow ("How AWS
    enforcement code logic evaluates requests to allow or deny access"). A boundary, a session
    policy or a service control policy grants nothing by itself.

    Raises:
        UnknownPolicyElement: a document holds something that is not understood.
    """
    kinds = {"identity-based policy": _read(policies)}
    if controls:
        kinds["service control policy"] = _read(controls)
    if boundary is not None:
        kinds["permissions boundary"] = _read([("the permissions boundary", boundary)])
    if session_policies:
        kinds["session policy"] = _read(session_policies)
    verdicts = {kind: _judge(request, statements) for kind, statements in kinds.items()}
    for kind, verdict in verdicts.items():
        if verdict.denied_by is not None:
            return _denied(kind, verdict.denied_by)
    for kind, verdict in verdicts.items():
        if verdict.allowed_by is None:
            return _refused(kind, f"no {kind} allows {request.action}{verdict.nearest}")
    allowed_by = verdicts["identity-based policy"].allowed_by
    return Decision(allowed=True, explicit_deny=False, rule=f"allowed by {allowed_by}")


def evaluate_trust(
    request: Request, document: dict[str, Any], *, principal: TrustPrincipal
) -> Decision:
    """Decide by a role's trust policy; the request's action is an ``sts:`` one.

    Raises:
        UnknownPolicyElement: the document holds something that is not understood.
    """
    statements = parse_trust_policy(document)
    named = {
        how: [(_TRUST_LABEL, entry) for entry in statements if _names(entry, principal) == how]
        for how in ("itself", "account")
    }
    verdict = _judge(request, [*named["itself"], *named["account"]])
    kind = "role trust policy"
    if verdict.denied_by is not None:
        return _denied(kind, verdict.denied_by)
    if verdict.allowed_by is None:
        who = " or ".join(principal.arns)
        rule = f"{_TRUST_LABEL} does not allow {request.action} to {who}{verdict.nearest}"
        return _refused(kind, rule)
    return Decision(
        allowed=True,
        explicit_deny=False,
        rule=f"allowed by {verdict.allowed_by}",
        direct=_judge(request, named["itself"]).allowed_by is not None,
    )


def _read(policies: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, Statement]]:
    labelled = []
    for label, document in policies:
        try:
            labelled += [(label, statement) for statement in parse_identity_policy(document)]
        except UnknownPolicyElement as problem:
            raise UnknownPolicyElement(f"{label}: {problem}") from None
    return labelled


def _judge(request: Request, statements: Sequence[tuple[str, Statement]]) -> _Verdict:
    """Look at every statement, because a deny counts wherever it stands."""
    context = fold(request.context)
    allowed_by, nearest = None, ""
    for label, statement in statements:
        if not statement.covers(request.action):
            continue
        obstacle = statement.obstacle(request.resource, context)
        if obstacle is None and not statement.allows:
            return _Verdict(denied_by=f"{label}, {statement.name}")
        if obstacle is None:
            allowed_by = allowed_by or f"{label}, {statement.name}"
        elif statement.allows:
            nearest = nearest or f" ({label}, {statement.name}, {obstacle})"
    return _Verdict(allowed_by=allowed_by, nearest=nearest)


def _denied(kind: str, denied_by: str) -> Decision:
    rule = f"explicitly denied by {denied_by}"
    return Decision(allowed=False, explicit_deny=True, rule=rule, kind=kind)


def _refused(kind: str, rule: str) -> Decision:
    return Decision(allowed=False, explicit_deny=False, rule=rule, kind=kind)


def _names(statement: Statement, principal: TrustPrincipal) -> Literal["itself", "account"] | None:
    """Say how a statement's Principal element names who asks, if it does.

    A wildcard stands for everyone and never for part of a name ("You cannot use a wildcard to
    match part of a principal name or ARN"). AWS does not document whether it reaches web
    identities and services, so here it does so only in order to deny.
    """
    everyone = "*" in statement.principals.get("AWS", ())
    if everyone and (principal.kind == "AWS" or not statement.allows):
        return "itself"
    entries = set(statement.principals.get(principal.kind, ()))
    if entries & {*principal.arns, *principal.unique_ids}:
        return "itself"
    if principal.kind == "AWS" and entries & _names_of_account(principal):
        return "account"
    return None


def _names_of_account(principal: TrustPrincipal) -> set[str]:
    """Return the two spellings, which "behave the same way" ("AWS account principals")."""
    partitions = {arn.split(":")[1] for arn in principal.arns}
    return {principal.account} | {
        f"arn:{partition}:iam::{principal.account}:root" for partition in partitions
    }
