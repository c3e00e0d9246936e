"""What a mount's federation lets through, mends, awaits and records, with the clouds replaced.

What it refuses is in ``refusals/deploying.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import VaultUnreachableError
from components.dynamic import federation as of_a_mount
from components.dynamic import session as of_an_engine
from components.dynamic.configuration import ABLE
from components.dynamic.federation import FederationError, _FederationProvider
from federation.identity import MountClass
from tests.unit.clouds import ENGINE, SESSION, THEIR_CHAIN, World, engine, federation

Provider = _FederationProvider


def _created(**changes: object) -> dict[str, Any]:
    made = Provider().create(federation(**changes))
    assert made.id == "auth/aws"
    return made.outs or {}


def _read(recorded: dict[str, Any]) -> dict[str, Any]:
    return Provider().read("any", recorded).outs or {}


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> World:
    return World().put_in_place(monkeypatch)


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(mount_class=MountClass.SECRET, held=ENGINE).put_in_place(monkeypatch)


def test_what_is_as_declared_is_let_through(method: World) -> None:
    assert "confusable" not in _created()
    assert method.written == []


@pytest.mark.parametrize("release", ["1.17.4+ent", "1.21.0+ent"])
def test_a_server_without_a_fault_may_have_what_needs_it(method: World, release: str) -> None:
    method.release = release
    assert _created(without_external_id="arn:aws:iam::210987654321:role/look-up")


def test_a_server_that_gets_a_fault_shows_at_the_next_refresh(method: World) -> None:
    recorded = _created(without_external_id="arn:aws:iam::210987654321:role/look-up")
    method.release = "1.17.2+ent"
    read = _FederationProvider().read("auth/aws", recorded)
    assert read.outs
    assert read.outs["server"].startswith("Vault is 1.17.2+ent, which sends an empty external id")


def test_an_open_server_may_have_what_it_cannot_confuse(method: World) -> None:
    method.release = "1.20.4+ent"
    assert "confusable" not in _created()


def test_a_server_that_turns_open_shows_in_a_refresh(method: World) -> None:
    recorded = _created(confusable="the wildcard X*")
    assert _read(recorded)["server"] == ABLE
    method.release = "1.19.10+ent"
    assert "CVE-2025-11621" in _read(recorded)["server"]


def test_a_fixed_server_may_have_wildcards(method: World) -> None:
    method.release = "1.20.5+ent"
    assert _created(confusable="the wildcard X*")["confusable"] == "the wildcard X*"


def test_a_session_of_the_role_lets_the_update_go_on(secrets: World) -> None:
    made = Provider().create(engine())
    assert made.id == "secret/aws"
    declared = engine()
    assert made.outs == {
        key: value for key, value in declared.items() if key not in ("__provider", "profile")
    }
    assert secrets.reconnected == 0
    assert secrets.written == []


def test_a_reset_template_is_seen_by_a_refresh_and_written_back(secrets: World) -> None:
    secrets.held = ENGINE | {"username_template": "Vault's own"}
    seen = Provider().read("any", engine())
    assert seen.outs
    assert seen.inputs
    assert seen.outs["username_template"] == seen.inputs["username_template"] == "Vault's own"
    Provider().update("any", seen.outs, engine())
    assert secrets.written == ["declared"]


def test_a_refresh_that_cannot_look_keeps_what_is_recorded(
    secrets: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise VaultUnreachableError("no connection")

    monkeypatch.setattr(secrets, "federation", away, raising=False)
    recorded = Provider().asked(engine())
    assert _read(recorded) == recorded
    assert "the federation of aws was not looked up: no connection" in caplog.text


def test_aws_is_given_time_and_vault_a_new_client_each_time(
    secrets: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_an_engine, "EFFECTIVE_SECONDS", 60)
    secrets.sessions = [None, None, SESSION]
    Provider().update("id", engine(), engine())
    assert secrets.reconnected == 2


def test_an_obstacle_in_sight_is_not_waited_for_as_long(
    secrets: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_an_engine, "EFFECTIVE_SECONDS", 3600)
    secrets.sessions, secrets.chain = [None], THEIR_CHAIN
    with pytest.raises(FederationError):
        Provider().create(engine())
    assert secrets.reconnected == 1, "a client that failed would stay, whatever is mended"


def test_a_path_without_users_lets_the_role_go(
    secrets: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.users = [["old"], []]
    monkeypatch.setattr(of_a_mount, "VISIBLE_SECONDS", 60)
    Provider().delete("id", engine())
    assert secrets.users == [[]]


def test_a_method_has_no_users_to_look_for(method: World) -> None:
    method.users = [["somebody's"]]
    Provider().delete("id", _created())


@pytest.mark.parametrize(
    ("changed", "replaces"),
    [
        ({}, []),
        ({"region": "eu-central-1"}, []),
        ({"accessor": "aws_another"}, []),
        ({"account_id": "210987654321"}, ["account_id"]),
        ({"iam_path": "/vault/dev-root-other/"}, ["iam_path"]),
    ],
)
def test_only_other_users_mean_another_federation(
    secrets: World, changed: dict[str, str], replaces: list[str]
) -> None:
    made = Provider().create(engine())
    assert made.outs
    assert Provider().diff(made.id, made.outs, engine() | changed).replaces == replaces
