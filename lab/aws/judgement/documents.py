"""What AWS accepts as a policy document, checked when it is written, not when it is used."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import (
    IAMPolicyDocumentValidator,
    IAMTrustPolicyDocumentValidator,
)

from lab.aws.front.wire import ApiError
from lab.aws.judgement.policy import UnknownPolicyElement, parse_identity_policy, parse_trust_policy
from lab.aws.state.entities import Entities

if TYPE_CHECKING:
    from lab.aws.state.store import State

TRUST_POLICY_CHARACTERS = 2048
"""Default quota ACLSizePerRole, non-blank ("IAM and AWS STS quotas")."""

_ANY_OF_IAM = re.compile(r"^(arn:[^:]+:iam::[^:]*:)\*.*")
_SID = re.compile(r"[A-Za-z0-9]*")
_PRINCIPAL = re.compile(
    r"arn:(aws[a-z-]*):(?:iam|sts)::(\d{12}):(root|(user|role|assumed-role)/\S+)"
)


class IdentityShape(IAMPolicyDocumentValidator):
    """What moto knows of IAM's refusals, conditions left to the judge that will evaluate them.

    moto refuses values that IAM takes: numbers, dates with some zones.
    """

    def __init__(self, policy_document: str) -> None:
        super().__init__(_without_conditions(policy_document))

    def _validate_resource_format(self, resource: str) -> None:
        """Take the ``*`` too, which moto forgets and its own message names."""
        super()._validate_resource_format(_ANY_OF_IAM.sub(r"\1user/*", resource))


class TrustShape(IAMTrustPolicyDocumentValidator):
    """The same of trust policies."""

    def __init__(self, policy_document: str) -> None:
        super().__init__(_without_conditions(policy_document))


def _without_conditions(text: str) -> str:
    document = _json(text)
    for statement in _statements(document):
        statement.pop("Condition", None)
    return json.dumps(document)


def blank_free_length(text: str) -> int:
    """Count characters as AWS's policy quotas do: white space is free."""
    return len(re.sub(r"\s", "", text))


def check_identity_policy(text: str) -> None:
    """Require an identity-based policy that the laboratory can later judge.

    Raises:
        ApiError: MalformedPolicyDocument.
    """
    document = _json(text)
    for statement in _statements(document):
        if "Principal" in statement or "NotPrincipal" in statement:
            raise malformed("Policy document should not specify a principal.")
        if not _SID.fullmatch(str(statement.get("Sid", ""))):
            raise malformed("Statement IDs (SID) must be alpha-numeric.")
    try:
        parse_identity_policy(document)
        IdentityShape(text).validate()
    except UnknownPolicyElement as error:
        raise malformed(f"The laboratory cannot judge this policy: {error}") from error
    except MalformedPolicyDocument as error:
        raise malformed(str(error.message)) from error


def check_trust_policy(text: str, account: str, state: State) -> None:
    """Require a trust policy for an account's role of permitted size, elements and principals.

    Raises:
        ApiError: MalformedPolicyDocument, or LimitExceeded over 2,048 non-blank characters.
    """
    document = _json(text)
    if blank_free_length(text) > TRUST_POLICY_CHARACTERS:
        raise ApiError(
            "LimitExceeded",
            409,
            f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}",
        )
    for statement in _statements(document):
        if "Resource" in statement or "NotResource" in statement:
            raise malformed("Has prohibited field Resource")
        for element in ("Principal", "Action", "Effect"):
            if element not in statement and f"Not{element}" not in statement:
                raise malformed(f"Missing required field {element}")
        for principal in _aws_principals(statement):
            if not _exists(principal, state.accounts[account].partition, state):
                raise malformed(f'Invalid principal in policy: "AWS":"{principal}"')
    try:
        parse_trust_policy(document)
    except UnknownPolicyElement as error:
        raise malformed(f"The laboratory cannot judge this policy: {error}") from error


def orphan(arn: str, unique_id: str, state: State) -> None:
    """Put the unique id of a deleted user or role where trust policies named its ARN.

    AWS does so, hence a new one of the same name is not trusted ("AWS JSON policy elements:
    Principal", IAM User Guide).
    """
    for account in state.accounts:
        for role in state.iam(account).roles.values():
            document = json.loads(role.assume_role_policy_document)
            changed = False
            for statement in _statements(document):
                principal = statement.get("Principal")
                if isinstance(principal, dict) and arn in _aws_principals(statement):
                    names = _aws_principals(statement)
                    principal["AWS"] = [unique_id if name == arn else name for name in names]
                    changed = True
            if changed:
                role.assume_role_policy_document = json.dumps(document)


def malformed(message: str) -> ApiError:
    """Return MalformedPolicyDocument (400)."""
    return ApiError("MalformedPolicyDocument", 400, message)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is Python's, not JSON's")


def _json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise malformed("This policy contains invalid Json") from error
    if not isinstance(document, dict):
        raise malformed("Syntax errors in policy.")
    return document


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document.get("Statement")
    entries = found if isinstance(found, list) else [found]
    statements = [entry for entry in entries if isinstance(entry, dict)]
    if not statements or len(statements) < len(entries):
        raise malformed("Syntax errors in policy.")
    return statements


def _aws_principals(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    names = principal.get("AWS", []) if isinstance(principal, dict) else []
    return [names] if isinstance(names, str) else list(names)


def _exists(principal: str, partition: str, state: State) -> bool:
    """Say whether a partition knows the principal; nothing of one partition exists in another."""
    if principal == "*" or re.fullmatch(r"A(ROA|IDA)[A-Z0-9]{12,}", principal):
        return True
    found = _PRINCIPAL.fullmatch(principal)
    account = state.accounts.get(found.group(2) if found else principal)
    if account is None or account.partition != partition:
        return False
    if not found:
        return True
    if "*" in principal or found.group(1) != partition:
        return False
    if found.group(3) == "root" or found.group(4) == "assumed-role":
        return True
    entities = Entities(state.iam(found.group(2)))
    return bool(entities.role_by_arn(principal) or entities.user_by_arn(principal))
