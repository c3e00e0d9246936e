"""Policy documents: what IAM's grammar allows in them, read into statements.

Source: the IAM User Guide, "IAM JSON policy elements reference". What is not understood is refused
as soon as a document is read, even in a statement that would not have applied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.aws.judgement.conditions import Condition, Context, parse_conditions
from lab.aws.judgement.patterns import Piece, Template, UnknownPolicyElement, matches, template

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = ("2008-10-17", "2012-10-17")
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_COMMON = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"})
_IDENTITY = _COMMON | {"Resource", "NotResource"}
_TRUST = (_COMMON - {"NotAction"}) | {"Principal"}
_PRINCIPAL_KINDS = frozenset({"AWS", "Federated", "Service"})
_ACTION = re.compile(r"\*|[\w-]+:[\w*?-]+", re.ASCII)
_PARTS_BEFORE_RESOURCE = 5


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a policy, read and found to hold nothing unknown."""

    name: str
    """For people: its Sid, or its number counted from 1."""
    allows: bool
    actions: tuple[str, ...]
    excludes_actions: bool
    resources: tuple[Template, ...]
    """Empty in a trust policy, whose resource is the role."""
    excludes_resources: bool
    principals: Mapping[str, tuple[str, ...]]
    """By kind; empty in an identity-based policy."""
    conditions: tuple[Condition, ...]

    def covers(self, action: str) -> bool:
        """Say whether the statement is about an action.

        Case does not count: "The prefix and the action name are case insensitive" ("Action").
        """
        named = any(
            matches(action.lower(), (Piece(pattern.lower(), literal=False),))
            for pattern in self.actions
        )
        return named is not self.excludes_actions

    def obstacle(self, resource: str, context: Context) -> str | None:
        """Return what keeps a statement that covers the action from applying; None if nothing does.

        ``context`` has lower-case keys.
        """
        if self.resources and self._lists(resource, context) is self.excludes_resources:
            return f"is not about {resource}"
        for condition in self.conditions:
            if not condition.holds(context):
                return f"requires {condition.description}"
        return None

    def _lists(self, resource: str, context: Context) -> bool:
        return any(
            (pieces := pattern.resolve(context)) is not None
            and matches(resource, pieces, "resource")
            for pattern in self.resources
        )


def parse_identity_policy(document: object) -> tuple[Statement, ...]:
    """Read an identity-based policy, a permissions boundary or a session policy.

    Raises:
        UnknownPolicyElement: anything that is not understood, ``Principal`` among it: the identity
            a policy is attached to is its principal ("AWS JSON policy elements: Principal").
    """
    return _statements(document, _IDENTITY)


def parse_trust_policy(document: object) -> tuple[Statement, ...]:
    """Read a role's trust policy.

    Raises:
        UnknownPolicyElement: anything that is not understood, ``Resource`` among it (the role is
            the resource), ``NotPrincipal``, and an action that is not one of STS.
    """
    statements = _statements(document, _TRUST)
    for statement in statements:
        for action in statement.actions:
            if not action.lower().startswith("sts:"):
                raise UnknownPolicyElement(
                    f"{statement.name}: a trust policy speaks of sts: actions alone, not {action}"
                )
    return statements


def _statements(document: object, elements: frozenset[str]) -> tuple[Statement, ...]:
    """Read a document whose statements may hold ``elements``."""
    if not isinstance(document, dict):
        raise UnknownPolicyElement(f"a policy is a JSON object, not {document!r}")
    _refuse_unknown(document, _ELEMENTS, "the policy")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise UnknownPolicyElement(f"Version is one of {', '.join(_VERSIONS)}, not {version!r}")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise UnknownPolicyElement("a policy needs a Statement, or a list of at least one")
    return tuple(
        _statement(number, body, elements, variables=version == "2012-10-17")
        for number, body in enumerate(statements, start=1)
    )


def _statement(
    number: int, body: object, elements: frozenset[str], *, variables: bool
) -> Statement:
    if not isinstance(body, dict):
        raise UnknownPolicyElement(f"statement {number} must be a JSON object, not {body!r}")
    name = f"statement {body.get('Sid') or number}"
    _refuse_unknown(body, elements, name)
    if body.get("Effect") not in ("Allow", "Deny"):
        raise UnknownPolicyElement(f"{name}: Effect is Allow or Deny, not {body.get('Effect')!r}")
    action = _either(body, "Action", "NotAction", name)
    actions = _texts(body[action], f"{name}: {action}")
    for pattern in actions:
        if not _ACTION.fullmatch(pattern):
            raise UnknownPolicyElement(f"{name}: {action} is * or service:action, not {pattern!r}")
    resources: tuple[Template, ...] = ()
    excludes_resources = False
    if "Resource" in elements:
        resource = _either(body, "Resource", "NotResource", name)
        texts = _texts(body[resource], f"{name}: {resource}")
        resources = tuple(_resource(text, name, variables=variables) for text in texts)
        excludes_resources = resource == "NotResource"
    return Statement(
        name=name,
        allows=body["Effect"] == "Allow",
        actions=actions,
        excludes_actions=action == "NotAction",
        resources=resources,
        excludes_resources=excludes_resources,
        principals=_principals(body, name) if "Principal" in elements else {},
        conditions=parse_conditions(body.get("Condition", {}), variables=variables),
    )


def _resource(text: str, name: str, *, variables: bool) -> Template:
    """Read one resource; variables stand in its last part only ("Variables and tags")."""
    if text != "*" and not text.startswith("arn:"):
        raise UnknownPolicyElement(f"{name}: a resource is * or an ARN, not {text!r}")
    if variables and "${" in ":".join(text.split(":")[:_PARTS_BEFORE_RESOURCE]):
        raise UnknownPolicyElement(f"{name}: a variable before the fifth colon of {text!r}")
    return template(text, variables=variables)


def _principals(body: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    principal = body.get("Principal")
    if principal == "*":
        return {"AWS": ("*",)}
    if not isinstance(principal, dict) or not principal:
        raise UnknownPolicyElement(
            f"{name}: Principal is * or an object of {', '.join(sorted(_PRINCIPAL_KINDS))}"
        )
    _refuse_unknown(principal, _PRINCIPAL_KINDS, f"{name}: Principal")
    return {kind: _texts(value, f"{name}: {kind}") for kind, value in principal.items()}


def _refuse_unknown(value: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(value) - known)
    if unknown:
        raise UnknownPolicyElement(
            f"{where} has {', '.join(unknown)}; understood are {', '.join(sorted(known))}"
        )


def _either(body: Mapping[str, Any], this: str, that: str, name: str) -> str:
    present = [element for element in (this, that) if element in body]
    if len(present) != 1:
        raise UnknownPolicyElement(f"{name} needs either {this} or {that}")
    return present[0]


def _texts(value: object, where: str) -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UnknownPolicyElement(f"{where} is a text or a list of texts, not {value!r}")
    return tuple(texts)
