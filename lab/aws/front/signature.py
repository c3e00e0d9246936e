"""Signature Version 4, checked by the specification.

Written from "Create a signed AWS API request" (AWS General Reference) and sharing nothing with
botocore's signer, so that a client's signing mistake cannot cancel out against the same mistake.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lab.aws.front.wire import ApiError

if TYPE_CHECKING:
    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.wire import Message

ALGORITHM = "AWS4-HMAC-SHA256"
MAXIMUM_SKEW = timedelta(minutes=15)
LONGEST_PRESIGNED_SECONDS = 604_800
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
_PAYLOAD = "x-amz-content-sha256"
_UNRESERVED = "-_.~"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a request claims about its own signature; nothing of it is verified yet."""

    access_key_id: str
    scope: tuple[str, str, str]
    """Date, region and service of the credential."""
    timestamp: str
    signed_headers: tuple[str, ...]
    value: str
    security_token: str | None
    expires_seconds: int | None
    """Life of a presigned URL; None for a signature in the header."""


def read_signature(message: Message) -> Signature:
    """Take the signature out of the header or the query.

    Raises:
        ApiError: MissingAuthenticationToken where there is none, IncompleteSignature where a part
            is missing or malformed ("Common errors", IAM API reference).
    """
    authorization = message.headers.get("authorization")
    if authorization is not None:
        parts = _header_parts(authorization)
        timestamp = message.headers.get("x-amz-date") or message.headers.get("date", "")
        token = message.headers.get("x-amz-security-token")
        expires = None
    elif "X-Amz-Signature" in message.parameters:
        parts = {
            name: message.parameters.get(f"X-Amz-{name}", "")
            for name in ("Credential", "SignedHeaders", "Signature")
        }
        timestamp = message.parameters.get("X-Amz-Date", "")
        token = message.parameters.get("X-Amz-Security-Token")
        expires = _expires(message.parameters.get("X-Amz-Expires", ""))
    else:
        raise ApiError("MissingAuthenticationToken", 403, "Request is missing Authentication Token")
    return _signature(parts, timestamp, token, expires)


def verify(message: Message, signature: Signature, endpoint: Endpoint, secret: str) -> None:
    """Check scope, age and signature.

    The age is measured on the machine's own clock, as the client's is.

    Raises:
        ApiError: SignatureDoesNotMatch with the part that is wrong.
    """
    date, region, service = signature.scope
    if service != endpoint.service:
        raise _mismatch(f"Credential should be scoped to correct service: '{endpoint.service}'. ")
    if endpoint.region and region != endpoint.region:
        raise _mismatch(f"Credential should be scoped to a valid region, not '{region}'. ")
    if not signature.timestamp.startswith(date):
        raise _mismatch("Date in Credential scope does not match YYYYMMDD from the signed date. ")
    _check_age(signature)
    if service == "s3":
        _check_payload(message, signature)
    expected = _sign(message, signature, secret)
    if not hmac.compare_digest(expected, signature.value):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details."
        )


def _header_parts(authorization: str) -> dict[str, str]:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Authorization header must use {ALGORITHM}")
    return dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", rest))


def _signature(
    parts: dict[str, str], timestamp: str, token: str | None, expires: int | None
) -> Signature:
    missing = [n for n in ("Credential", "SignedHeaders", "Signature") if not parts.get(n)]
    if missing:
        raise _incomplete(f"Authorization requires '{', '.join(missing)}' parameter(s)")
    credential = parts["Credential"].split("/")
    scope_length = 5
    if len(credential) != scope_length or credential[-1] != "aws4_request":
        raise _incomplete("Credential must have exactly 5 slash-delimited elements")
    if not re.fullmatch(r"\d{8}T\d{6}Z", timestamp):
        raise _incomplete("The signed date must be in ISO-8601 basic format: YYYYMMDDTHHMMSSZ")
    signed_headers = tuple(parts["SignedHeaders"].split(";"))
    if "host" not in signed_headers:
        raise _incomplete("'Host' must be a 'SignedHeader' in the AWS Authorization")
    return Signature(
        access_key_id=credential[0],
        scope=(credential[1], credential[2], credential[3]),
        timestamp=timestamp,
        signed_headers=signed_headers,
        value=parts["Signature"],
        security_token=token,
        expires_seconds=expires,
    )


