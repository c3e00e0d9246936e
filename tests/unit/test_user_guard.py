"""The guard that keeps an IAM role until no user is left, with IAM replaced."""

from __future__ import annotations

import pytest

from components import user_guard
from tests.unit.clouds import World, users

Guard = user_guard._UserGuardProvider


def test_a_path_without_users_lets_the_role_go(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(users=[["old"], []]).put_in_place(monkeypatch)
    monkeypatch.setattr(user_guard, "VISIBLE_SECONDS", 60)
    Guard().delete("id", users())
    assert world.users == [[]]


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
    changed: dict[str, str], *, changes: bool, replaces: list[str]
) -> None:
    guard = Guard()
    made = guard.create(users())
    assert made.outs
    verdict = guard.diff(made.id, made.outs, users() | changed)
    assert (verdict.changes, verdict.replaces) == (changes, replaces)
