"""IAM policies as the rules read them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from policies.guardrails.rules.rule import ENGINE_ROLE, ROLE, listed

if TYPE_CHECKING:
    from policies.guardrails.rules.rule import Resource

_ELEMENT: Final = {
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    ENGINE_ROLE: "policyDocument",
}
_ATTACHED: Final = {
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/policyAttachment:PolicyAttachment": "policyArn",
    ROLE: "managedPolicyArns",
    ENGINE_ROLE: "policyArns",
}


@dataclass(frozen=True)
class Statement:
    """One statement that allows; what denies can only take away."""

    label: str
    """What a person calls it."""
    entry: Mapping[str, Any]

    def texts(self, element: str) -> list[str]:
        """Return the texts of an element; empty if it is not there."""
        return [str(value) for value in listed(self.entry.get(element))]

    def allows(self, action: str) -> bool:
        """Tell whether an action is allowed on some resource."""
        wanted = action.lower()
        if "NotAction" in self.entry:
            return not _matches(wanted, self.texts("NotAction"))
        return _matches(wanted, self.texts("Action"))

    def conditions(self) -> Iterator[tuple[str, str, list[str]]]:
        """Give operator, key and values of each condition."""
        operators = self.entry.get("Condition") or {}
        if not isinstance(operators, Mapping):
            raise ValueError(f"{self.label}: Condition is no object")  # noqa: TRY004 - one kind
        for operator, keys in operators.items():
            if not isinstance(keys, Mapping):
                raise ValueError(f"{self.label}: Condition {operator} is no object")  # noqa: TRY004 - one kind
            for key, values in keys.items():
                yield operator, key, [str(value) for value in listed(values)]


def allowing(text: str) -> list[Statement]:
    """Return the statements of a policy that allow something.

    Raises:
        ValueError: the text is no policy.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise ValueError("is no JSON") from None
    if not isinstance(document, dict):
        raise ValueError("is no policy, but " + type(document).__name__)  # noqa: TRY004 - one kind
    statements = listed(document.get("Statement"))
    if not statements or not all(isinstance(each, dict) for each in statements):
        raise ValueError("is a policy without statements")
    return [
        Statement(f"statement {number} ({entry.get('Sid') or 'no Sid'})", entry)
        for number, entry in enumerate(statements, start=1)
        if entry.get("Effect") != "Deny"
    ]


def granted(resource: Resource) -> Iterator[tuple[str, Statement]]:
    """Give each statement that a resource lets somebody act by, and the input that has it.

    Session policies are passed over: a session may what its role may, and a session policy can only
    take from that (IAM User Guide, "Policies and permissions", session policies).
    """
    if resource.type == ENGINE_ROLE and not makes_users(resource):
        return
    element = _ELEMENT.get(resource.type, "")
    if element and resource.has(element):
        for statement in allowing(resource.props[element]):
            yield element, statement
    if resource.type == ROLE:
        for inline in resource.list("inlinePolicies"):
            for statement in allowing(inline["policy"]):
                yield "inlinePolicies", statement


def attached(resource: Resource) -> list[str]:
    """Return the ARNs of the managed policies that a resource lets somebody act by."""
    if resource.type == ENGINE_ROLE and not makes_users(resource):
        return []
    return [str(arn) for arn in resource.list(_ATTACHED.get(resource.type, ""))]


def makes_users(resource: Resource) -> bool:
    """Tell whether a Vault role of an engine makes users, which act by what it has."""
    return not resource.has("credentialType") or resource.props["credentialType"] == "iam_user"


def _matches(text: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(text, pattern.lower()) for pattern in patterns)
