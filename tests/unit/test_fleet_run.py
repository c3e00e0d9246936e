"""How a fleet is run: the base first and last, a few at a time, one failure stopping no other."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from pulumi.automation import CommandError, EngineEvent
from pulumi.automation._cmd import CommandResult

from examples.fleet import run
from examples.fleet.table import BASE, TableError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Start = Callable[..., tuple[run.Runner, "Engine"]]

SHIPPED = Path(__file__).parents[2] / "examples" / "fleet" / "fleet.yaml"
TEAMS = ["payments-main", "payments-data", "search-main"]


class Engine:
    """Stands for the CLI: knows which stacks there are, fails on those it is told to."""

    def __init__(self, known: Mapping[str, int], failing: Mapping[str, str]) -> None:
        self._known = known
        self._failing = failing
        self.ran: list[str] = []
        self.most_at_once = 0
        self._under_way = 0
        self._lock = threading.Lock()
        self.meet: threading.Barrier | None = None

    def list_stacks(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name=name, resource_count=n) for name, n in self._known.items()]

    def changes(self, name: str, note: Callable[[EngineEvent], None]) -> Mapping[str, int]:
        with self._lock:
            self.ran.append(name)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        if self.meet and name != BASE:
            self.meet.wait(timeout=30)
        with self._lock:
            self._under_way -= 1
        if name in self._failing:
            told = SimpleNamespace(severity="error", message=self._failing[name])
            note(SimpleNamespace(diagnostic_event=told))  # type: ignore[arg-type] # all that is read
            raise CommandError(CommandResult(stdout="", stderr="exit 255", code=255))
        return {"same": 3, "create": 2}


@pytest.fixture
def start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[run.Runner, Engine]]:
    """Return a runner of the shipped table, and the engine it uses."""

    def make(
        known: Mapping[str, int] | None = None,
        failing: Mapping[str, str] | None = None,
        at_once: int = 2,
    ) -> tuple[run.Runner, Engine]:
        engine = Engine(known or {}, failing or {})
        monkeypatch.setattr(run, "Project", lambda **_: engine)
        monkeypatch.setattr(
            run._OneStack, "_changes", lambda _, name, note: engine.changes(name, note)
        )
        runner = run.Runner(read(SHIPPED), tmp_path, at_once=at_once, tell=lambda _: None)
        return runner, engine

    return make


DEPLOYED = dict.fromkeys([BASE, *TEAMS], 10)


def outcomes(report: run.Report) -> dict[str, str]:
    """Return what became of each stack."""
    return {result.stack: result.outcome for result in report.results}


def test_the_base_is_deployed_first_and_destroyed_last(start: Start) -> None:
    runner, engine = start()
    assert not runner.run("up").failed
    assert engine.ran[0] == BASE
    assert sorted(engine.ran[1:]) == sorted(TEAMS)
    runner, engine = start(DEPLOYED)
    assert not runner.run("destroy").failed
    assert engine.ran[-1] == BASE
    assert sorted(engine.ran[:-1]) == sorted(TEAMS)


def test_no_more_run_at_once_than_were_asked_for(start: Start) -> None:
    for at_once in (1, 3):
        runner, engine = start(at_once=at_once)
        engine.meet = threading.Barrier(at_once)
        assert not runner.run("up").failed
        assert engine.most_at_once == at_once


def test_a_stack_that_fails_stops_no_other_and_is_told_with_what_to_type(start: Start) -> None:
    failing = {"payments-data": "<{%reset%}>path is already in use<{%reset%}>\n"}
    runner, _ = start(failing=failing)
    report = runner.run("up")
    assert report.failed
    assert outcomes(report) == {
        BASE: "done",
        "payments-main": "done",
        "payments-data": "failed",
        "search-main": "done",
    }
    told = report.text()
    assert "up: 4 stacks, 3 done, 1 failed" in told
    assert "payments-data failed:\n    path is already in use\n" in told
    assert "python -m examples.fleet.run up --only payments-data" in told


def test_nothing_is_built_on_a_base_that_failed(start: Start) -> None:
    runner, engine = start(failing={BASE: "no"})
    report = runner.run("up")
    assert engine.ran == [BASE]
    assert outcomes(report) == {BASE: "failed"} | dict.fromkeys(TEAMS, "left out")


def test_a_base_that_a_stack_still_needs_is_not_destroyed(start: Start) -> None:
    runner, engine = start(DEPLOYED, {"search-main": "leases are left"})
    report = runner.run("destroy")
    assert sorted(engine.ran) == sorted(TEAMS)
    assert outcomes(report)[BASE] == "left out"
    assert f"destroy --only search-main {BASE}" in report.text()


def test_what_builds_on_the_base_is_previewed_once_that_is_there(start: Start) -> None:
    runner, engine = start()
    report = runner.run("preview")
    assert engine.ran == [BASE]
    assert report.failed
    assert "once the base stack is deployed" in report.results[-1].problem
    runner, engine = start(DEPLOYED)
    assert not runner.run("preview").failed
    assert sorted(engine.ran) == sorted([BASE, *TEAMS])


def test_some_stacks_alone_are_run(start: Start) -> None:
    runner, engine = start(DEPLOYED)
    assert outcomes(runner.run("up", only=["search-main"])) == {"search-main": "done"}
    assert engine.ran == ["search-main"]
    with pytest.raises(TableError, match="the table has no stack search; known are base, pay"):
        runner.run("up", only=["search"])


def test_every_stack_is_told_of_as_it_ends(start: Start) -> None:
    told: list[str] = []
    runner, _ = start()
    runner._tell = told.append
    runner.run("up")
    assert [line.partition("] ")[0] for line in told] == ["[1/4", "[2/4", "[3/4", "[4/4"]
    assert told[0].endswith(" s, create 2")
