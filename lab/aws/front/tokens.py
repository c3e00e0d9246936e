"""Sessions that an IAM user asks for: for itself, and for somebody it vouches for.

Source: STS API reference, "GetSessionToken" and "GetFederationToken", section Permissions of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lab.aws.front.sts import Outcome
from lab.aws.front.wire import ApiError, pairs
from lab.aws.judgement.authorize import authorize
from lab.aws.judgement.grants import begin, session_policies
from lab.aws.state.sessions import Session, new_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.aws.front.actions import AuthorizationNeed
    from lab.aws.judgement.principals import Caller
    from lab.aws.state.store import State

    _Parameters = Mapping[str, str]

DEFAULT_SECONDS = 43_200
_TOKENS = frozenset({"GetFederationToken", "GetSessionToken"})
_OPEN = {
    "user": frozenset({"AssumeRole", "GetCallerIdentity"}),
    "federated": frozenset({"GetCallerIdentity"}),
}
"""What of STS the sessions of users may call; those of roles may call all but these tokens."""
_NOTHING = {"Effect": "Allow", "NotAction": "*", "Resource": "*"}
_NO_POLICY = (("the session policy, for none was passed", {"Statement": _NOTHING}),)
"""What a federated user may without one: nothing of what the user may that asked."""


def refuse_for_sessions(operation: str, caller: Caller) -> None:
    """Refuse what of STS the caller's session cannot call.

    Raises:
        ApiError: AccessDenied.
    """
    if caller.session is None:
        return
    opened = _OPEN.get(caller.session.kind)
    if operation in _TOKENS or (opened is not None and operation not in opened):
        raise ApiError("AccessDenied", 403, f"Cannot call {operation} with session credentials")


def get_session_token(parameters: _Parameters, caller: Caller, state: State) -> Outcome:
    """Give a user a session of its own; AWS asks no permission for it.

    Raises:
        ApiError: AccessDenied for a call with an MFA code, which the laboratory cannot check.
    """
    if "SerialNumber" in parameters or "TokenCode" in parameters:
        raise ApiError(
            "AccessDenied",
            403,
            "The laboratory does not serve sts:GetSessionToken with an MFA code: it could not tell "
            "a right one from a wrong one.",
        )
    session = _session("user", parameters, caller, state)
    return Outcome(result=begin(session, state), verdicts=())


def get_federation_token(
    parameters: _Parameters, caller: Caller, needs: Sequence[AuthorizationNeed], state: State
) -> Outcome:
    """Give a user a session for somebody else, who may what both the user and its policy may.

    Raises:
        ApiError: AccessDenied, or MalformedPolicyDocument for a session policy that is none.
    """
    verdicts = authorize(caller, needs, state)
    session = _session("federated", parameters, caller, state)
    result = begin(session, state)
    result["FederatedUser"] = {"FederatedUserId": session.user_id, "Arn": session.arn}
    return Outcome(result=result, verdicts=verdicts)


def _session(
    kind: Literal["user", "federated"], parameters: _Parameters, caller: Caller, state: State
) -> Session:
    user = caller.user
    if user is None:
        raise RuntimeError(f"{caller.arn} was let through to a call of users")
    now, account = state.now(), caller.account.id
    policies: tuple[tuple[str, dict[str, Any]], ...] = ()
    if kind == "federated":
        policies = session_policies(parameters, state, account) or _NO_POLICY
    return Session(
        **new_credentials(account),
        account=account,
        kind=kind,
        role_arn=user.arn,
        role_id=user.id,
        role_name=user.name,
        name=parameters.get("Name", user.name),
        issued_at=now,
        expires_at=now + int(parameters.get("DurationSeconds", DEFAULT_SECONDS)),
        policies=policies,
        tags=pairs(parameters, "Tags"),
    )
