"""The STS calls that the laboratory serves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lab.aws.front import web_identity
from lab.aws.front.actions import AuthorizationNeed
from lab.aws.front.wire import ApiError, members, pairs
from lab.aws.judgement.authorize import DeniedError, Verdict, decide, identity_of, request_for
from lab.aws.judgement.grants import Grant, issue
from lab.aws.judgement.policy import (
    Decision,
    Request,
    TrustPrincipal,
    UnknownPolicyElement,
    evaluate_trust,
)
from lab.aws.state.entities import Entities, tag_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.iam.models import Role

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.judgement.principals import Caller
    from lab.aws.state.discovery import Discovery
    from lab.aws.state.store import State

WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_ROLE_ARN = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:.*/)?[\w+=,.@-]+")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an STS call gives: the response's content and the decisions behind it."""

    result: dict[str, Any]
    verdicts: Sequence[Verdict]


def get_caller_identity(caller: Caller) -> Outcome:
    """Answer GetCallerIdentity; AWS asks no permission for it, and no policy can deny it."""
    result = {"UserId": caller.user_id, "Account": caller.account.id, "Arn": caller.arn}
    return Outcome(result=result, verdicts=())


def assume_role_with_web_identity(
    parameters: Mapping[str, str], endpoint: Endpoint, state: State, discovery: Discovery
) -> Outcome:
    """Exchange an issuer's token for a role session; an endpoint serves its partition alone.

    The issuer is asked without holding the state's lock, so that a slow one delays nobody else.

    Raises:
        ApiError: one of the codes of ``lab.aws.front.web_identity``, or AccessDenied where the
            role is missing or does not trust the token.
    """
    token = web_identity.read_token(parameters["WebIdentityToken"])
    with state.lock:
        account = _account_of(parameters["RoleArn"], state)
        if account is None:
            raise _not_trusted(parameters["RoleArn"], "the laboratory has no such account")
        if not endpoint.serves(state.accounts[account].partition):
            rule = f"the role is not in the partition of {endpoint.region}"
            raise _not_trusted(parameters["RoleArn"], rule)
        provider = _provider(token, account, state)
    web_identity.verify(token, provider, discovery, state.now())
    with state.lock:
        role = Entities(state.effective_iam(account)).role_by_arn(parameters["RoleArn"])
        request = _web_identity_request(token, provider, parameters, account)
        principal = TrustPrincipal(kind="Federated", arns=(provider.arn,), account=account)
        if role is None:
            raise _not_trusted(request.resource, f"role {request.resource} does not exist")
        verdict = _trusted(request, role, principal)
        grant = Grant(
            role=role,
            account=account,
            parameters=parameters,
            federated_provider=provider.arn,
            tags={},
            transitive_tag_keys=(),
            source_identity=None,
            chained=False,
        )
        result = issue(grant, state)
    result |= {
        "SubjectFromWebIdentityToken": token.subject,
        "Provider": provider.arn,
        "Audience": token.audiences[0],
    }
    return Outcome(result=result, verdicts=[verdict])


def assume_role(
    parameters: Mapping[str, str],
    caller: Caller,
    needs: Sequence[AuthorizationNeed],
    state: State,
) -> Outcome:
    """Give the caller a session of another role.

    The role's trust policy must allow every need. The caller's own policies must allow it too,
    unless the trust policy of a role in the same account names the caller itself ("Policy
    evaluation for requests within a single account", IAM User Guide); a boundary, a session policy
    or a deny of the caller counts in either case.

    Raises:
        ApiError: AccessDenied, or ValidationError for a duration that the role does not allow.
    """
    account = _account_of(parameters["RoleArn"], state)
    iam = state.effective_iam(account) if account else None
    role = Entities(iam).role_by_arn(parameters["RoleArn"]) if iam else None
    reached = account and state.accounts[account].partition == caller.account.partition
    if account is None or role is None or not reached:
        rule = f"role {parameters['RoleArn']} does not exist in {caller.account.partition}"
        raise _denied(caller, Verdict(need=needs[0], allowed=False, rule=rule))
    verdicts = [_assumable(caller, need, role, account, state) for need in needs]
    session = caller.session
    inherited = {key: session.tags[key] for key in session.transitive_tag_keys} if session else {}
    grant = Grant(
        role=role,
        account=account,
        parameters=parameters,
        tags={**pairs(parameters, "Tags"), **inherited},
        transitive_tag_keys=(*members(parameters, "TransitiveTagKeys"), *inherited),
        source_identity=parameters.get("SourceIdentity")
        or (session.source_identity if session else None),
        chained=session is not None and session.kind == "role",
    )
    return Outcome(result=issue(grant, state), verdicts=verdicts)


