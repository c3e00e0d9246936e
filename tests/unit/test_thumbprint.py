"""A host that presents one certificate chain now and another the next moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients import chains
from components.dynamic import thumbprint
from tests.unit.clouds import HOST, OUR_CHAIN, OURS, THEIR_CHAIN, World

if TYPE_CHECKING:
    import pytest

PLAIN = {"host": HOST, "pinned": []}


def _known(*thumbprints: str, host: str = HOST) -> dict[str, Any]:
    return {**PLAIN, "host": host, "thumbprints": list(thumbprints), "warnings": []}


def _check(world: World, olds: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - pulumi's own
    world.put_in_place(monkeypatch)
    return thumbprint._ThumbprintProvider().check(olds, PLAIN)


def test_what_is_known_and_presented_takes_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(other_chain=THEIR_CHAIN)
    checked = _check(world, _known(OURS), monkeypatch)
    assert (checked.failures, checked.inputs["thumbprints"]) == ([], [OURS])
    assert world.looks == 1


def test_what_is_known_stays_while_any_machine_presents_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(chain=THEIR_CHAIN, other_chain=OUR_CHAIN)
    checked = _check(world, _known(OURS), monkeypatch)
    assert (checked.failures, checked.inputs) == ([], _known(OURS))
    assert world.looks == 2
    assert f"{HOST} presents more than one certificate chain" in caplog.text
    assert f"and look whether there are more; until then {OURS} stays" in caplog.text


def test_another_chain_that_all_machines_present_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    checked = _check(world, _known("0" * 40), monkeypatch)
    assert (checked.failures, checked.inputs["thumbprints"]) == ([], [OURS])
    assert world.looks == chains.LOOKS


def test_what_is_known_of_another_host_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(other_chain=THEIR_CHAIN)
    (failure,) = _check(world, _known(OURS, host="old.example.com"), monkeypatch).failures
    assert "set vault.thumbprints: [" in failure.reason


def test_a_second_look_that_fails_takes_nothing_from_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Flaky(World):
        def presented_chain(self, host: str) -> list[bytes]:
            found = super().presented_chain(host)
            self.unreachable = True
            return found

    checked = _check(Flaky(), {}, monkeypatch)
    assert (checked.failures, checked.inputs["thumbprints"]) == ([], [OURS])
