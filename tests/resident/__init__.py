"""One Python process with all imports done, for whatever the tests' engines run in Python."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("clients", "components", "federation", "operations", "settings")
"""Rooms of the project that are imported beforehand."""
LAUNCHER = Path(__file__).with_name("sitecustomize.py")


@cache
def environment() -> dict[str, str]:
    """Return the variables that lead to this process's resident, started at the first call.

    There are none with ``FRESH_PYTHON`` set: then the engine starts each Python anew, as users' do.
    """
    if os.environ.get("FRESH_PYTHON"):
        return {}
    folder = TemporaryDirectory(prefix="resident-")  # short, as the path of a socket must be
    place = Path(folder.name)
    (place / LAUNCHER.name).symlink_to(LAUNCHER)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        listener.listen(64)
        resident = subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "tests.resident", str(listener.fileno())],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            pass_fds=[listener.fileno()],
        )

    @atexit.register
    def end() -> None:
        resident.kill()
        resident.wait()
        folder.cleanup()

    return {"PYTHONPATH": str(place)}
