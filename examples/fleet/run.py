"""Run every stack of a fleet by Pulumi's Automation API, a few at a time.

``python -m examples.fleet.run up`` (or ``preview``, ``destroy``), in the project's folder. The base
stack is first, and on destroy last. A stack that fails stops no other, and every command may be
repeated: what is done is found done.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pulumi import automation
from pulumi.automation import OpType

from examples.fleet import make, stacks
from examples.fleet.table import BASE, TableError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from pulumi.automation import EngineEvent

    from examples.fleet.table import Fleet

Command = Literal["up", "preview", "destroy"]
Outcome = Literal["done", "failed", "left out"]

AT_ONCE = 2
"""Stacks at a time unless told otherwise. Each keeps about a core busy and takes some 300 MiB."""
_MARKUP = re.compile(r"<\{%.*?%\}>")
_LONGEST_PROBLEM = 4_000
"""Characters of the CLI's own output that are shown of a stack which told no error itself."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one stack."""

    stack: str
    outcome: Outcome
    seconds: float = 0.0
    changes: Mapping[str, int] = field(default_factory=dict)
    """Resources by what was done, or would be done, to them."""
    problem: str = ""
    """Why it failed or was left out, as the engine told it."""

    def line(self) -> str:
        """Return it as a line of progress."""
        changed = {what: many for what, many in self.changes.items() if what != "same"}
        counted = ", ".join(f"{what} {many}" for what, many in sorted(changed.items()))
        if self.outcome == "done":
            told = counted or "no changes"
        else:
            told, _, _ = self.problem.partition("\n")
        return f"{self.stack}: {self.outcome} in {self.seconds:.0f} s, {told}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a fleet."""

    command: Command
    seconds: float
    results: Sequence[Result]

    @property
    def failed(self) -> bool:
        """Whether anything is left to do."""
        return any(result.outcome != "done" for result in self.results)

    @property
    def slowest(self) -> Result:
        """The stack that took longest."""
        return max(self.results, key=lambda result: result.seconds)

    def text(self) -> str:
        """Return the summary, with what to type next where something failed."""
        slowest = self.slowest
        counted = Counter(result.outcome for result in self.results)
        outcomes = ", ".join(f"{many} {outcome}" for outcome, many in counted.items())
        lines = [
            f"{self.command}: {len(self.results)} stacks, {outcomes}",
            f"{self.seconds:.0f} s in all, {slowest.seconds:.0f} s the slowest, {slowest.stack}",
        ]
        for result in self.results:
            if result.outcome == "failed":
                told = result.problem.replace("\n", "\n    ")
                lines.append(f"  {result.stack} failed:\n    {told}")
        if self.failed:
            names = [result.stack for result in self.results if result.outcome != "done"]
            lines.append(
                "mend what is named, then type "
                f"`python -m examples.fleet.run {self.command} --only {' '.join(names)}`, with "
                "the same options; a stack whose run was killed first needs "
                "`vaultaws recover --stack STACK`"
            )
        return "\n".join(lines)


class Project(automation.LocalWorkspace):
    """The project's folder, in which the stack that a person has selected stays selected.

    Every command names its stack, so none is ever selected; several at a time could not be.
    """

    def create_stack(self, stack_name: str) -> None:
        """Make a stack known to the backend."""
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        command = ["stack", "init", stack_name, "--no-select", *provider]
        self.pulumi_command.run(command, self.work_dir, dict(self.env_vars))

    def select_stack(self, stack_name: str) -> None:
        """Do nothing: see the class."""


