"""One Python process that has everything imported, for all that the tests' engines run in Python."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = Path(__file__).with_name("sitecustomize.py")


@cache
def environment() -> dict[str, str]:
    """Return the variables that lead to this process's resident, started at the first call."""
    folder = TemporaryDirectory(prefix="resident-")  # short, as the path of a socket must be
    place = Path(folder.name)
    (place / LAUNCHER.name).symlink_to(LAUNCHER)
    reads, writes = os.pipe()
    resident = subprocess.Popen(
        [sys.executable, "-P", "-u", "-m", "tests.resident", str(place / "socket")],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdout=writes,
    )
    os.close(writes)
    with open(reads, "rb") as told:
        assert told.read() == b"serves\n"

    @atexit.register
    def end() -> None:
        resident.kill()
        resident.wait()
        folder.cleanup()

    return {"PYTHONPATH": str(place)}
