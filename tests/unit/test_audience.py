"""One audience, at the signing key and at the identity provider, called as the engine calls it."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import rpc

from clients.errors import AwsError, VaultUnreachableError
from components.dynamic.audience import ACCEPTED, _AudienceProvider
from tests.unit.clouds import ARN, KEY, World, audience

OURS = frozenset({"ours"})
NEITHER = "not signed by the key, not accepted by the identity provider"
Provider = _AudienceProvider


def _world(monkeypatch: pytest.MonkeyPatch, *registered: str, **given: Any) -> World:  # noqa: ANN401 - see World
    return World(registered=frozenset(registered), **given).put_in_place(monkeypatch)


def test_an_audience_comes_and_goes_and_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _world(monkeypatch, "foreign", signed=frozenset({"foreign"}))
    made = Provider().create(audience())
    assert world.registered == world.signed == {"foreign", "ours"}
    assert made.outs
    for _ in range(2):
        Provider().delete(made.id, made.outs)
        assert world.registered == world.signed == {"foreign"}


@pytest.mark.parametrize("exclusive", [True, False])
def test_an_audience_somebody_else_registered_survives(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, exclusive: bool
) -> None:
    """Where the identity provider is the stack's own, an earlier run of its own has left it."""
    world = _world(monkeypatch, "ours")
    made = Provider().create(audience(exclusive=exclusive))
    assert made.outs
    assert made.outs["adopted"] is not exclusive
    assert ("was registered at" in caplog.text) is not exclusive
    Provider().delete(made.id, made.outs)
    assert world.registered == (frozenset() if exclusive else OURS)
    assert world.signed == frozenset()


@pytest.mark.parametrize(
    ("registered", "signed", "state"),
    [
        (frozenset(), frozenset(), NEITHER),
        (None, OURS, "not accepted by the identity provider"),
        (OURS, frozenset(), "not signed by the key"),
        (OURS, OURS, ACCEPTED),
    ],
)
def test_a_refresh_says_what_is_missing_and_the_next_update_adds_it(
    monkeypatch: pytest.MonkeyPatch,
    registered: frozenset[str] | None,
    signed: frozenset[str],
    state: str,
) -> None:
    world = World(registered=registered, signed=signed).put_in_place(monkeypatch)
    read = Provider().read("any", audience(adopted=False))
    assert read.outs
    assert read.inputs
    assert read.outs["state"] == read.inputs["state"] == state
    if state != ACCEPTED:
        made = Provider().update("any", read.outs, audience())
        assert world.registered == world.signed == OURS
        assert made.outs
        assert (made.outs["state"], made.outs["adopted"]) == (ACCEPTED, False)


def test_what_somebody_else_took_away_is_the_stacks_own_once_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _world(monkeypatch)
    asked = audience(exclusive=False)
    made = Provider().update("any", asked | {"adopted": True}, asked)
    assert made.outs
    assert made.outs["adopted"] is False


def test_a_refresh_that_cannot_look_keeps_what_is_recorded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = audience(adopted=True)
    World(failing=AwsError("cannot sign in")).put_in_place(monkeypatch)
    read = Provider().read("any", recorded)
    assert (read.id, read.outs) == ("any", recorded)
    assert "the audience 'ours' was not looked up: cannot sign in" in caplog.text


def test_at_another_identity_provider_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _world(monkeypatch)
    olds = audience(adopted=False, provider_arn="old")
    assert Provider().diff("any", olds, audience()).replaces == []
    Provider().update("any", olds, audience())
    assert world.signed == OURS
    assert world.removed == [("old", "ours")]


def test_an_audience_of_another_stack_is_warned_of_in_the_preview(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = {"prod-root-plugin-identity": OURS, "default": frozenset({"*"})}
    _world(monkeypatch, "ours", signed=OURS, keys=(KEY,), signed_by_others=theirs)
    assert Provider().check({}, audience(exclusive=False)).failures == []
    (told,) = caplog.messages
    assert told == (
        "the audience 'ours' is that of another stack, whose key prod-root-plugin-identity signs "
        "for it; two stacks that share one end each other's: choose an audience of your own"
    )
    caplog.clear()
    recorded = audience(adopted=False)
    assert Provider().check(recorded, audience()).failures == []
    assert Provider().check({}, audience(key=rpc.UNKNOWN)).failures == []
    _world(monkeypatch, "ours", signed=OURS, keys=(KEY, "default"), signed_by_others={})
    monkeypatch.setattr(World, "signed_audiences", lambda *_: frozenset())
    assert Provider().check({}, audience()).failures == []
    assert caplog.messages == []


def test_an_audience_that_another_stack_has_too_stays_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = {"prod-root-plugin-identity": OURS}
    world = _world(monkeypatch, "ours", signed=OURS, keys=(KEY,), signed_by_others=theirs)
    Provider().delete("any", audience(adopted=False))
    assert (world.registered, world.signed) == (OURS, frozenset())
    (told,) = caplog.messages
    assert told == (
        f"the audience 'ours' stays at {ARN}: prod-root-plugin-identity of another stack signs "
        "for it, too"
    )


def test_a_preview_that_cannot_look_for_other_stacks_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    World(failing=VaultUnreachableError("no connection")).put_in_place(monkeypatch)
    assert Provider().check({}, audience()).failures == []
    assert caplog.messages == ["others' use of 'ours' was not looked for: no connection"]


def test_another_way_in_is_an_update_and_another_audience_another_resource(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _world(monkeypatch)
    made = Provider().create(audience())
    assert made.outs
    way = Provider().diff(made.id, made.outs, audience(profile="other"))
    another = Provider().diff(made.id, made.outs, audience(audience="another"))
    assert (way.replaces, another.replaces) == ([], ["audience"])
    # None at all: what has changed, the engine then finds out, and shows value by value.
    assert way.changes is another.changes is None


def test_without_vault_aws_still_forgets_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = _world(monkeypatch, "ours")
    gone = VaultUnreachableError("no connection")

    def unreachable(*_: object) -> None:
        raise gone

    monkeypatch.setattr(world, "sign_no_more_for", unreachable, raising=False)
    Provider().delete("any", audience(adopted=False))
    assert world.removed == [(ARN, "ours")]
    assert "stays at the key: no connection" in caplog.text
