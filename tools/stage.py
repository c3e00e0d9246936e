"""A stage of the bootstrap: one line that grows on a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_QUIET_INTERVAL_SECONDS = 15  # a log that is read later needs signs of life, not a film


class StageFailedError(Exception):
    """A stage could not finish; the message names the command and its log."""


class Stage:
    """Shows what is being done and how far it is; keeps every command's output in a log.

    A ``quiet`` one keeps the log only: it runs beside another.
    """

    def __init__(self, title: str, log: Path, *, quiet: bool = False) -> None:
        self._title = title
        self._log = log
        self._quiet = quiet
        self._started = time.monotonic()
        self._printed = self._started
        self._live = sys.stdout.isatty()

    def __enter__(self) -> Self:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("")
        self._print("...", end="" if self._live else "\n")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        seconds = time.monotonic() - self._started
        self._print("failed" if kind else f"done in {seconds:.0f} s", end="\n")

    def progress(self, text: str) -> None:
        """Say how far the stage is."""
        now = time.monotonic()
        if self._live:
            self._print(text, end="")
        elif now - self._printed >= _QUIET_INTERVAL_SECONDS:
            self._printed = now
            self._print(text, end="\n")

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run ``command`` with its output in the log; ``on_line`` sees each line as it comes."""
        tail: deque[str] = deque(maxlen=12)
        with (
            self._log.open("a", encoding="utf-8") as log,
            subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            print("$", shlex.join(command), file=log, flush=True)
            for line in process.stdout or ():
                log.write(line)
                tail.append(line.rstrip())
                if on_line:
                    on_line(line.rstrip())
        if process.returncode != 0:
            raise StageFailedError(
                "\n".join(
                    [
                        *(f"    {line}" for line in tail),
                        f"  {self._title} failed with exit code {process.returncode}",
                        f"  command: {shlex.join(command)}",
                        f"  in {cwd}; its whole output: {self._log}",
                        "  what is finished is kept: run the same command again to go on from here",
                    ]
                )
            )

    def _print(self, text: str, *, end: str) -> None:
        if self._quiet:
            return
        start = "\r\033[K" if self._live else ""
        print(f"{start}{self._title:<46} {text}", end=end, flush=True)
