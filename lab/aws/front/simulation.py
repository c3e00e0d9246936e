"""SimulatePrincipalPolicy: what a principal's policies would say to calls that nobody makes.

Source: IAM API Reference, "SimulatePrincipalPolicy", and IAM User Guide, "IAM policy testing with
the IAM policy simulator". Policies to add or to leave out, a policy of the resource and context
keys are refused: nobody here gives them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from lab.aws.front.wire import ApiError, members
from lab.aws.judgement.policy import Request, UnknownPolicyElement, evaluate_identity
from lab.aws.state.entities import Entities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.aws.judgement.policy import Decision
    from lab.aws.state.accounts import Account
    from lab.aws.state.entities import Identity
    from lab.aws.state.store import State

_TAKEN: Final = ("Action", "Version", "PolicySourceArn", "ActionNames", "ResourceArns")


def simulate(parameters: Mapping[str, str], account: Account, state: State) -> dict[str, Any]:
    """Answer each action on each resource; without resources, on all.

    Raises:
        ApiError: NoSuchEntity for a principal that is not there, InvalidInput for what is neither
            user nor role, PolicyEvaluation for a policy that cannot be judged.
    """
    if others := {name.partition(".")[0] for name in parameters} - {*_TAKEN}:
        told = f"The laboratory simulates without {', '.join(sorted(others))}."
        raise ApiError("InvalidInput", 400, told)
    source = parameters["PolicySourceArn"]
    identity = _identity(source, Entities(state.effective_iam(account.id)))
    identity = replace(identity, controls=state.service_control_policies())
    results = [
        _result(
            Request(
                action=action,
                resource=resource,
                context={},
                principal=source,
                principal_account=account.id,
            ),
            identity,
        )
        for action in members(parameters, "ActionNames")
        for resource in members(parameters, "ResourceArns") or ["*"]
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def _identity(arn: str, entities: Entities) -> Identity:
    user, role = entities.user_by_arn(arn), entities.role_by_arn(arn)
    if user:
        return entities.user_identity(user)
    if role:
        return entities.role_identity(role.id)
    if ":user/" in arn or ":role/" in arn:
        raise ApiError("NoSuchEntity", 404, f"The entity {arn} cannot be found.")
    raise ApiError("InvalidInput", 400, f"Invalid Entity Arn: {arn}")


def _result(request: Request, identity: Identity) -> dict[str, Any]:
    boundary, controls = identity.boundary, identity.controls
    try:
        decision = evaluate_identity(
            request, identity.policies, boundary=boundary, controls=controls
        )
        outside = not controls or evaluate_identity(request, controls).allowed
    except UnknownPolicyElement as error:
        raise ApiError("PolicyEvaluation", 500, f"A policy cannot be judged: {error}") from error
    result: dict[str, Any] = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": _told(decision),
        "MatchedStatements": [],
        "MissingContextValues": [],
        "OrganizationsDecisionDetail": {"AllowedByOrganizations": outside},
    }
    if boundary is not None:
        within = evaluate_identity(request, [("the permissions boundary", boundary)])
        detail = {"AllowedByPermissionsBoundary": within.allowed}
        result["PermissionsBoundaryDecisionDetail"] = detail
    return result


def _told(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.explicit_deny else "implicitDeny"
