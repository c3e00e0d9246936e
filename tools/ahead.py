"""Fetch what programs are built from while others are compiled, one program after the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from tools import go
from tools.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from tools.go import Fetched, GoProgram

_GLANCE_SECONDS = 1
"""How often a stage that waits for a fetch says how far it is."""


class Ahead:
    """One fetch at a time, in the background, in the order in which programs are compiled."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._pool = ThreadPoolExecutor(1)
        self._fetches: dict[str, Future[Fetched]] = {}
        self._module = "modules"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, programs: Iterable[GoProgram], compiler: Path) -> None:
        """Fetch for these programs too, as far as that was not started before."""
        for program in programs:
            if program.name not in self._fetches:
                self._fetches[program.name] = self._pool.submit(self._fetch, program, compiler)

    def fetched(self, program: GoProgram, stage: Stage) -> Fetched:
        """Wait until everything is there for a program that was started.

        Raises:
            StageFailedError: it could not be fetched.
        """
        fetch = self._fetches[program.name]
        while True:
            try:
                return fetch.result(_GLANCE_SECONDS)
            except TimeoutError:
                if fetch.done():
                    raise
                stage.progress(f"fetching {self._module}")

    def _fetch(self, program: GoProgram, compiler: Path) -> Fetched:
        title, log = f"{program.name}, fetching modules", self._logs / f"{program.name}-fetch.log"
        with Stage(title, log, quiet=True) as stage:
            return go.fetch(program, str(compiler), stage, self._note)

    def _note(self, module: str) -> None:
        self._module = module
