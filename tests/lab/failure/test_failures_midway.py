"""Whatever goes wrong at whichever write, the next update or destroy converges.

Nobody lists the writes: a trial goes on until a whole update and a whole destroy, from nothing to
nothing, meet no write that has not gone wrong before. So every write has its turn, those that Vault
makes in AWS and those that only follow from a failure included.

Two ways differ most in what the engine knows afterwards: the write was refused, so that it knows
what is missing; the write was done and the answer lost, so that it does not know what is there.
There every write has a round of its own: gone wrong once, the very next run must converge. The
other ways are one of these two to the write itself (it was never done, or done and recorded) and
differ in what else they take along: the connections of all others, the rest of the run, the
engine's lock. There the next run is disturbed as well, at its next write, until all is done: each
run must mend what the one before left, or would not reach the next write, and the last one must
converge.

Ways that are alike to engine and write take turns within a trial. ``FAILURES=all`` lets every write
meet every way, each in a trial of its own.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING, Literal

import pytest

from tests.lab.conftest import ROOT, lab_command, start
from tests.lab.faults import (
    ENGINE_KILLED,
    ENGINE_LOST,
    INTERRUPTED,
    NETWORK_KILLED,
    NETWORK_LOST,
    PROGRAM_KILLED,
    REFUSED,
    SERVER_KILLED,
    SERVER_LOST,
    TERMINATED,
    Breaker,
    Kind,
    held,
)
from tests.lab.stacks import Stack, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORKERS = 3
"""Laboratories side by side; one run of the engine keeps about one processor busy, and one that
waits for Vault to believe that a user is gone keeps none."""
MOST_FAILURES = 100
"""No trial has as many writes; one that meets so many has no end."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Ways to go wrong that take turns in one trial."""

    name: str
    kinds: tuple[Kind, ...]
    alone: bool = False
    """Whether nothing goes wrong in the run after a failure."""


TRIALS = (
    Ways(name="answer lost", kinds=(SERVER_LOST, NETWORK_LOST), alone=True),
    Ways(name="refused", kinds=(REFUSED,), alone=True),
    Ways(name="engine killed", kinds=(ENGINE_LOST,)),
    Ways(name="server or network killed", kinds=(SERVER_KILLED, NETWORK_KILLED)),
    Ways(name="run ended early", kinds=(INTERRUPTED, PROGRAM_KILLED, TERMINATED)),
)
EVERYTHING = (
    Ways(name="engine killed before the server acts", kinds=(ENGINE_KILLED,)),
    *(
        Ways(name=kind.name, kinds=(kind,), alone=ways.alone)
        for ways in TRIALS
        for kind in ways.kinds
    ),
)
CHOSEN = EVERYTHING if os.environ.get("FAILURES") == "all" else TRIALS


class Trial:
    """One laboratory with one stack, in which every write goes wrong once."""

    def __init__(self, ways: Ways, folder: Path) -> None:
        self._ways = ways
        # Starting with another one each, or one of two would only ever meet updates.
        self._kinds = {"up": cycle(ways.kinds), "destroy": cycle(reversed(ways.kinds))}
        self._folder = folder
        self._met: list[str] = []
        self._story: list[str] = []

    def run(self) -> str:
        """Return what was not as it should be, after what had gone wrong; empty if nothing."""
        self._folder.mkdir()
        try:
            stack = Stack(start(self._folder / "laboratory"), self._folder / "stack", "dev", ROOT)
            stack.create(settings())
            self._rounds(Breaker(stack))
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - reported by the test
            return "\n".join([*self._story, f"{type(error).__name__}: {error}"])
        finally:
            lab_command("down", self._folder / "laboratory")
        return ""

    def _rounds(self, breaker: Breaker) -> None:
        # Before Vault opens a connection to AWS, which it keeps and which must be watched too.
        breaker.faults.watch()
        found, goes_on = [], True
        while goes_on:
            goes_on = False
            self._story.append("from nothing:")
            goes_on |= self._go(breaker, "up")
            created = breaker.faults.writes()
            breaker.stack.expect_no_changes()
            found.append(held(breaker.laboratory))
            _read_credentials(breaker)
            goes_on |= self._go(breaker, "destroy")
            destroyed = breaker.faults.writes()
            assert holdings(breaker.laboratory) == {}
        # In the last round nothing went wrong: that is how it has to be after every other one.
        for each in found[:-1]:
            assert each == found[-1]
        for writes in (created, destroyed):
            assert {write.partition(".")[0] for write in writes} == {"vault", "iam"}
            assert set(writes) <= set(self._met)

    def _go(self, breaker: Breaker, verb: Literal["up", "destroy"]) -> bool:
        """Update or destroy until it is done, and tell whether anything went wrong meanwhile."""
        any_met = False
        while True:
            kind = next(self._kinds[verb])
            met = breaker.run(verb, kind, spared=self._met)
            if met is None:
                return any_met
            any_met = True
            self._met.append(met)
            self._story.append(f"  {verb}: {kind.name}: {met}")
            assert len(self._met) < MOST_FAILURES
            if kind.leaves_unrecorded:
                breaker.recover()
            if self._ways.alone:
                breaker.faults.watch()
                getattr(breaker.stack, verb)()
                return True


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[str]]]:
    folder = tmp_path_factory.mktemp("failures")
    with ThreadPoolExecutor(WORKERS) as pool:
        yield {
            ways.name: pool.submit(Trial(ways, folder / str(number)).run)
            for number, ways in enumerate(CHOSEN)
        }


@pytest.mark.parametrize("ways", CHOSEN, ids=lambda ways: ways.name)
def test_the_next_update_and_the_next_destroy_converge(
    trials: dict[str, Future[str]], ways: Ways
) -> None:
    problem = trials[ways.name].result()
    assert not problem, problem


def _read_credentials(breaker: Breaker) -> None:
    """Prove that the stack works, and give the destroy a lease to revoke."""
    assert breaker.laboratory.vault().read("aws/creds/my-role")["data"]["access_key"]
