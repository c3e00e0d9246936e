"""Run one command and write what it took, as JSON: ``measure.py FILE [--sample] -- COMMAND…``.

A program of its own, because it becomes the parent of every process that outlives its own parent:
so the kernel's accounts of all of them end here. It imports nothing of the project.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

_SET_CHILD_SUBREAPER: Final = 36
"""From linux/prctl.h."""
_SAMPLE_SECONDS: Final = 0.02
_STRAGGLER_SECONDS: Final = 10
"""How long processes that the command left behind may take to end; others are not accounted."""
_PARENT, _USER, _SYSTEM, _STARTED = 1, 11, 12, 19
"""Places in /proc/PID/stat after the command's name (proc_pid_stat(5): fields 4, 14, 15, 22)."""
_TICK: Final = 1 / os.sysconf("SC_CLK_TCK")


class _Sampler(threading.Thread):
    """Looks at all processes of the command until told to stop."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self._seen: dict[tuple[str, str], dict[str, Any]] = {}

    def run(self) -> None:
        while not self.over.wait(_SAMPLE_SECONDS):
            self._look()

    def processes(self) -> list[dict[str, Any]]:
        """Return each process seen, with its last command line and its CPU seconds."""
        return list(self._seen.values())

    def _look(self) -> None:
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has ended
            found[folder.name] = (fields, command.rstrip("\0").split("\0"))
        ours = {str(os.getpid())}
        while more := {p for p, (f, _) in found.items() if f[_PARENT] in ours} - ours:
            ours |= more
        for process in ours & set(found) - {str(os.getpid())}:
            fields, words = found[process]
            seen = self._seen.setdefault((process, fields[_STARTED]), {"command": words})
            seen["cpu"] = (int(fields[_USER]) + int(fields[_SYSTEM])) * _TICK
            if any(words):  # what has ended and is not yet waited for has no command line
                seen["command"] = words


def measured(command: list[str], *, sample: bool) -> tuple[int, dict[str, Any]]:
    """Run ``command`` and return its exit status and what it took.

    That is ``wall`` seconds, ``cpu`` seconds of it and all its processes, ``largest`` resident
    set of one process in bytes, and, if sampled, the ``processes`` themselves.
    """
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sampler = _Sampler()
    began = time.monotonic()
    child = subprocess.Popen(command)
    if sample:
        sampler.start()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    usages = [usage, *_stragglers()]
    if sample:
        sampler.over.set()
        sampler.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, {
        "wall": wall,
        "cpu": sum(each.ru_utime + each.ru_stime for each in usages),
        "largest": max(each.ru_maxrss for each in usages) * 1024,
        "processes": sampler.processes(),
    }


def _stragglers() -> list[Any]:
    usages = []
    deadline = time.monotonic() + _STRAGGLER_SECONDS
    while time.monotonic() < deadline:
        try:
            process, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if process:
            usages.append(usage)
        else:
            time.sleep(_SAMPLE_SECONDS)
    return usages


if __name__ == "__main__":
    given, measuring = sys.argv[1 : sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1 :]
    status, took = measured(measuring, sample="--sample" in given)
    Path(given[0]).write_text(json.dumps(took), "utf-8")
    sys.exit(status)