def _assumable(
    caller: Caller, need: AuthorizationNeed, role: Role, account: str, state: State
) -> Verdict:
    identity = identity_of(caller, state)
    request = request_for(caller, need, identity, state.now())
    request = replace(
        request,
        context={
            **request.context,
            **{f"aws:ResourceTag/{k}": (v,) for k, v in tag_map(role.tags).items()},
        },
    )
    trust = _evaluate_trust(request, role, _aws_principal(caller))
    if not trust.allowed:
        raise _denied(caller, Verdict(need=need, allowed=False, rule=trust.rule))
    if trust.direct and account == caller.account.id:
        grant = {"Effect": "Allow", "Action": need.action, "Resource": need.resource}
        named = ("the trust policy, which names the caller", {"Statement": [grant]})
        identity = replace(identity, policies=[*identity.policies, named])
    decision = decide(caller, identity, request)
    verdict = Verdict(
        need=need,
        allowed=decision.allowed,
        rule=f"{trust.rule}; {decision.rule}" if decision.allowed else decision.rule,
    )
    if not decision.allowed:
        raise _denied(caller, verdict)
    return verdict


def _denied(caller: Caller, verdict: Verdict) -> DeniedError:
    return DeniedError(
        f"User: {caller.arn} is not authorized to perform: {verdict.need.action} "
        f"on resource: {verdict.need.resource}",
        verdict,
    )


def _aws_principal(caller: Caller) -> TrustPrincipal:
    if caller.session and caller.session.kind == "role":
        arns: tuple[str, ...] = (caller.session.role_arn, caller.arn)
        unique_ids: tuple[str, ...] = (caller.session.role_id, caller.user_id)
    else:
        arns, unique_ids = (caller.arn,), (caller.user_id,)
    return TrustPrincipal(kind="AWS", arns=arns, account=caller.account.id, unique_ids=unique_ids)


def _account_of(role_arn: str, state: State) -> str | None:
    """Return the account of a role's ARN; None if the laboratory has no such account.

    Raises:
        ApiError: ValidationError for what is no role's ARN.
    """
    found = _ROLE_ARN.fullmatch(role_arn)
    if not found:
        raise ApiError("ValidationError", 400, f"{role_arn} is invalid")
    account = state.accounts.get(found.group(2))
    return account.id if account and account.partition == found.group(1) else None


def _provider(token: web_identity.Token, account: str, state: State) -> web_identity.Provider:
    """Find the provider of the role's account that stands for the token's issuer."""
    for arn, provider in state.effective_iam(account).open_id_providers.items():
        if token.issuer == f"https://{provider.url}":
            return web_identity.Provider(
                arn=arn,
                issuer=token.issuer,
                thumbprints=tuple(provider.thumbprint_list),
                client_ids=tuple(provider.client_id_list),
            )
    raise web_identity.invalid(
        f"No OpenIDConnect provider found in your account for {token.issuer}"
    )


def _web_identity_request(
    token: web_identity.Token,
    provider: web_identity.Provider,
    parameters: Mapping[str, str],
    account: str,
) -> Request:
    prefix = provider.condition_prefix
    return Request(
        action=WEB_IDENTITY,
        resource=parameters["RoleArn"],
        context={
            f"{prefix}:aud": token.audiences,
            f"{prefix}:sub": (token.subject,),
            "aws:FederatedProvider": (provider.arn,),
            "sts:RoleSessionName": (parameters["RoleSessionName"],),
        },
        principal=provider.arn,
        principal_account=account,
    )


def _trusted(request: Request, role: Role, principal: TrustPrincipal) -> Verdict:
    decision = _evaluate_trust(request, role, principal)
    if not decision.allowed:
        raise _not_trusted(request.resource, decision.rule)
    need = AuthorizationNeed(action=WEB_IDENTITY, resource=request.resource, context={})
    return Verdict(need=need, allowed=True, rule=decision.rule)


def _evaluate_trust(request: Request, role: Role, principal: TrustPrincipal) -> Decision:
    try:
        document = json.loads(role.assume_role_policy_document)
        return evaluate_trust(request, document, principal=principal)
    except UnknownPolicyElement as error:
        return Decision(
            allowed=False,
            explicit_deny=True,
            rule=f"the laboratory cannot judge the trust policy: {error}",
        )


def _not_trusted(role_arn: str, rule: str) -> DeniedError:
    need = AuthorizationNeed(action=WEB_IDENTITY, resource=role_arn, context={})
    return DeniedError(
        f"Not authorized to perform {WEB_IDENTITY}", Verdict(need=need, allowed=False, rule=rule)
    )
