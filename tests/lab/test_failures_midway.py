"""Whatever goes wrong at whichever write, the next update or destroy converges.

The writes are learned by listing those of one whole update and one whole destroy. Then every write
goes wrong in a cycle of its own, twice over: once on the way up, once on the way down, each time
followed by one more run that has to converge.

There are ten ways to go wrong (``faults.py``), in four classes of the same effect on the write
(``EQUIVALENT``). Every write meets all four classes, within a class the ways take turns. Set
``FAILURES=all`` to have every write meet every way; see CONTRIBUTING.md for how long that takes.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.conftest import ROOT, lab_command, start
from tests.lab.faults import EQUIVALENT, Breaker, Kind, held
from tests.lab.stacks import Stack, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

WORKERS = 2
"""Laboratories side by side; one run of the engine keeps about one processor busy."""
KINDS = [kind for kinds in EQUIVALENT for kind in kinds]


@dataclass(frozen=True, kw_only=True)
class Write:
    """One write of an update or a destroy."""

    name: str
    nth: int
    """Which of several alike."""


@dataclass(frozen=True, kw_only=True)
class Plain:
    """What happens when nothing goes wrong."""

    creates: tuple[Write, ...]
    destroys: tuple[Write, ...]
    held: Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """One cycle: an update with one write gone wrong, then a destroy with another one."""

    kind: Kind
    created: Write
    destroyed: Write

    def __str__(self) -> str:
        return f"{self.kind.name}: up at {self.created}, destroy at {self.destroyed}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    case: Case
    problem: str


class Worker(threading.local):
    """The laboratory of one thread; a cycle that fails gets the next one a new laboratory."""

    breaker: Breaker | None = None


class Runner:
    """Runs cycles, each from nothing to nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worker = Worker()
        self._lock = threading.Lock()
        self._homes: list[Path] = []

    def breaker(self) -> Breaker:
        """Return this thread's laboratory with a stack that is not deployed."""
        if self._worker.breaker is None:
            with self._lock:
                home = self._folder / f"laboratory-{len(self._homes)}"
                self._homes.append(home)
            stack = Stack(start(home), home.with_name(f"{home.name}-stack"), "dev", ROOT)
            stack.create(settings())
            self._worker.breaker = Breaker(stack)
            # Before Vault opens a connection to AWS, which it keeps and which must be watched too.
            self._worker.breaker.faults.watch()
        return self._worker.breaker

    def close(self) -> None:
        for home in self._homes:
            lab_command("down", home)

    def plain(self) -> Plain:
        """Run a cycle in which nothing goes wrong."""
        breaker = self.breaker()
        breaker.faults.watch()
        breaker.stack.up()
        creates, found = breaker.faults.writes(), held(breaker.laboratory)
        _read_credentials(breaker)
        breaker.faults.watch()
        breaker.stack.destroy()
        return Plain(
            creates=_numbered(creates), destroys=_numbered(breaker.faults.writes()), held=found
        )

    def outcome(self, case: Case, plain: Plain) -> Outcome:
        """Run a cycle and say what was not as it should be."""
        breaker = self.breaker()
        try:
            _cycle(breaker, case, plain)
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - reported by the test
            self._worker.breaker = None
            return Outcome(case=case, problem=f"{case}\n{type(error).__name__}: {error}")
        return Outcome(case=case, problem="")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    made = Runner(tmp_path_factory.mktemp("failures"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def plain(runner: Runner) -> Plain:
    return runner.plain()


@pytest.fixture(scope="module")
def outcomes(runner: Runner, plain: Plain) -> list[Outcome]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda case: runner.outcome(case, plain), _cases(plain)))


def test_an_update_and_a_destroy_have_writes_on_both_sides(plain: Plain) -> None:
    for writes in (plain.creates, plain.destroys):
        assert {write.name.partition(".")[0] for write in writes} == {"vault", "iam"}


@pytest.mark.parametrize("kinds", EQUIVALENT, ids=lambda kinds: kinds[0].name)
def test_every_write_meets_every_class_of_failure(
    outcomes: list[Outcome], plain: Plain, kinds: tuple[Kind, ...]
) -> None:
    cases = [outcome.case for outcome in outcomes if outcome.case.kind in kinds]
    assert {case.created for case in cases} == set(plain.creates)
    assert {case.destroyed for case in cases} == set(plain.destroys)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_next_update_and_the_next_destroy_converge(outcomes: list[Outcome], kind: Kind) -> None:
    mine = [outcome for outcome in outcomes if outcome.case.kind == kind]
    assert mine
    problems = [outcome.problem for outcome in mine if outcome.problem]
    assert not problems, "\n\n".join(problems)


def _cases(plain: Plain) -> list[Case]:
    everything = os.environ.get("FAILURES") == "all"
    return [
        case
        for kinds in EQUIVALENT
        for chosen in ([(kind,) for kind in kinds] if everything else [kinds])
        for case in _paired(chosen, plain.creates, plain.destroys)
    ]


def _paired(
    kinds: Sequence[Kind], creates: Sequence[Write], destroys: Sequence[Write]
) -> Iterator[Case]:
    turns = max(len(creates), len(destroys))
    paired = zip(cycle(kinds), cycle(creates), cycle(destroys), strict=False)
    for kind, created, destroyed in islice(paired, turns):
        yield Case(kind=kind, created=created, destroyed=destroyed)


def _cycle(breaker: Breaker, case: Case, plain: Plain) -> None:
    stack, kind = breaker.stack, case.kind
    breaker.run("up", kind, case.created.name, case.created.nth)
    if kind.leaves_unrecorded:
        breaker.recover()
    breaker.faults.watch()
    stack.up()
    stack.expect_no_changes()
    assert held(stack.laboratory) == plain.held
    _read_credentials(breaker)
    breaker.run("destroy", kind, case.destroyed.name, case.destroyed.nth)
    if kind.leaves_unrecorded:
        breaker.recover()
    breaker.faults.watch()
    stack.destroy()
    assert holdings(stack.laboratory) == {}


def _read_credentials(breaker: Breaker) -> None:
    """Prove that the stack works, and give the destroy a lease to revoke."""
    assert breaker.laboratory.vault().read("aws/creds/my-role")["data"]["access_key"]


def _numbered(names: list[str]) -> tuple[Write, ...]:
    return tuple(
        Write(name=name, nth=names[: index + 1].count(name)) for index, name in enumerate(names)
    )
