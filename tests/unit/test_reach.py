"""How the threads of one process share connections and answers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from clients import aws
from components.dynamic import reach
from tests.unit.clouds import ACCOUNT, ADDRESS, World

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 10
"""How long a thread waits for another before the test fails."""


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(reach, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def _nothing_is_known() -> Iterator[None]:
    reach.forget()
    yield
    reach.forget()


@pytest.mark.parametrize("failure", [None, ValueError("no answer")])
def test_those_who_ask_together_share_one_look_and_its_outcome(
    monkeypatch: pytest.MonkeyPatch, failure: ValueError | None
) -> None:
    waiting = threading.Semaphore(0)
    looks = []
    result = reach._Outcome.result

    def waited_for(outcome: reach._Outcome) -> object:
        waiting.release()
        return result(outcome, SECONDS)

    def look() -> str:
        looks.append(threading.current_thread())
        for _ in range(2):
            assert waiting.acquire(timeout=SECONDS)
        if failure:
            raise failure
        return "found"

    monkeypatch.setattr(reach._Outcome, "result", waited_for)
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(reach.lately, "key", look) for _ in range(3)]
    assert len(looks) == 1
    if failure:
        assert [each.exception() for each in asking] == [failure] * 3
    else:
        assert [each.result() for each in asking] == ["found"] * 3


def test_nobody_waits_for_who_looks_for_something_else() -> None:
    looking, others = threading.Event(), threading.Event()

    def look() -> bool:
        looking.set()
        return others.wait(SECONDS)

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(reach.lately, "slow", look)
        assert looking.wait(SECONDS)
        assert reach.lately("quick", lambda: "found") == "found"
        others.set()
        assert slow.result()


def test_a_failure_is_no_answer_for_who_asks_later() -> None:
    def fail() -> str:
        raise ValueError("no answer")

    with pytest.raises(ValueError, match="no answer"):
        reach.lately("key", fail)
    assert reach.lately("key", lambda: "found") == "found"


def test_an_answer_serves_for_seconds_after_it_was_found(clock: Clock) -> None:
    def look() -> str:
        clock.now += 60
        return "old"

    assert reach.lately("key", look) == "old"
    clock.now += reach.LATELY_SECONDS - 1
    assert reach.lately("key", lambda: "new") == "old"
    clock.now += 1
    assert reach.lately("key", lambda: "new") == "new"


def test_a_sign_in_is_renewed_and_a_connection_is_kept(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    world = World().put_in_place(monkeypatch)
    monkeypatch.setattr(aws, "Account", lambda access: [access])
    vault, first = {"address": ADDRESS, "namespace": ""}, reach.account(ACCOUNT)
    reach.vault(vault)
    clock.now += reach.SIGN_IN_SECONDS - 1
    assert reach.account(ACCOUNT) is first
    clock.now += 1
    assert reach.account(ACCOUNT) is not first
    reach.vault(vault)
    assert world.connected == 1
