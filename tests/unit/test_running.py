from __future__ import annotations

import asyncio
import sys
import traceback

import pytest

from components.program import FRAMES, brief_traces, settled


def test_it_ends_when_all_that_was_begun_has_ended() -> None:
    async def program() -> list[bool]:
        gate = asyncio.Event()
        begun = [asyncio.create_task(gate.wait()) for _ in range(3)]
        asyncio.get_running_loop().call_soon(gate.set)
        await settled()
        return [each.done() for each in begun]

    assert asyncio.run(program()) == [True, True, True]


def test_it_ends_with_the_first_failure_which_is_left_to_whoever_asks() -> None:
    """What a failed resource holds up may never end, and the SDK must get to say why."""

    async def failing() -> None:
        raise ValueError("the engine said no")

    async def program() -> None:
        held_up = asyncio.create_task(asyncio.Event().wait())
        failed = asyncio.create_task(failing())
        await settled()
        assert not held_up.done()
        held_up.cancel()
        await failed

    with pytest.raises(ValueError, match="the engine said no"):
        asyncio.run(program())


def test_nothing_to_wait_for_is_no_error() -> None:
    asyncio.run(settled())


def _deep(calls: int) -> traceback.StackSummary:
    return traceback.extract_stack() if calls == 0 else _deep(calls - 1)


def test_a_stack_is_brief_and_ends_where_it_was_asked_for() -> None:
    with brief_traces():
        taken = _deep(2 * FRAMES)
    assert len(taken) == FRAMES
    assert taken[-1].line == "return traceback.extract_stack() if calls == 0 else _deep(calls - 1)"
    assert len(_deep(2 * FRAMES)) > 2 * FRAMES


def test_what_is_raised_is_shown_in_full() -> None:
    def fail(calls: int) -> None:
        if calls == 0:
            raise ValueError("deep down")
        fail(calls - 1)

    with pytest.raises(ValueError, match="deep down") as failure, brief_traces():
        fail(2 * FRAMES)
    assert len(traceback.extract_tb(failure.value.__traceback__)) > 2 * FRAMES
    assert not hasattr(sys, "tracebacklimit")