def _expires(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= LONGEST_PRESIGNED_SECONDS:
        raise _incomplete(f"X-Amz-Expires must be 1 to {LONGEST_PRESIGNED_SECONDS} seconds")
    return int(text)


def _check_age(signature: Signature) -> None:
    signed = datetime.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = datetime.now(UTC)
    life = (
        MAXIMUM_SKEW
        if signature.expires_seconds is None
        else timedelta(seconds=signature.expires_seconds)
    )
    if signed + life < now:
        raise _mismatch(
            f"Signature expired: {signature.timestamp} is now earlier than "
            f"{now - life:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} - {life}.)"
        )
    if signed - MAXIMUM_SKEW > now:
        raise _mismatch(
            f"Signature not yet current: {signature.timestamp} is still later than "
            f"{now + MAXIMUM_SKEW:%Y%m%dT%H%M%SZ} ({now:%Y%m%dT%H%M%SZ} + 15 min.)"
        )


def _sign(message: Message, signature: Signature, secret: str) -> str:
    canonical = "\n".join(
        (
            message.method,
            _canonical_path(message.path, signature),
            _canonical_query(message.query),
            *(f"{name}:{_header_value(message, name)}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            _payload_hash(message, signature),
        )
    )
    to_sign = "\n".join(
        (
            ALGORITHM,
            signature.timestamp,
            "/".join((*signature.scope, "aws4_request")),
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    key = f"AWS4{secret}".encode()
    for part in (*signature.scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _canonical_path(path: str, signature: Signature) -> str:
    """Encode a path as it is signed ("Create a signed AWS API request", IAM User Guide).

    Every service but S3 signs a normalised path, encoded once more; Vault sends a login's path with
    a slash before it. In S3 a path is the name of an object, with every slash that it has.
    """
    if signature.scope[2] == "s3":
        return quote(unquote(path), safe="/" + _UNRESERVED)
    return quote(re.sub("/+", "/", path), safe="/" + _UNRESERVED)


def _payload_hash(message: Message, signature: Signature) -> str:
    if signature.scope[2] != "s3":
        return hashlib.sha256(message.body).hexdigest()
    presigned = signature.expires_seconds is not None
    return UNSIGNED_PAYLOAD if presigned else message.headers.get(_PAYLOAD, "")


def _check_payload(message: Message, signature: Signature) -> None:
    """Compare S3's body with the hash that its header gives, where it gives one.

    Source: S3 API reference, "Authenticating Requests: Using the Authorization Header".
    """
    if signature.expires_seconds is not None:
        return
    said = message.headers.get(_PAYLOAD, "")
    if not said:
        raise ApiError(
            "InvalidRequest", 400, f"Missing required header for this request: {_PAYLOAD}"
        )
    if said in (UNSIGNED_PAYLOAD, f"STREAMING-{UNSIGNED_PAYLOAD}-TRAILER"):
        return
    if said.startswith("STREAMING-"):
        raise ApiError(
            "NotImplemented",
            501,
            f"The laboratory does not check the signatures of chunks ({said}). Let the client sign "
            "the whole body or none, as SDKs do over HTTPS.",
        )
    if said != hashlib.sha256(message.body).hexdigest():
        raise ApiError(
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _canonical_query(query: str) -> str:
    encoded = []
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if unquote(name) != "X-Amz-Signature":
            encoded.append(
                (quote(unquote(name), safe=_UNRESERVED), quote(unquote(value), safe=_UNRESERVED))
            )
    return "&".join(f"{name}={value}" for name, value in sorted(encoded))


def _header_value(message: Message, name: str) -> str:
    return " ".join(message.headers.get(name, "").split())


def _mismatch(message: str) -> ApiError:
    return ApiError("SignatureDoesNotMatch", 403, message, rule=f"signature: {message.strip()}")


def _incomplete(message: str) -> ApiError:
    return ApiError("IncompleteSignature", 400, message, rule=f"signature: {message}")
