"""AWS's sign-in for sessions, and of the console one page, which says who is signed in.

Source: IAM User Guide, "Enable custom identity broker access to the AWS console". What it refuses
is a bare 400, as AWS's is; why, the decision log says.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from lab.aws.front.wire import Answer, ApiError
from lab.aws.judgement.principals import check_expiry, session_caller
from lab.aws.state.decisions import Entry
from lab.hosts import CONSOLE, SIGN_IN

if TYPE_CHECKING:
    from lab.aws.front.wire import Message
    from lab.aws.judgement.principals import Caller
    from lab.aws.state.decisions import DecisionLog
    from lab.aws.state.store import State

TOKEN_SECONDS = 900
_COOKIE = "aws-creds"
_FORMS = {"getSigninToken": frozenset({"GET", "POST"}), "login": frozenset({"GET"})}


@dataclass(frozen=True, kw_only=True)
class _Ticket:
    """What a sign-in token or a cookie stands for."""

    access_key_id: str
    ends_at: float


class SignIn:
    """Sign-in and console of every partition; what it hands out does not outlive the process."""

    def __init__(self, state: State, log: DecisionLog) -> None:
        self._state = state
        self._log = log
        self._tokens: dict[str, _Ticket] = {}
        self._cookies: dict[str, _Ticket] = {}

    def answer(self, message: Message, host: str) -> Answer:
        """Answer one request to a host of the sign-in or the console."""
        with self._state.lock:
            if host in CONSOLE:
                return self._console(message)
            action = message.parameters.get("Action", "")
            caller: Caller | None = None
            refusal: ApiError | None = None
            try:
                if message.path != "/federation" or message.method not in _FORMS.get(action, ()):
                    raise _refusal("there is nothing at this path, by this method and action")
                if action == "getSigninToken":
                    caller = self._session(message, SIGN_IN[host])
                    answer = self._token(caller)
                else:
                    caller, ends_at = self._holder(self._tokens, message.parameters["SigninToken"])
                    answer = self._login(message, host, caller, ends_at)
            except KeyError as missing:
                refusal = _refusal(f"{missing} is missing")
            except ApiError as error:
                refusal = error
            if refusal:
                answer = _page(HTTPStatus.BAD_REQUEST, "400 Bad Request")
            self._record(message, action, caller, refusal)
            return answer

    def _session(self, message: Message, partition: str) -> Caller:
        try:
            given: Any = json.loads(message.parameters["Session"])
            named = [str(given[each]) for each in ("sessionId", "sessionKey", "sessionToken")]
        except (ValueError, TypeError, KeyError):
            raise _refusal("Session is no JSON object of the three parts") from None
        key_id, key, token = named
        session = self._state.sessions.get(key_id)
        if session is None:
            raise _refusal("no session has this key; an IAM user's own key signs nobody in")
        caller = session_caller(session, token, self._state)
        if not hmac.compare_digest(caller.secret.encode(), key.encode()):
            raise _refusal("the secret key is another one")
        check_expiry(caller, self._state.now())
        if session.kind == "user":
            raise _refusal("a session of GetSessionToken signs nobody in")
        if caller.account.partition != partition:
            raise _refusal("the session is one of another partition")
        duration = message.parameters.get("SessionDuration")
        if duration is not None and (session.kind == "federated" or session.chained):
            raise _refusal("SessionDuration is refused for federated users and chained sessions")
        if duration is not None and not (duration.isdigit() and 900 <= int(duration) <= 43_200):  # noqa: PLR2004 - its documented bounds
            raise _refusal("SessionDuration is no number from 900 to 43200")
        return caller

    def _token(self, caller: Caller) -> Answer:
        token = secrets.token_urlsafe(300)
        self._tokens[token] = _ticket(caller, self._state.now() + TOKEN_SECONDS)
        body = json.dumps({"SigninToken": token}).encode()
        return Answer(status=200, body=body, headers={"Content-Type": "application/json"})

    def _login(self, message: Message, host: str, caller: Caller, ends_at: float) -> Answer:
        if ends_at <= self._state.now():
            raise _refusal("the sign-in token is older than 15 minutes")
        destination = message.parameters["Destination"]
        parts = urlsplit(destination)
        if parts.scheme != "https" or CONSOLE.get(parts.netloc) != SIGN_IN[host]:
            raise _refusal("Destination is no page of this partition's console")
        session = caller.session
        cookie = secrets.token_urlsafe()
        self._cookies[cookie] = _ticket(caller, session.expires_at if session else 0)
        domain = host.partition(".")[2]
        return Answer(
            status=HTTPStatus.FOUND,
            body=b"",
            headers={
                "Location": destination,
                "Set-Cookie": f"{_COOKIE}={cookie}; Domain={domain}; Path=/; Secure; HttpOnly",
            },
        )

    def _console(self, message: Message) -> Answer:
        try:
            held = SimpleCookie(message.headers.get("cookie", "")).get(_COOKIE)
            caller, _ = self._holder(self._cookies, held.value if held else "")
        except (ApiError, CookieError):
            return _page(HTTPStatus.UNAUTHORIZED, "Your session has expired. Sign in again.")
        region = next(iter(parse_qs(message.query).get("region", [])), "no region")
        return _page(HTTPStatus.OK, f"{caller.arn} is signed in to {caller.account.id}, {region}")

    def _holder(self, tickets: dict[str, _Ticket], given: str) -> tuple[Caller, float]:
        """Return whose ticket it is, if the session behind it still lives, and when it ends."""
        ticket = tickets.get(given)
        session = self._state.sessions.get(ticket.access_key_id) if ticket else None
        if ticket is None or session is None:
            raise _refusal("nobody was given this")
        caller = session_caller(session, session.token, self._state)
        check_expiry(caller, self._state.now())
        return caller, ticket.ends_at

    def _record(
        self, message: Message, action: str, caller: Caller | None, refusal: ApiError | None
    ) -> None:
        self._log.write(
            Entry(
                request_id=message.request_id,
                invocation_id=None,
                account=caller.account.id if caller else None,
                principal=caller.arn if caller else "anonymous",
                session=caller.session.name if caller and caller.session else None,
                action=f"signin:{action if action in _FORMS else 'unknown'}",
                resource="*",
                outcome="refused" if refusal else "allowed",
                rule=refusal.rule if refusal else "AWS asks no permission for this call",
                further=(),
                error=refusal.code if refusal else None,
                trail=None,
            )
        )


def _ticket(caller: Caller, ends_at: float) -> _Ticket:
    return _Ticket(
        access_key_id=caller.session.access_key_id if caller.session else "", ends_at=ends_at
    )


def _refusal(rule: str) -> ApiError:
    return ApiError("BadRequest", HTTPStatus.BAD_REQUEST, "Bad Request", rule=f"sign-in: {rule}")


def _page(status: HTTPStatus, text: str) -> Answer:
    body = f'<!doctype html><meta charset="utf-8"><title>AWS</title><p>{escape(text)}</p>\n'
    return Answer(
        status=status, body=body.encode(), headers={"Content-Type": "text/html; charset=utf-8"}
    )
