"""Nobody can make themselves more than they are.

Denials are not weighed against what is allowed: they may stand in another policy today and be gone
tomorrow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from policies.guardrails.rules.documents import attached, granted
from policies.guardrails.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policies.guardrails.rules.documents import Statement
    from policies.guardrails.rules.rule import Resource, Settings

_GIETZEN: Final = "Rhino Security Labs, AWS IAM Privilege Escalation Methods"
_PATHS: Final = "Datadog, pathfinding.cloud"
_IAM: Final = "Service Authorization Reference, IAM: permissions management"

ESCALATING: Final[Mapping[str, str]] = {
    # Policies.
    "iam:AttachGroupPolicy": _GIETZEN,
    "iam:AttachRolePolicy": _GIETZEN,
    "iam:AttachUserPolicy": _GIETZEN,
    "iam:CreatePolicyVersion": _GIETZEN,
    "iam:DeleteRolePermissionsBoundary": _IAM,
    "iam:DeleteUserPermissionsBoundary": _IAM,
    "iam:PutGroupPolicy": _GIETZEN,
    "iam:PutRolePermissionsBoundary": _IAM,
    "iam:PutRolePolicy": _GIETZEN,
    "iam:PutUserPermissionsBoundary": _IAM,
    "iam:PutUserPolicy": _GIETZEN,
    "iam:SetDefaultPolicyVersion": _GIETZEN,
    # Trust.
    "iam:AddClientIDToOpenIDConnectProvider": _IAM,
    "iam:CreateOpenIDConnectProvider": _IAM,
    "iam:CreateSAMLProvider": _IAM,
    "iam:UpdateAssumeRolePolicy": _GIETZEN,
    "iam:UpdateOpenIDConnectProviderThumbprint": _IAM,
    "iam:UpdateSAMLProvider": _IAM,
    # Other identities.
    "iam:AddUserToGroup": _GIETZEN,
    "iam:CreateAccessKey": _GIETZEN,
    "iam:CreateLoginProfile": _GIETZEN,
    "iam:CreateServiceSpecificCredential": _IAM,
    "iam:UpdateLoginProfile": _GIETZEN,
    "iam:UploadSigningCertificate": _IAM,
    # Roles that services have.
    "iam:PassRole": _GIETZEN,
    "codebuild:StartBuild": _PATHS,
    "ec2-instance-connect:SendSSHPublicKey": _PATHS,
    "ecs:ExecuteCommand": _PATHS,
    "glue:UpdateDevEndpoint": _GIETZEN,
    "lambda:UpdateFunctionCode": _GIETZEN,
    "lambda:UpdateFunctionConfiguration": _GIETZEN,
    "sagemaker:CreatePresignedNotebookInstanceUrl": _PATHS,
    "ssm:SendCommand": _PATHS,
    "ssm:StartSession": _PATHS,
}
"""Each action that can give more than a policy says, and the list that has it."""

ADMINISTRATIVE: Final = frozenset(
    {
        "AWSCodeStarServiceRole",
        "AWSMcpServiceActionsFullAccess",
        "AdministratorAccess",
        "AdministratorAccess-Amplify",
        "IAMFullAccess",
        "PowerUserAccess",
    }
)
"""Managed policies of AWS's own whose documents let their holder write policies, trust or keys
everywhere; and the one that lets it do everything else."""

_OF_USERS: Final = ("iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:PutUserPolicy")
"""What making a user takes, and only on the users of the mount (Vault, AWS secrets engine, example
IAM policy)."""
_ENGINES_ROLE: Final = re.compile(r"vault-secret-(?P<scope>.+)")
_EXACT: Final = re.compile(r"[^*?]+")


def _judge(resource: Resource, _settings: Settings) -> Iterator[str]:
    for arn in attached(resource):
        owner, _, name = arn.rpartition(":policy/")
        if owner.endswith(":iam::aws") and name.rpartition("/")[2] in ADMINISTRATIVE:
            yield f"has {name}, with which it can give itself everything"
    for element, statement in granted(resource):
        for action in ESCALATING:
            if statement.allows(action) and (why := _beyond(resource, statement, action)):
                yield f"has {element} that allows {action} in {statement.label}{why}"
        if statement.allows("sts:AssumeRole") and not _all(_EXACT, statement):
            yield f"has {element} that allows sts:AssumeRole on a pattern in {statement.label}"


def _beyond(resource: Resource, statement: Statement, action: str) -> str:
    """Say why an action escalates here; empty where it is an engine's, about its own users."""
    if action == "iam:AddUserToGroup" and _engines(resource):
        # It is authorised on the group alone (Service Authorization Reference).
        return "" if _all(_EXACT, statement) else " on a pattern of groups"
    if action not in _OF_USERS or not (scope := _engines(resource)):
        return f" ({ESCALATING[action]})"
    users = re.compile(rf"arn:[a-z-]+:iam::\d{{12}}:user/vault/{re.escape(scope)}/.+")
    if not _all(users, statement):
        return f" on others than the mount's users, /vault/{scope}/"
    if action == "iam:AttachUserPolicy" and not _names_policies(statement):
        return " without naming the policies (iam:PolicyARN)"
    return ""


def _engines(resource: Resource) -> str:
    """Return what an engine's IAM role and its users are named by; empty for any other role."""
    if resource.type != "aws:iam/rolePolicy:RolePolicy" or not resource.has("role"):
        return ""
    found = _ENGINES_ROLE.fullmatch(str(resource.props["role"]))
    return found["scope"] if found else ""


def _all(form: re.Pattern[str], statement: Statement) -> bool:
    """Tell whether a statement is about nothing but what is of a form."""
    resources = statement.texts("Resource")
    return bool(resources) and all(form.fullmatch(each) for each in resources)


def _names_policies(statement: Statement) -> bool:
    return any(
        operator in ("ArnEquals", "ArnLike", "StringEquals")
        and key.lower() == "iam:policyarn"
        and all(_EXACT.fullmatch(value) for value in values)
        and not any(value.rpartition("/")[2] in ADMINISTRATIVE for value in values)
        for operator, key, values in statement.conditions()
    )


RULE: Final = Rule(
    name="no-escalation",
    promise="No policy lets anybody write policies, trust or keys beyond the mount's own users.",
    remedy="Take the action out, or do what needs it as whoever deploys, not as a lease",
    judge=_judge,
)
