"""Who may become an IAM role: one mount by audience and subject, or named roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.documents import allowing
from policies.guardrails.rules.rule import ROLE, Rule, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.guardrails.rules.documents import Statement
    from policies.guardrails.rules.rule import Resource, Settings

_WEB_IDENTITY: Final = "sts:AssumeRoleWithWebIdentity"
_WAYS_IN: Final = (_WEB_IDENTITY, "sts:AssumeRole", "sts:AssumeRoleWithSAML")
_PROVIDER: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:oidc-provider/(?P<issuer>[^*?:]+)")
_PRINCIPAL: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:(role|user)/[^*?]+")


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    if resource.type != ROLE or not resource.has("assumeRolePolicy"):
        return
    for statement in allowing(resource.props["assumeRolePolicy"]):
        yield from (f"{statement.label} {told}" for told in _statement(statement))


def _statement(statement: Statement) -> Iterator[str]:
    for element in ("NotAction", "NotPrincipal"):
        if element in statement.entry:
            yield f"has {element}, which admits whatever it does not name"
    for action in statement.texts("Action"):
        if "*" in action or "?" in action:
            yield f"allows {action!r}: name the one way in"
    if any(statement.allows(way) for way in _WAYS_IN):
        yield from _open_conditions(statement)
    yield from _principal(statement, statement.entry.get("Principal"))


def _principal(statement: Statement, principal: object) -> Iterator[str]:
    if not isinstance(principal, Mapping):
        yield f"admits the principal {principal!r}: name who it is"
        return
    for kind, names in principal.items():
        yield from _principals(kind, [str(name) for name in listed(names)])
    for name in listed(principal.get("Federated")):
        if found := _PROVIDER.fullmatch(str(name)):
            yield from _bound(statement, found["issuer"])


def _principals(kind: str, names: list[str]) -> Iterator[str]:
    form = {"Federated": _PROVIDER, "AWS": _PRINCIPAL}.get(kind)
    if form is None:
        yield f"admits a principal of the kind {kind}: only mounts and named roles get in"
        return
    for name in names:
        if not form.fullmatch(name):
            yield f"admits {kind} {name!r}: name one role or user, or one identity provider"


def _open_conditions(statement: Statement) -> Iterator[str]:
    """Tell of operators that hold where there is no such key.

    Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
    """
    for operator, key, _ in statement.conditions():
        if operator.lower().startswith("forallvalues:") or operator.lower().endswith("ifexists"):
            yield f"has {operator} {key}, which holds where there is no {key}"


def _bound(statement: Statement, issuer: str) -> Iterator[str]:
    """Tell what keeps a statement from admitting one audience and one subject of an issuer."""
    wanted = {f"{issuer}:{claim}".lower() for claim in ("aud", "sub")}
    for operator, key, values in statement.conditions():
        if "://" in key:
            yield f"has the key {key}: AWS's keys of an issuer have no scheme, so it never holds"
            continue
        if key.lower() not in wanted or operator != "StringEquals":
            continue
        wanted.remove(key.lower())
        if len(values) != 1 or not values[0] or {"*", "?"} & set(values[0]):
            yield f"admits {key} {values!r}: name one, in full"
    for key in sorted(wanted):
        yield f"has no StringEquals on {key}, so another mount's token gets in"


RULE: Final = Rule(
    name="bound-trust",
    promise="A role is trusted to one mount, by audience and subject, or to named roles.",
    remedy="Let StringEquals name <issuer without scheme>:aud and :sub, and the principal by its "
    "whole ARN",
    judge=_judge,
)
