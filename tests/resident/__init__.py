"""Two Python processes with all imports done, for what the tests' engines and laboratories run."""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "engine": ("clients", "components", "federation", "operations", "settings"),
    "laboratory": ("lab",),
}
"""Rooms of the project that each resident has imported. The laboratory's moto changes boto3, so it
has one of its own."""
_STARTING = Lock()
LAUNCHER = Path(__file__).with_name("sitecustomize.py")


def environment() -> dict[str, str]:
    """Return the variables that lead to this process's residents, started at the first call.

    There are none with ``FRESH_PYTHON`` set: then the engine starts each Python anew, as users' do.
    """
    with _STARTING:
        return _environment()


@cache
def _environment() -> dict[str, str]:
    if os.environ.get("FRESH_PYTHON"):
        return {}
    folder = TemporaryDirectory(prefix="resident-")  # short, as the path of a socket must be
    place = Path(folder.name)
    (place / LAUNCHER.name).symlink_to(LAUNCHER)
    residents = [_started(kind, place) for kind in ROOMS]

    @atexit.register
    def end() -> None:
        for resident in residents:
            resident.kill()
            resident.wait()
        folder.cleanup()

    return {"PYTHONPATH": str(place), "LAB_PYTHONPATH": str(place)}


def _started(kind: str, place: Path) -> subprocess.Popen[bytes]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / kind))
        listener.listen(64)
        return subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", "tests.resident", kind, str(listener.fileno())],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,  # by which it ends with this process, whichever thread asked
        )
