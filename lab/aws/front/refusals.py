"""A refusal as each of AWS's protocols writes it, in the words of the service's own kind.

Inside, every refusal has the code that IAM and STS would give it ("Common errors", IAM API
reference). Sources of the others: "Error codes" of EC2's and of S3's API reference, "Error
handling" of DynamoDB's developer guide, and Smithy's AWS protocols, "Operation error
serialization".
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lab.aws.front.wire import Answer, ApiError, failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.wire import Message

_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_EC2 = {
    "AccessDenied": ("UnauthorizedOperation", 403, None),
    "ExpiredToken": ("RequestExpired", 400, "Request has expired."),
    "InvalidClientTokenId": ("AuthFailure", 401, _NOT_VALIDATED),
    "SignatureDoesNotMatch": ("AuthFailure", 401, _NOT_VALIDATED),
    "MissingAuthenticationToken": ("AuthFailure", 401, _NOT_VALIDATED),
}
_S3 = {
    "ExpiredToken": ("ExpiredToken", 400, "The provided token has expired."),
    "IncompleteSignature": ("AuthorizationHeaderMalformed", 400, None),
    "InvalidClientTokenId": (
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    "MissingAuthenticationToken": ("AccessDenied", 403, "Access Denied"),
}
_JSON = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "ServiceFailure": "InternalServerError",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}
_SERVER_FAULT = 500


def refuse(endpoint: Endpoint | None, error: ApiError, message: Message) -> Answer:
    """Write a refusal so that the client that asked can read it.

    Args:
        endpoint: Where it asked; None for a host that is no service.
        error: What is wrong, with the code that IAM would give it.
        message: The request.
    """
    if endpoint is None:
        return failure("iam", error, message.request_id)
    write = _WRITERS.get(endpoint.protocol)
    if write is None or (endpoint.protocol == "rest-xml" and endpoint.service != "s3"):
        return failure(endpoint.service, error, message.request_id)
    return write(error, message)


def _ec2(error: ApiError, message: Message) -> Answer:
    code, status, words = _EC2.get(error.code, (error.code, error.status, None))
    text = words or error.message
    if code == "UnauthorizedOperation" and text.startswith("User: "):
        text = "You are not authorized to perform this operation. " + text.replace(
            " on resource: *", ""
        )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(text)}</Message>"
        f"</Error></Errors><RequestID>{message.request_id}</RequestID></Response>"
    )
    return Answer(status=status, body=body.encode(), error=code)


def _s3(error: ApiError, message: Message) -> Answer:
    code, status, words = _S3.get(error.code, (error.code, error.status, None))
    # Of all services, S3 alone puts the resource into quotation marks.
    text = words or re.sub(r" on resource: (\S+)", r' on resource: "\1"', error.message)
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(text)}</Message>"
        f"<RequestId>{message.request_id}</RequestId><HostId>laboratory</HostId></Error>"
    )
    # What answers HEAD has no body, and so no reason either.
    shown = b"" if message.method == "HEAD" else body.encode()
    return Answer(
        status=status, body=shown, error=code, headers={"Content-Type": "application/xml"}
    )


def _json(error: ApiError, message: Message) -> Answer:
    code = _JSON.get(error.code, error.code)
    return Answer(
        status=error.status if error.status >= _SERVER_FAULT else 400,
        body=json.dumps({"__type": code, "message": error.message}).encode(),
        error=code,
        headers={"Content-Type": message.headers.get("content-type", "application/x-amz-json-1.0")},
    )


def _rest_json(error: ApiError, _message: Message) -> Answer:
    code = _JSON.get(error.code, error.code)
    return Answer(
        status=error.status,
        body=json.dumps({"message": error.message}).encode(),
        error=code,
        headers={"Content-Type": "application/json", "x-amzn-ErrorType": code},
    )


def _cbor(error: ApiError, _message: Message) -> Answer:
    code = _JSON.get(error.code, error.code)
    members = {"__type": code, "message": error.message}
    body = bytes([0xA0 + len(members)]) + b"".join(
        _cbor_text(key) + _cbor_text(value) for key, value in members.items()
    )
    return Answer(
        status=error.status if error.status >= _SERVER_FAULT else 400,
        body=body,
        error=code,
        headers={"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"},
    )


def _cbor_text(text: str) -> bytes:
    """Encode a text of any length (RFC 8949, section 3.1, major type 3)."""
    encoded = text.encode()
    return b"\x7a" + len(encoded).to_bytes(4, "big") + encoded


_WRITERS: dict[str, Callable[[ApiError, Message], Answer]] = {
    "ec2": _ec2,
    "json": _json,
    "rest-json": _rest_json,
    "rest-xml": _s3,
    "smithy-rpc-v2-cbor": _cbor,
}
"""What is not here is written as IAM writes it."""
