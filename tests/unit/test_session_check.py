"""How long a session is waited for; what is told when none comes is in ``refusals``."""

from __future__ import annotations

import pytest

from components import session_check
from components.session_check import NoSessionError
from tests.unit.clouds import ROLE, SESSION, THEIR_CHAIN, World, session

PROPS = session()
Check = session_check._SessionCheckProvider


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World().put_in_place(monkeypatch)


def test_a_session_of_the_role_lets_the_update_go_on(world: World) -> None:
    made = Check().create(PROPS)
    assert made.id == ROLE
    assert made.outs == {
        key: value for key, value in PROPS.items() if key not in ("__provider", "profile")
    }
    assert world.reconnected == 0


def test_aws_is_given_time_and_vault_a_new_client_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_check, "EFFECTIVE_SECONDS", 60)
    world.sessions = [None, None, SESSION]
    Check().update("id", PROPS, PROPS)
    assert world.reconnected == 2


def test_an_obstacle_in_sight_is_not_waited_for_as_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_check, "EFFECTIVE_SECONDS", 3600)
    world.sessions, world.chain = [None], THEIR_CHAIN
    with pytest.raises(NoSessionError):
        Check().create(PROPS)
    assert world.reconnected == 1, "a client that failed would stay, whatever is mended"
