"""The strict front: who asks, whether the signature holds, what is allowed, then moto."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException

from lab.aws.front import constraints, resources, sts, tokens, trail, validation
from lab.aws.front.actions import AuthorizationNeed, InvalidParameter
from lab.aws.front.endpoints import endpoint_of
from lab.aws.front.iam import Iam
from lab.aws.front.refusals import refuse
from lab.aws.front.resources import ResourceCall
from lab.aws.front.routing import asked
from lab.aws.front.signature import read_signature, verify
from lab.aws.front.signin import SignIn
from lab.aws.front.wire import LOOPBACK, Answer, ApiError, read_message, success
from lab.aws.judgement.authorize import DeniedError, Verdict, authorize, needs_of, not_served
from lab.aws.judgement.principals import (
    Caller,
    check_expiry,
    check_partition,
    check_service,
    find_caller,
    note_use,
)
from lab.aws.state import managed
from lab.aws.state.decisions import DecisionLog, Entry
from lab.hosts import CONSOLE, SIGN_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.wire import Message
    from lab.aws.state.discovery import Discovery
    from lab.aws.state.store import State

READY = "/_lab/ready"
_LOGGER = logging.getLogger(__name__)

_STATUS = {
    "NoSuchEntity": 404,
    "EntityAlreadyExists": 409,
    "LimitExceeded": 409,
    "DeleteConflict": 409,
}
"""HTTP status of the codes that moto raises, from IAM's API model; the rest are 400."""


@dataclass(kw_only=True)
class _Trace:
    """What is learnt about one call on its way, for the decision log."""

    message: Message
    endpoint: Endpoint | None = None
    operation: str = ""
    caller: Caller | None = None
    account: str | None = None
    session: str | None = None
    verdicts: Sequence[Verdict] = field(default_factory=list)
    given: Mapping[str, Any] = field(default_factory=dict)
    """What STS answered."""

    @property
    def service(self) -> str:
        return self.endpoint.service if self.endpoint else "sts"


