"""Reads an identity token without believing it, and says what AWS would not take of it."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
"""What AWS verifies (STS API Reference, AssumeRoleWithWebIdentity, WebIdentityToken)."""

REQUIRED = ("iss", "sub", "aud", "exp", "iat")
"""Claims that AWS asks for (AWS re:Post knowledge center, iam-sts-invalididentitytoken)."""

TIMES = ("iat", "nbf", "exp")
"""Claims that are seconds since 1970."""

_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*")
_SUBJECT = re.compile(
    r"plugin-identity:(?P<namespace_id>[^:]+):(?P<mount_class>[^:]+):(?P<accessor>.+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """What a token says of itself; its signature is neither kept nor verified."""

    header: dict[str, Any]
    claims: dict[str, Any]


def found(text: str) -> str:
    """Return the first token in a text; empty if there is none."""
    match = _TOKEN.search(text)
    return match[0] if match else ""


def read(text: str) -> Token:
    """Take a token apart.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    try:
        header, claims, _signature = (part for part in text.strip().split("."))
        decoded = _decoded(header), _decoded(claims)
    except (ValueError, binascii.Error) as error:
        raise ValueError("this is no token: three parts of base64url with dots between") from error
    if not all(isinstance(part, dict) for part in decoded):
        raise ValueError("this is no token: header and claims must be JSON objects")
    return Token(header=decoded[0], claims=decoded[1])


def problems(token: Token, now: datetime) -> list[str]:
    """List what AWS would refuse the token for, whatever the account holds; empty if nothing.

    Args:
        token: The token.
        now: Current time, with time zone.
    """
    claims, seconds = token.claims, now.timestamp()
    missing = [claim for claim in REQUIRED if claim not in claims]
    wrong = [claim for claim in TIMES if claim in claims and not _is_whole(claims[claim])]
    told = [f"it has no claim {claim}, which AWS asks for" for claim in missing]
    told += [
        f"its claim {claim} is {claims[claim]!r}, no whole number of seconds" for claim in wrong
    ]
    if token.header.get("alg") not in ALGORITHMS:
        told.append(
            f"it is signed by {token.header.get('alg')!r}; AWS verifies {', '.join(ALGORITHMS)}"
        )
    if _is_whole(claims.get("exp")) and claims["exp"] <= seconds:
        told.append(f"it expired at {moment(claims['exp'])}: AWS says ExpiredTokenException")
    told += [
        f"it begins at {moment(claims[claim])} ({claim}), which is yet to come: compare the clocks"
        for claim in ("iat", "nbf")
        if _is_whole(claims.get(claim)) and claims[claim] > seconds
    ]
    issuer = claims.get("iss")
    if isinstance(issuer, str) and not issuer.startswith("https://"):
        told.append(
            f"its issuer {issuer!r} does not begin with https://: AWS knows no such provider"
        )
    return told


def mount(token: Token) -> dict[str, str]:
    """Return what Vault's subject says of the mount; empty for a subject that is not Vault's.

    Returns:
        ``namespace_id``, ``mount_class`` (``secret`` or ``auth``) and ``accessor``.
    """
    match = _SUBJECT.fullmatch(str(token.claims.get("sub", "")))
    return match.groupdict() if match else {}


def moment(seconds: int) -> str:
    """Write seconds since 1970 for a person, in UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, OSError, ValueError):
        return f"{seconds} s after 1970"


def _decoded(part: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _is_whole(value: object) -> bool:
    return type(value) is int