class Runner:
    """Runs the stacks of one fleet in one project's folder."""

    def __init__(
        self,
        fleet: Fleet,
        folder: Path,
        *,
        at_once: int = AT_ONCE,
        tell: Callable[[str], None] = print,
    ) -> None:
        self.fleet = fleet
        self._folder = folder
        self._at_once = at_once
        self._tell = tell
        self._project = Project(work_dir=str(folder), secrets_provider=fleet.secrets_provider)

    def run(
        self,
        command: Command,
        *,
        only: Sequence[str] = (),
        no_changes: bool = False,
        remove: bool = False,
    ) -> Report:
        """Run a command on every stack, or on some.

        Args:
            command: What to run.
            only: Names of the stacks to run it on; all if empty.
            no_changes: A preview that shows a change has failed.
            remove: After a destroy, remove the empty stack and its file as well.

        Raises:
            TableError: ``only`` names a stack that is not in the table.
        """
        names = list(stacks.stacks(self.fleet))
        if unknown := sorted(set(only) - set(names)):
            raise TableError(
                f"the table has no stack {', '.join(unknown)}; known are {', '.join(names)}"
            )
        stacks.write(self.fleet, self._folder)
        wanted = [name for name in names if not only or name in only]
        base = [name for name in wanted if name == BASE]
        teams = [name for name in wanted if name != BASE]
        began = time.monotonic()
        known = {each.name: each.resource_count or 0 for each in self._project.list_stacks()}
        one = _OneStack(self._project, command, known, no_changes=no_changes, remove=remove)
        groups = [teams, base] if command == "destroy" else [base, teams]
        results: list[Result] = []
        for group in filter(None, groups):
            if reason := self._obstacle(command, results, known):
                results += [
                    Result(stack=name, outcome="left out", problem=reason) for name in group
                ]
                self._tell(f"{len(group)} left out: {reason}")
                continue
            results += self._together(one, group, done=len(results), of=len(wanted))
        return Report(command=command, seconds=time.monotonic() - began, results=results)

    @staticmethod
    def _obstacle(command: Command, before: Sequence[Result], known: Mapping[str, int]) -> str:
        """Say why what comes second cannot be run, if it cannot."""
        if any(result.outcome == "failed" for result in before):
            if command == "destroy":
                return "the base stack stays until every other is gone"
            return "the others build on the base stack, which failed"
        if before and command == "preview" and not known.get(BASE):
            return "the others can be previewed once the base stack is deployed"
        return ""

    def _together(
        self, one: _OneStack, names: Sequence[str], *, done: int, of: int
    ) -> list[Result]:
        """Run some stacks, a few at a time, and tell of each as it ends."""
        results: list[Result] = []
        with ThreadPoolExecutor(max_workers=self._at_once) as pool:
            pending: set[Future[Result]] = {pool.submit(one.run, name) for name in names}
            try:
                while pending:
                    ended, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in ended:
                        results.append(future.result())
                        self._tell(f"[{done + len(results)}/{of}] {results[-1].line()}")
            except KeyboardInterrupt:
                # The engines under way have got the same signal and end by themselves, in order.
                self._tell("interrupted: no further stack is started; those under way are ended")
                pool.shutdown(cancel_futures=True)
                results += [each.result() for each in pending if not each.cancelled()]
        ran = {result.stack for result in results}
        results += [
            Result(stack=name, outcome="left out", problem="interrupted before its turn")
            for name in names
            if name not in ran
        ]
        return sorted(results, key=lambda result: names.index(result.stack))


class _OneStack:
    """Runs one command on any one stack; called by several threads."""

    def __init__(
        self,
        project: Project,
        command: Command,
        known: Mapping[str, int],
        *,
        no_changes: bool,
        remove: bool,
    ) -> None:
        self._project = project
        self._command = command
        self._known = known
        self._no_changes = no_changes
        self._remove = remove

    def run(self, name: str) -> Result:
        """Run it; what goes wrong with this stack is told, not raised."""
        began = time.monotonic()
        errors: list[str] = []

        def note(event: EngineEvent) -> None:
            told = event.diagnostic_event
            if told and told.severity == "error":
                errors.append(_MARKUP.sub("", told.message).strip())

        try:
            changes = self._changes(name, note)
        except automation.CommandError as error:
            problem = "\n".join(errors) or str(error)[-_LONGEST_PROBLEM:]
            seconds = time.monotonic() - began
            return Result(stack=name, outcome="failed", seconds=seconds, problem=problem)
        return Result(stack=name, outcome="done", seconds=time.monotonic() - began, changes=changes)

    def _changes(self, name: str, note: Callable[[EngineEvent], None]) -> Mapping[str, int]:
        if self._command == "destroy" and name not in self._known:
            return {}
        if name not in self._known:
            stack = automation.Stack.create(name, self._project)
        else:
            stack = automation.Stack.select(name, self._project)
        if self._command == "preview":
            seen = stack.preview(on_event=note, expect_no_changes=self._no_changes, color="never")
            return _by_name(seen.change_summary)
        if self._command == "up":
            # Nobody here reads outputs, and least of all secret ones.
            done = stack.up(on_event=note, show_secrets=False, color="never").summary
        else:
            done = stack.destroy(
                on_event=note, show_secrets=False, remove=self._remove, color="never"
            ).summary
        return _by_name(done.resource_changes or {})


def _by_name(changes: Mapping[OpType, int]) -> dict[str, int]:
    return {OpType(what).value: many for what, many in changes.items()}


def main(arguments: list[str] | None = None) -> int:
    """Run a fleet; 1 if a stack failed or was left out, 2 if called wrongly."""
    parser = argparse.ArgumentParser(prog="python -m examples.fleet.run", description=__doc__)
    parser.add_argument("command", choices=["up", "preview", "destroy"])
    parser.add_argument("--table", type=Path, default=make.TABLE)
    parser.add_argument(
        "--at-once", type=int, default=AT_ONCE, metavar="N", help="stacks at a time"
    )
    parser.add_argument("--only", nargs="+", default=(), metavar="STACK")
    parser.add_argument(
        "--expect-no-changes", action="store_true", help="a preview that shows a change has failed"
    )
    given = parser.parse_args(arguments)
    try:
        runner = Runner(read(given.table), Path(), at_once=given.at_once)
        report = runner.run(given.command, only=given.only, no_changes=given.expect_no_changes)
    except TableError as error:
        print(error, file=sys.stderr)
        return 2
    print(report.text())
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
