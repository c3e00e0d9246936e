"""AWS's query protocol on the wire: a request taken apart, answers and errors put together."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from moto.core.serialize import (
    SerializationContext,
    XFormedAttributePicker,
    get_serializer_class,
)
from moto.iam.responses import IamResponse

from lab.aws.front.models import service_model

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACES = {
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
}
_FORM = "application/x-www-form-urlencoded"
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class ApiError(Exception):
    """A refusal or failure as AWS words it: ``code`` and HTTP ``status`` are what clients act on.

    ``rule`` is the laboratory's own, more exact reason; it goes to the decision log only, as a
    real AWS keeps it to itself. Neither text may hold a secret or a token.
    """

    def __init__(self, code: str, status: int, message: str, *, rule: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.rule = rule or message


@dataclass(frozen=True, kw_only=True)
class Message:
    """One HTTP request as it arrived; header names in lower case, query and path undecoded."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    parameters: Mapping[str, str]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP response; ``error`` repeats the AWS code of a failure for the decision log."""

    status: int
    body: bytes
    error: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside its length and the request's id; text/xml unless it says otherwise."""


def read_message(environ: Mapping[str, Any]) -> Message:
    """Take a WSGI request apart; the signature is later checked on the body's own bytes."""
    headers = {
        name[5:].replace("_", "-").lower(): value.strip()
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name].strip()
    body = environ["wsgi.input"].read() if _has_body(environ) else b""
    path, _, query = environ["REQUEST_URI"].partition("?")
    form = headers.get("content-type", _FORM).startswith(_FORM)
    text = body.decode(errors="replace") if form else ""
    sent = (*parse_qsl(query, keep_blank_values=True), *parse_qsl(text, keep_blank_values=True))
    return Message(
        method=environ["REQUEST_METHOD"],
        host=headers.get("host", ""),
        path=path or "/",
        query=query,
        headers=headers,
        body=body,
        parameters=dict(sent),
    )


def _has_body(environ: Mapping[str, Any]) -> bool:
    return bool(environ.get("CONTENT_LENGTH")) or bool(environ.get("wsgi.input_terminated"))


def success(service: str, operation: str, result: object, request_id: str) -> Answer:
    """Write ``result``, a mapping or one of moto's models, in the shape AWS publishes."""
    serializer = get_serializer_class(service, "query")(
        operation_model=_operation_model(service, operation),
        context=SerializationContext(request_id=request_id),
        value_picker=XFormedAttributePicker(
            response_transformers=IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
        ),
    )
    body = serializer.serialize(result)["body"]
    return Answer(status=200, body=body.encode() if isinstance(body, str) else body)


def failure(service: str, error: ApiError, request_id: str) -> Answer:
    """Write an error in the shape that every AWS SDK parses."""
    server_fault = 500
    body = (
        f'<ErrorResponse xmlns="{NAMESPACES.get(service, NAMESPACES["iam"])}"><Error>'
        f"<Type>{'Receiver' if error.status >= server_fault else 'Sender'}</Type>"
        f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
        f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Answer(status=error.status, body=body.encode(), error=error.code)


def with_request_id(body: str, request_id: str) -> bytes:
    """Put the front's request id into a response that moto wrote; EC2 spells its name otherwise."""
    # No template with the id in it: Python would compile it anew for every answer.
    return re.sub(
        r"<(RequestId|requestId|RequestID)>.*?</\1>",
        lambda found: f"<{found[1]}>{request_id}</{found[1]}>",
        body,
    ).encode()


def error_code(body: bytes) -> str | None:
    """Return the AWS code in an error response that moto wrote."""
    found = re.search(rb"<Code>([^<]+)</Code>", body)
    return found.group(1).decode() if found else None


def members(parameters: Mapping[str, str], name: str) -> list[str]:
    """Return the values of the list ``name`` (``name.member.1``, ...) in their order."""
    pattern = re.compile(rf"{re.escape(name)}\.member\.(\d+)")
    found = [(pattern.fullmatch(key), value) for key, value in parameters.items()]
    return [value for _, value in sorted((int(m.group(1)), value) for m, value in found if m)]


def pairs(parameters: Mapping[str, str], name: str) -> dict[str, str]:
    """Return the tags of the list ``name`` (``name.member.1.Key``, ``.Value``)."""
    pattern = re.compile(rf"{re.escape(name)}\.member\.(\d+)\.Key")
    return {
        key: parameters.get(f"{name}.member.{found.group(1)}.Value", "")
        for parameter, key in parameters.items()
        if (found := pattern.fullmatch(parameter))
    }


@lru_cache
def _operation_model(service: str, operation: str) -> Any:  # noqa: ANN401 - moto's own type
    return service_model(service).operation_model(operation)
