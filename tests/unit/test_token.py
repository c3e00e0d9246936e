"""Tokens are read, never believed, and never repeated in a message."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from federation.knowledge import token

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": "https://vault.example.com/v1/identity/oidc/plugins",
    "sub": "plugin-identity:root:secret:aws_1a2b3c4d",
    "aud": ["vault-aws-secrets"],
    "iat": SECONDS - 60,
    "nbf": SECONDS - 60,
    "exp": SECONDS + 60,
}
HEADER = {"alg": "RS256", "kid": "one"}


def written(claims: object = CLAIMS, header: object = HEADER, signature: str = "c2ln") -> str:
    """Return a token, signed by nobody."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()) for part in (header, claims))
    return ".".join([*(part.decode().rstrip("=") for part in parts), signature])


def test_a_token_of_a_mount_says_which() -> None:
    read = token.read(written())
    assert read.header == HEADER
    assert read.claims == CLAIMS
    assert token.problems(read, NOW) == []
    assert token.mount(read) == {
        "namespace_id": "root",
        "mount_class": "secret",
        "accessor": "aws_1a2b3c4d",
    }


def test_the_signature_is_kept_nowhere() -> None:
    assert "hidden-signature" not in repr(token.read(written(signature="hidden-signature")))


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"exp": SECONDS}, "it expired at 2030-01-01 00:00:00 UTC: AWS says ExpiredTokenException"),
        ({"nbf": SECONDS + 90}, "it begins at 2030-01-01 00:01:30 UTC (nbf)"),
        ({"iat": SECONDS + 90}, "it begins at 2030-01-01 00:01:30 UTC (iat)"),
        ({"exp": "soon"}, "its claim exp is 'soon', no whole number of seconds"),
        ({"exp": True}, "its claim exp is True"),
        ({"iss": "http://vault"}, "its issuer 'http://vault' does not begin with https://"),
    ],
)
def test_what_aws_would_not_take_is_named(claims: dict[str, Any], told: str) -> None:
    (problem,) = token.problems(token.read(written(CLAIMS | claims)), NOW)
    assert problem.startswith(told)


@pytest.mark.parametrize("claim", token.REQUIRED)
def test_a_claim_that_is_not_there_is_named(claim: str) -> None:
    without = {name: value for name, value in CLAIMS.items() if name != claim}
    (problem,) = token.problems(token.read(written(without)), NOW)
    assert problem == f"it has no claim {claim}, which AWS asks for"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "EdDSA", None])
def test_an_algorithm_that_aws_does_not_verify_is_named(algorithm: str | None) -> None:
    (problem,) = token.problems(token.read(written(header={"alg": algorithm})), NOW)
    assert problem.startswith(f"it is signed by {algorithm!r}; AWS verifies RS256")


@pytest.mark.parametrize(
    "text", ["", "secret", "a.b", "a.b.c", "e30.W10.c", "!!.e30.c", written() + ".more"]
)
def test_what_is_no_token_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="this is no token") as refused:
        token.read(text)
    assert not text or text not in str(refused.value)


def test_a_subject_of_another_issuer_names_no_mount() -> None:
    assert token.mount(token.read(written(CLAIMS | {"sub": "repo:org/repo:ref"}))) == {}


def test_a_token_is_found_in_what_stands_around_it() -> None:
    one = written()
    assert token.found(f"Authorization: Bearer {one}\n") == one
    assert token.found("nothing.of.it") == ""


def test_a_time_that_no_calendar_has_is_no_crash() -> None:
    assert token.moment(10**20) == f"{10**20} s after 1970"
