"""Whether the caller's policies allow the call, and AWS's words when they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.aws.front.actions import (
    AuthorizationNeed,
    Call,
    UnknownOperation,
    authorization_requests,
)
from lab.aws.front.wire import ApiError
from lab.aws.judgement.policy import Decision, Request, UnknownPolicyElement, evaluate_identity
from lab.aws.state.entities import Entities, Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.aws.judgement.principals import Caller
    from lab.aws.state.store import State


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One need of a call and how it was decided."""

    need: AuthorizationNeed
    allowed: bool
    rule: str


class DeniedError(ApiError):
    """AccessDenied for one need; the decision log wants to know which."""

    def __init__(self, message: str, verdict: Verdict) -> None:
        super().__init__("AccessDenied", 403, message, rule=verdict.rule)
        self.verdict = verdict


def needs_of(
    service: str, operation: str, parameters: Mapping[str, str], caller: Caller, state: State
) -> Sequence[AuthorizationNeed]:
    """Return what the call must be allowed.

    Raises:
        ApiError: AccessDenied for an operation that the laboratory does not serve.
    """
    account = caller.account
    call = Call(
        service=service,
        operation=operation,
        parameters=parameters,
        account=account.id,
        partition=account.partition,
        caller_arn=caller.arn,
        caller_user_name=caller.user_name,
    )
    try:
        return authorization_requests(call, Entities(state.iam(account.id)))
    except UnknownOperation as error:
        raise not_served(service, operation) from error


def not_served(service: str, operation: str) -> ApiError:
    """Return the loud refusal of an operation that the laboratory does not know."""
    return ApiError(
        "AccessDenied",
        403,
        f"The laboratory does not serve {service}:{operation}. It refuses what it does not know "
        "instead of pretending; AWS itself may allow this call.",
    )


def authorize(caller: Caller, needs: Sequence[AuthorizationNeed], state: State) -> list[Verdict]:
    """Decide every need by the caller's identity-based policies, as they are in effect.

    Raises:
        DeniedError: with the first need that is not allowed.
    """
    identity = identity_of(caller, state)
    verdicts = []
    for need in needs:
        request = request_for(caller, need, identity, state.now())
        decision = decide(caller, identity, request)
        verdict = Verdict(need=need, allowed=decision.allowed, rule=decision.rule)
        if not decision.allowed:
            raise DeniedError(_words(caller, identity, request, decision), verdict)
        verdicts.append(verdict)
    return verdicts


def identity_of(caller: Caller, state: State) -> Identity:
    """Collect the caller's policies, boundary and tags as they are in effect."""
    entities = Entities(state.effective_iam(caller.account.id))
    if caller.user:
        identity = entities.user_identity(caller.user)
    elif caller.session:
        identity = entities.role_identity(caller.session.role_id)
    else:
        raise RuntimeError(f"{caller.arn} is neither a user nor a session")
    if caller.session:
        identity = replace(identity, tags={**identity.tags, **caller.session.tags})
    return replace(identity, controls=state.service_control_policies())


def decide(caller: Caller, identity: Identity, request: Request) -> Decision:
    """Evaluate one request; a policy element that the evaluator does not know refuses it."""
    try:
        return evaluate_identity(
            request,
            identity.policies,
            boundary=identity.boundary,
            session_policies=caller.session.policies if caller.session else (),
            controls=identity.controls,
        )
    except UnknownPolicyElement as error:
        return Decision(
            allowed=False, explicit_deny=True, rule=f"the laboratory cannot judge a policy: {error}"
        )


def request_for(caller: Caller, need: AuthorizationNeed, identity: Identity, now: float) -> Request:
    """Join the call's condition keys with the caller's ("AWS global condition context keys")."""
    return Request(
        action=need.action,
        resource=need.resource,
        context={**_caller_context(caller, identity, now), **need.context},
        principal=caller.arn,
        principal_account=caller.account.id,
    )


def _caller_context(caller: Caller, identity: Identity, now: float) -> dict[str, tuple[str, ...]]:
    moment = datetime.fromtimestamp(now, UTC)
    context: dict[str, Any] = {
        "aws:PrincipalArn": caller.principal_arn,
        "aws:PrincipalAccount": caller.account.id,
        "aws:PrincipalType": caller.kind,
        "aws:userid": caller.user_id,
        "aws:CurrentTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "aws:EpochTime": str(int(now)),
        "aws:SecureTransport": "true",
        "aws:PrincipalIsAWSService": "false",
        **{f"aws:PrincipalTag/{key}": value for key, value in identity.tags.items()},
    }
    if caller.user_name:
        context["aws:username"] = caller.user_name
    if caller.session:
        issued = datetime.fromtimestamp(caller.session.issued_at, UTC)
        # Present with temporary credentials alone; the laboratory serves no MFA.
        context["aws:MultiFactorAuthPresent"] = "false"
        context["aws:TokenIssueTime"] = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
        if caller.session.federated_provider:
            context["aws:FederatedProvider"] = caller.session.federated_provider
        if caller.session.source_identity:
            context["aws:SourceIdentity"] = caller.session.source_identity
    return {key: (value,) for key, value in context.items()}


def _words(caller: Caller, identity: Identity, request: Request, decision: Decision) -> str:
    """Word a refusal as "Troubleshoot access denied error messages" (IAM User Guide) shows it."""
    start = (
        f"User: {caller.arn} is not authorized to perform: {request.action} "
        f"on resource: {request.resource}"
    )
    if decision.rule.startswith("the laboratory"):
        return f"{start} because {decision.rule}"
    kind = _deciding_kind(identity, request, decision)
    if decision.explicit_deny:
        return f"{start} with an explicit deny in {'an' if kind[0] == 'i' else 'a'} {kind}"
    return f"{start} because no {kind} allows the {request.action} action"


def _deciding_kind(identity: Identity, request: Request, decision: Decision) -> str:
    """Find the kind of policy that refused: the first without which the answer changes."""

    def refuses(**limits: Any) -> bool:  # noqa: ANN401 - keywords of evaluate_identity
        again = evaluate_identity(request, identity.policies, **limits)
        return again.explicit_deny if decision.explicit_deny else not again.allowed

    if refuses():
        return "identity-based policy"
    if refuses(controls=identity.controls):
        return "service control policy"
    return "permissions boundary" if refuses(boundary=identity.boundary) else "session policy"
