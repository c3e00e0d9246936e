"""AssumeRoleWithWebIdentity up to the role: is this token what it says, and registered here.

Codes and messages are those that AWS is documented or reported to give; AWS does not publish the
order of its checks, so the order here is the laboratory's own.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from lab.aws.front.wire import ApiError
from lab.aws.state.discovery import Discovery, ThumbprintError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
"""AssumeRoleWithWebIdentity, parameter WebIdentityToken (STS API reference)."""

_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider, please reference "
    "AssumeRoleWithWebIdentity documentation for requirements"
)


@dataclass(frozen=True, kw_only=True)
class Provider:
    """What the identity provider held when the token was presented."""

    arn: str
    issuer: str
    thumbprints: tuple[str, ...]
    client_ids: tuple[str, ...]

    @property
    def condition_prefix(self) -> str:
        """Prefix of the provider's condition keys: the ARN after ``oidc-provider/``, no scheme."""
        return self.arn.partition(":oidc-provider/")[2]


@dataclass(frozen=True, kw_only=True)
class Token:
    """A token taken apart; ``issuer`` is only a claim until ``verify`` has passed."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]
    issuer: str
    subject: str
    audiences: tuple[str, ...]


def read_token(text: str) -> Token:
    """Parse a JWT without believing it.

    Raises:
        ApiError: InvalidIdentityToken for what is no JWT or lacks a required claim.
    """
    try:
        header_part, claims_part, _ = text.split(".")
        header, claims = _decode(header_part), _decode(claims_part)
    except ValueError as error:
        raise invalid("The ID Token provided is not a valid JWT.") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise invalid("The ID Token provided is not a valid JWT.")
    for claim in ("iss", "sub", "aud", "exp", "iat"):
        if claim not in claims:
            raise invalid(f"Missing a required claim: {claim}")
    if not isinstance(claims["iss"], str) or not isinstance(claims["sub"], str):
        raise invalid("The claims iss and sub must be strings")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    return Token(
        text=text,
        header=header,
        claims=claims,
        issuer=claims["iss"],
        subject=claims["sub"],
        audiences=tuple(map(str, audiences)),
    )


def verify(token: Token, provider: Provider, discovery: Discovery, now: float) -> None:
    """Verify the token against its issuer's published keys and the provider's audiences.

    ``now`` is AWS's time in seconds since the epoch.

    Raises:
        ApiError: InvalidIdentityToken, or ExpiredTokenException (both 400).
    """
    algorithm = token.header.get("alg")
    if algorithm not in ALGORITHMS:
        raise invalid(f"The token's algorithm must be one of {', '.join(ALGORITHMS)}")
    try:
        keys = discovery.keys(provider.issuer, provider.thumbprints)
    except UnreachableError as error:
        raise invalid(_NO_KEY, rule=f"discovery: {error}") from error
    except ThumbprintError as error:
        raise invalid(
            "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
            rule=f"thumbprint: {error}",
        ) from error
    _verify_signature(token, algorithm, keys)
    _verify_times(token.claims, now)
    if not set(token.audiences) & set(provider.client_ids):
        raise invalid(
            "Incorrect token audience",
            rule=f"audience: {', '.join(token.audiences)} is not registered with {provider.arn}",
        )


def invalid(message: str, *, rule: str | None = None) -> ApiError:
    """Return InvalidIdentityToken (400)."""
    return ApiError("InvalidIdentityToken", 400, message, rule=rule or f"token: {message}")


def _decode(part: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _verify_signature(token: Token, algorithm: str, keys: Sequence[dict[str, Any]]) -> None:
    identifier = token.header.get("kid")
    candidates = [key for key in keys if identifier is None or key.get("kid") == identifier]
    if not candidates:
        raise invalid(_NO_KEY, rule=f"signature: the issuer publishes no key {identifier!r}")
    for candidate in candidates:
        try:
            jwt.PyJWS().decode(token.text, jwt.PyJWK(candidate, algorithm), [algorithm])
        except (jwt.PyJWTError, ValueError):
            continue
        return
    raise invalid(
        "The web identity token could not be validated with the identity provider's keys",
        rule="signature: no key of the issuer validates the token",
    )


def _verify_times(claims: dict[str, Any], now: float) -> None:
    for claim in ("exp", "iat", "nbf"):
        if claim in claims and type(claims[claim]) is not int:
            raise invalid(f"The claim {claim} must be an integer")
    if claims["exp"] <= now:
        raise ApiError(
            "ExpiredTokenException",
            400,
            f"Token expired: current date/time {int(now)} must be before the expiration "
            f"date/time {claims['exp']}",
        )
    for claim in ("iat", "nbf"):
        if claims.get(claim, 0) > now:
            raise invalid(f"The claim {claim} {claims[claim]} lies after the current time")
