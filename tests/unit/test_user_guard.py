"""The guard that keeps an IAM role until no user is left, with IAM replaced."""

from __future__ import annotations

import pytest

from clients import aws
from components import user_guard

Guard = user_guard._UserGuardProvider
PROPS = {
    "iam_path": "/vault/dev-root-aws/",
    "account_id": "123456789012",
    "region": "us-east-1",
    "profile": None,
}


class FakeUsers:
    """What each look finds, the last one for ever."""

    def __init__(self, *looks: list[str]) -> None:
        self.looks = list(looks)

    def __call__(self, access: aws.AccountAccess) -> FakeUsers:
        assert access.account_id == "123456789012"
        return self

    def under(self, path: str) -> list[str]:
        assert path == "/vault/dev-root-aws/"
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.setattr(user_guard, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(user_guard, "VISIBLE_SECONDS", 0)
    return Guard()


def test_a_path_without_users_lets_the_role_go(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = FakeUsers(["old"], [])
    monkeypatch.setattr(aws, "Users", users)
    monkeypatch.setattr(user_guard, "VISIBLE_SECONDS", 60)
    guard.delete("id", PROPS)
    assert users.looks == [[]]


def test_users_that_stay_are_named_with_what_to_do(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "Users", FakeUsers(["vault-b", "vault-a"]))
    with pytest.raises(user_guard.UsersRemainError) as refusal:
        guard.delete("id", PROPS)
    said = str(refusal.value)
    assert "under /vault/dev-root-aws/ in account 123456789012" in said
    assert "vault-a, vault-b" in said
    assert "repeat `pulumi destroy`" in said


@pytest.mark.parametrize(
    ("changed", "changes", "replaces"),
    [
        ({}, False, []),
        ({"region": "eu-central-1"}, True, []),
        ({"account_id": "210987654321"}, True, ["account_id"]),
        ({"iam_path": "/vault/dev-root-other/"}, True, ["iam_path"]),
    ],
)
def test_only_other_users_mean_another_guard(
    guard: Guard, changed: dict[str, str], *, changes: bool, replaces: list[str]
) -> None:
    made = guard.create(PROPS)
    assert made.outs
    verdict = guard.diff(made.id, made.outs, PROPS | changed)
    assert (verdict.changes, verdict.replaces) == (changes, replaces)
