"""The rule by which an IAM user is left behind: nobody who may be live is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import left_users
from federation.left_users import CLOCKS, ISSUING, IamUser, LiveLease, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MADE = NOW - timedelta(days=2)
NAME = "vault-oidc-alice-my-role-Ab12Cd34"


def _user(name: str = NAME, created: datetime = MADE) -> IamUser:
    return IamUser(name=name, path="/vault/dev-root-aws/", created=created)


def _lease(issued: datetime, role: str = "my-role", hours: float = 24 * 30) -> LiveLease:
    return LiveLease(
        lease_id=f"aws/creds/{role}/1",
        role=role,
        issued=issued,
        expires=issued + timedelta(hours=hours),
    )


def _verdict(user: IamUser, *leases: LiveLease, known: tuple[str, ...] = ("my-role",)) -> Verdict:
    roles = left_users.roles_named(user.name, known)
    return left_users.judge(user, leases, roles, NOW).verdict


@given(
    skew=st.timedeltas(-CLOCKS, CLOCKS),
    took=st.timedeltas(timedelta(), ISSUING),
    role=st.sampled_from(["my-role", "role", "a-my-role", "x", "r@1.b", "my-role-Ab12Cd34"]),
    display=st.sampled_from(["token", "oidc-alice", "my-role", "-", "a-my-role-Ab12Cd34"]),
    known=st.lists(st.sampled_from(["my-role", "role", "deploy"])),
)
def test_a_user_with_a_live_lease_is_never_left(
    skew: timedelta, took: timedelta, role: str, display: str, known: list[str]
) -> None:
    user = _user(f"vault-{display}-{role}-Zz90Yy81")
    own = _lease(user.created + skew + took, role)
    assert _verdict(user, own, known=(*known, role)) is Verdict.LIVE


@pytest.mark.parametrize("minutes", [-6, 11, 60 * 24])
def test_a_lease_of_another_time_is_another_users(minutes: int) -> None:
    assert _verdict(_user(), _lease(MADE + timedelta(minutes=minutes))) is Verdict.LEFT


def test_a_lease_of_another_role_is_another_users_where_the_name_tells() -> None:
    other = _lease(MADE, "deploy")
    assert _verdict(_user(), other, known=("my-role", "deploy")) is Verdict.LEFT
    # The name ends like a role that nobody knows: any lease may be its own.
    assert _verdict(_user(), other, known=("deploy",)) is Verdict.LIVE
    assert _verdict(_user("by-hand"), other) is Verdict.LIVE
    # "my-role" and "role" both fit.
    assert _verdict(_user(), _lease(MADE, "role"), known=("my-role", "role")) is Verdict.LIVE


def test_it_is_said_what_may_hold_a_user_and_until_when() -> None:
    user = _user()
    leases = [_lease(MADE), _lease(MADE + timedelta(minutes=3))]
    held = left_users.judge(user, leases, {"my-role"}, NOW)
    assert held.why == (
        "lease aws/creds/my-role/1 may be its own, or another of that time, until "
        "2026-03-29 12:03 UTC"
    )
    assert len(held.leases) == 2
    over = left_users.judge(user, [_lease(MADE, hours=1)], {"my-role"}, NOW)
    assert over.verdict is Verdict.LIVE
    assert "Vault could not revoke it: type `vaultaws revoke`" in over.why
    none = left_users.judge(user, [], {"my-role"}, NOW)
    assert none.why == "no live lease of my-role can be its own"


@pytest.mark.parametrize(
    ("stack", "path", "own"),
    [
        ("dev", "/vault/dev-root-aws/", True),
        ("dev", "/vault/dev-team.a-aws/", True),
        ("dev", "/vault/dev--x-root-aws/", False),
        ("dev-x", "/vault/dev--x-root-aws/", True),
        ("dev", "/vault/devel-root-aws/", False),
        ("dev", "/dev-root-aws/", False),
    ],
)
def test_a_path_tells_its_stack(stack: str, path: str, *, own: bool) -> None:
    assert left_users.is_path_of(stack, path) is own


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("vault-token-my-role-1700000000-AbCdEfGhIjKlMnOpQrSt", True),
        ("vault-admin", False),
        ("alice", False),
        ("vault-token-my-role-Ab12Cd34", False),
    ],
)
def test_vaults_own_way_to_name_users_is_known(name: str, *, named: bool) -> None:
    assert left_users.is_named_by_vault(name) is named


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (90, "1 min"), (3_600, "1 h"), (90_000, "1 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert left_users.age(seconds) == said
