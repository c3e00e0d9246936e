"""Beginning sessions: of a role whose trust policy has said yes, and of users."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.aws.front.wire import ApiError
from lab.aws.judgement.policy import parse_identity_policy
from lab.aws.state import managed
from lab.aws.state.entities import Entities
from lab.aws.state.sessions import Session, forget_old, new_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.iam.models import Role

    from lab.aws.state.store import State

DEFAULT_SECONDS = 3600
LONGEST_CHAINED_SECONDS = 3600
"""A role assumed with a role session's credentials ("Role chaining", IAM User Guide)."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role whose trust policy has said yes, and what the session will carry."""

    role: Role
    account: str
    parameters: Mapping[str, str]
    federated_provider: str | None = None
    tags: Mapping[str, str]
    transitive_tag_keys: tuple[str, ...]
    source_identity: str | None
    chained: bool


def issue(grant: Grant, state: State) -> dict[str, Any]:
    """Begin the session and return what the response of every AssumeRole operation holds.

    Raises:
        ApiError: ValidationError for a duration over the role's or the chain's limit,
            MalformedPolicyDocument for a session policy that is none.
    """
    parameters, role = grant.parameters, grant.role
    seconds = _seconds(grant)
    policies = session_policies(parameters, state, grant.account)
    now = state.now()
    session = Session(
        **new_credentials(grant.account),
        account=grant.account,
        role_arn=role.arn,
        role_id=role.id,
        role_name=role.name,
        name=parameters["RoleSessionName"],
        issued_at=now,
        expires_at=now + seconds,
        federated_provider=grant.federated_provider,
        policies=policies,
        tags=dict(grant.tags),
        transitive_tag_keys=grant.transitive_tag_keys,
        source_identity=grant.source_identity,
        chained=grant.chained,
    )
    result = begin(session, state)
    result["AssumedRoleUser"] = {"AssumedRoleId": session.user_id, "Arn": session.arn}
    if session.source_identity:
        result["SourceIdentity"] = session.source_identity
    return result


def begin(session: Session, state: State) -> dict[str, Any]:
    """Remember a session and return its credentials as every response holds them."""
    forget_old(state.sessions, state.now())
    state.sessions[session.access_key_id] = session
    state.changed()
    return {
        "Credentials": {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.token,
            "Expiration": datetime.fromtimestamp(session.expires_at, UTC),
        }
    }


def _seconds(grant: Grant) -> int:
    seconds = int(grant.parameters.get("DurationSeconds", DEFAULT_SECONDS))
    if grant.chained and seconds > LONGEST_CHAINED_SECONDS:
        raise ApiError(
            "ValidationError",
            400,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
        )
    if seconds > int(grant.role.max_session_duration or DEFAULT_SECONDS):
        raise ApiError(
            "ValidationError",
            400,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    return seconds


def session_policies(
    parameters: Mapping[str, str], state: State, account: str
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return the session policies that a call passes, by label, as they read now.

    Raises:
        ApiError: MalformedPolicyDocument, or ValidationError for an ARN of none.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    if "Policy" in parameters:
        try:
            document = json.loads(parameters["Policy"])
            parse_identity_policy(document)
        except ValueError as error:
            raise ApiError("MalformedPolicyDocument", 400, f"Session policy: {error}") from error
        found.append(("the session policy", document))
    iam = state.effective_iam(account)
    # AWS's own policies are in every account; the caller's is not the one where they are looked up.
    managed.admit(parameters, state.accounts[account], iam)
    for number in range(1, 11):
        arn = parameters.get(f"PolicyArns.member.{number}.arn")
        if arn is None:
            break
        if arn not in iam.managed_policies:
            raise ApiError("ValidationError", 400, f"Session policy {arn} does not exist")
        found.append((f"session policy {arn}", Entities(iam).managed_document(arn)))
    return tuple(found)