class Front:
    """WSGI application that answers for the services of AWS in every account."""

    def __init__(
        self, state: State, discovery: Discovery, log: DecisionLog, history: trail.Trail
    ) -> None:
        self._state = state
        self._discovery = discovery
        self._iam = Iam(state, discovery)
        self._log = log
        self._history = history
        self._sign_in = SignIn(state, log)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        host = environ.get("HTTP_HOST", "").partition(":")[0]
        if environ["REQUEST_URI"] == READY and host in LOOPBACK:
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
            return [b"ready\n"]
        message = read_message(environ)
        if host in SIGN_IN or host in CONSOLE:
            answer = self._sign_in.answer(message, host)
        else:
            answer = self.handle(message)
        status = HTTPStatus(answer.status)
        headers = {
            "content-type": "text/xml",
            "content-length": str(len(answer.body)),
            "date": formatdate(self._state.now(), usegmt=True),
            **{name.lower(): value for name, value in answer.headers.items()},
            "x-amzn-requestid": message.request_id,
            "x-amz-request-id": message.request_id,
        }
        if "authorization" not in message.headers:
            # SDKs sign by the date of an answer, and the age of signatures goes by the machine.
            headers["date"] = formatdate(self._state.now(), usegmt=True)
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [answer.body]

    def handle(self, message: Message) -> Answer:
        """Answer one AWS call and log the decision before the answer leaves."""
        trace = _Trace(message=message)
        refusal: ApiError | None = None
        try:
            answer = self._serve(message, trace)
        except ApiError as error:
            refusal = error
        except ServiceException as error:
            refusal = ApiError(error.code, _STATUS.get(error.code, 400), error.message)
        except Exception:
            _LOGGER.exception("request %s (%s) failed", message.request_id, trace.operation)
            text = f"The laboratory failed; its log says why under {message.request_id}."
            refusal = ApiError("ServiceFailure", 500, text)
        if refusal:
            answer = refuse(trace.endpoint, refusal, message)
        self._record(trace, refusal, answer)
        return answer

    def _serve(self, message: Message, trace: _Trace) -> Answer:
        trace.operation = message.parameters.get("Action", "")
        endpoint = endpoint_of(message)
        trace.endpoint = endpoint
        question = asked(message, endpoint)
        trace.operation = operation = question.operation
        if endpoint.service == "sts" and operation == "AssumeRoleWithWebIdentity":
            return self._web_identity(message, endpoint, trace)
        with self._state.lock:
            caller = self._authenticate(message, endpoint)
            trace.caller, trace.account = caller, caller.account.id
            trace.session = caller.session.name if caller.session else None
            if endpoint.service in resources.SERVICES:
                call = ResourceCall(
                    message=message, endpoint=endpoint, asked=question, caller=caller
                )
                return self._resources(call, trace)
            if endpoint.service == trail.SERVICE:
                trace.verdicts = authorize(caller, self._history.needs(operation), self._state)
                return self._history.look_up(question.arguments, endpoint, caller)
            served = endpoint.service in ("iam", "sts")
            if not served or not constraints.knows(endpoint.service, operation):
                raise not_served(endpoint.service, operation or "a call without Action")
            parameters = _own_user(operation, message.parameters, caller)
            constraints.check(endpoint.service, operation, parameters)
            managed.admit(parameters, caller.account, self._state.iam(caller.account.id))
            if endpoint.service == "sts":
                return self._sts(operation, parameters, trace)
            needs = self._needs("iam", operation, parameters, caller)
            trace.verdicts = authorize(caller, needs, self._state)
            validation.check(operation, parameters, caller.account.id, self._state)
            return self._iam.perform(operation, parameters, caller.account, message.request_id)

    def _resources(self, call: ResourceCall, trace: _Trace) -> Answer:
        trace.verdicts = authorize(call.caller, call.needs(), self._state)
        resources.require_owned(call)
        answer = resources.perform(call, self._state)
        resources.explain_missing(call, answer, self._state)
        return answer

    def _authenticate(self, message: Message, endpoint: Endpoint) -> Caller:
        signature = read_signature(message)
        caller = find_caller(signature, endpoint.service, self._state)
        check_partition(caller, endpoint)
        verify(message, signature, endpoint, caller.secret)
        check_expiry(caller, self._state.now())
        check_service(caller, endpoint.service)
        note_use(signature, endpoint, self._state)
        return caller

    def _needs(
        self, service: str, operation: str, parameters: Mapping[str, str], caller: Caller
    ) -> Sequence[AuthorizationNeed]:
        try:
            return needs_of(service, operation, parameters, caller, self._state)
        except InvalidParameter as error:
            raise ApiError("ValidationError", 400, str(error)) from error

    def _web_identity(self, message: Message, endpoint: Endpoint, trace: _Trace) -> Answer:
        parameters = message.parameters
        trace.account = next(iter(parameters.get("RoleArn", "").split(":")[4:5]), None)
        trace.session = parameters.get("RoleSessionName")
        constraints.check("sts", trace.operation, parameters)
        outcome = sts.assume_role_with_web_identity(
            parameters, endpoint, self._state, self._discovery
        )
        trace.verdicts, trace.given = outcome.verdicts, outcome.result
        return success("sts", trace.operation, outcome.result, message.request_id)

    def _sts(self, operation: str, parameters: Mapping[str, str], trace: _Trace) -> Answer:
        caller = trace.caller
        if caller is None:
            raise RuntimeError("an STS call was served before its caller was known")
        tokens.refuse_for_sessions(operation, caller)
        if operation == "GetCallerIdentity":
            outcome = sts.get_caller_identity(caller)
        elif operation == "AssumeRole":
            needs = self._needs("sts", operation, parameters, caller)
            outcome = sts.assume_role(parameters, caller, needs, self._state)
        elif operation == "GetSessionToken":
            outcome = tokens.get_session_token(parameters, caller, self._state)
        elif operation == "GetFederationToken":
            needs = self._needs("sts", operation, parameters, caller)
            outcome = tokens.get_federation_token(parameters, caller, needs, self._state)
        else:
            raise not_served("sts", operation)
        trace.verdicts, trace.given = outcome.verdicts, outcome.result
        return success("sts", operation, outcome.result, trace.message.request_id)

    def _record(self, trace: _Trace, refusal: ApiError | None, answer: Answer) -> None:
        first, *others = self._verdicts(trace, refusal)
        self._log.write(
            Entry(
                request_id=trace.message.request_id,
                invocation_id=trace.message.headers.get("amz-sdk-invocation-id"),
                account=trace.account,
                principal=trace.caller.arn if trace.caller else "anonymous",
                session=trace.session,
                action=first.need.action,
                resource=first.need.resource,
                outcome="allowed" if first.allowed else "refused",
                rule=first.rule,
                further=tuple(f"{other.need.action} {other.rule}" for other in others),
                error=answer.error,
                trail=trail.record(
                    trace.message,
                    trace.endpoint,
                    trace.operation,
                    caller=trace.caller,
                    given=trace.given,
                    answer=answer,
                )
                if trace.endpoint
                else None,
            )
        )

    def _verdicts(self, trace: _Trace, refusal: ApiError | None) -> Sequence[Verdict]:
        """Return what was decided; a call refused before any policy was asked has its own rule."""
        if isinstance(refusal, DeniedError):
            return [refusal.verdict]
        if trace.verdicts:
            return trace.verdicts
        need = AuthorizationNeed(
            action=f"{trace.service}:{trace.operation}",
            resource=trace.message.parameters.get("RoleArn", "*"),
            context={},
        )
        rule = refusal.rule if refusal else "AWS asks no permission for this call"
        return [Verdict(need=need, allowed=refusal is None, rule=rule)]


def _own_user(operation: str, parameters: Mapping[str, str], caller: Caller) -> Mapping[str, str]:
    """Put in the name of the calling user where the call leaves it out.

    Raises:
        ApiError: ValidationError for a session, which has no user name.
    """
    if parameters.get("UserName") or not constraints.may_leave_out_user(operation):
        return parameters
    if caller.user_name is None:
        raise ApiError(
            "ValidationError", 400, "Must specify userName when calling with non-User credentials"
        )
    return {**parameters, "UserName": caller.user_name}
