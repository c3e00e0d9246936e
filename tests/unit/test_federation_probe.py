"""How long an auth method is waited for, and what is made of what AWS says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from components.dynamic import probe
from components.dynamic.probe import await_reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clients.auth_method import AuthMethod

ROLE = "arn:aws-us-gov:iam::123456789012:role/vault-auth-dev-root-aws"
NOBODY = "arn:aws-us-gov:iam::123456789012:role/vault-federation-check"
SESSIONS = "arn:aws-us-gov:sts::123456789012:assumed-role"
NO_PROVIDER = "unable to resolve ARN: NoCredentialProviders: no valid providers in chain"


def denied(principal: str) -> str:
    """Return what Vault passes on when AWS does not let it ask."""
    return (
        f"unable to resolve ARN: AccessDenied: User: {principal} is not authorized to perform: "
        f"iam:GetRole on resource: {NOBODY}"
    )


class FakeMethod:
    """An auth method that hears from AWS one thing after the other, the last one for ever."""

    def __init__(self, *told: str) -> None:
        self._told: Iterator[str] = iter(told)
        self._last = ""
        self.asked: list[str] = []
        self.signed_in_anew = 0

    def look_up(self, arn: str) -> str:
        self.asked.append(arn)
        self._last = next(self._told, self._last)
        return self._last

    def sign_in_anew(self) -> None:
        self.signed_in_anew += 1


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PAUSE_SECONDS", 0)


def _await(method: FakeMethod) -> str:
    return await_reach(cast("AuthMethod", method), ROLE)


@pytest.mark.parametrize(
    "told",
    [
        denied(f"{SESSIONS}/vault-auth-dev-root-aws/vault-aws-auth-1"),
        "unable to resolve ARN: NoSuchEntity: Role not found",
        "",
    ],
    ids=["may not ask", "may ask", "found"],
)
def test_whoever_aws_answers_is_there(told: str) -> None:
    method = FakeMethod(told)
    assert _await(method) == ""
    assert method.asked == [NOBODY]
    assert method.signed_in_anew == 0


def test_a_method_that_was_too_early_signs_in_anew_until_aws_answers() -> None:
    method = FakeMethod(
        NO_PROVIDER, NO_PROVIDER, denied(f"{SESSIONS}/vault-auth-dev-root-aws/vault-aws-auth-1")
    )
    assert _await(method) == ""
    assert method.signed_in_anew == 2


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws-us-gov:iam::123456789012:user/vault",
        f"{SESSIONS}/vault-auth-dev-root-aws-2/i-0123",
        f"{SESSIONS}/instance/vault-auth-dev-root-aws",
    ],
)
def test_keys_of_the_environment_are_told_from_the_federation(principal: str) -> None:
    method = FakeMethod(denied(principal))
    assert _await(method) == (
        f"Vault acts as {principal} at AWS, with keys from its environment: start Vault without "
        "AWS_* variables, AWS profiles and instance profile"
    )
    assert method.signed_in_anew == 0


def test_it_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "REACH_SECONDS", 0.0)
    told = _await(FakeMethod(NO_PROVIDER))
    assert told.startswith(f"Vault did not get to act as {ROLE} within 0 s ({NO_PROVIDER}). Check ")
