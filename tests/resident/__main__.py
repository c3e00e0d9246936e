"""A Python with all imports done, which becomes what engine or laboratory run in Python.

The engine starts Python afresh for the program, for its dynamic resources and to list what is
installed, several times a command, a laboratory for three of its servers, and most of that is
imports. Here they are done once: this process forks, and the fork becomes what was asked for, with
its arguments, environment, folder and streams. A fork ends when whoever asked for it ends, and all
end with this process.

Usage: ``python -P -u -m tests.resident KIND DESCRIPTOR``, of a Unix socket that listens already. It
ends when its standard input does.
"""

from __future__ import annotations

import ast
import atexit
import ctypes
import fcntl
import gc
import importlib
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import threading
import time
import warnings
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.resident import ROOMS, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

LIBRARIES: Final = {
    "engine": (
        *("boto3", "dill", "grpc._channel", "grpc._server", "hvac"),
        "pip._internal.cli.main",
        *("pip._internal.commands.list", "pip._internal.metadata.importlib"),
        *("pulumi.dynamic", "pulumi.policy", "pulumi_policy"),
    ),
    "laboratory": (),
}
PATH: Final = [entry for entry in sys.path if entry != str(ROOT)]
"""Where the standard library and what is installed are found."""
_PR_SET_PDEATHSIG: Final = 1
"""See prctl(2)."""

_MOST_STREAMS: Final = 253
"""That one message may carry; see unix(7), SCM_RIGHTS."""

Request = dict[str, Any]


class Rooms:
    """The project's own modules as they were imported here."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        for name in names:
            package = importlib.import_module(name)
            for found in pkgutil.walk_packages(package.__path__, f"{name}."):
                if not found.name.endswith(".__main__"):
                    importlib.import_module(found.name)
        self._files = {
            name: Path(str(module.__file__))
            for name, module in sys.modules.items()
            if name.partition(".")[0] in names
        }
        self._then = self._now()

    def forget_unless_found_in(self, path: list[str]) -> None:
        """Let a program import its own, where they are others or have been changed since."""
        same = all(
            (found := PathFinder.find_spec(name, path))
            and self._files[name] == Path(found.origin or "").resolve()
            for name in self._names
        )
        if not same or self._now() != self._then:
            for name in self._files:
                del sys.modules[name]

    def _now(self) -> list[tuple[int, int] | None]:
        states = [file.stat() if file.exists() else None for file in self._files.values()]
        return [state and (state.st_mtime_ns, state.st_size) for state in states]


def main(kind: str, descriptor: str) -> None:
    """Serve, and in each fork become what was asked for."""
    with warnings.catch_warnings(record=True):  # what authlib says of itself is nobody's here
        for name in LIBRARIES[kind]:
            importlib.import_module(name)
        rooms = Rooms(ROOMS[kind])
    if kind == "engine":
        from tests.resident import beforehand  # noqa: PLC0415 - imports what moto would change

        beforehand.find_out()
        beforehand.leave_out()
    else:
        # Unlike Python's own source of chance, moto's would give each fork the same names and keys.
        mock = importlib.import_module("moto.moto_api._internal")
        os.register_at_fork(after_in_child=mock.mock_random.seed)
    gc.collect()
    gc.freeze()  # what the collector does not visit is not copied
    request = _taken(serve(int(descriptor)))
    try:
        become(request, rooms)
        status: object = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody caught
        sys.excepthook(*sys.exc_info())
        status = 1
    if not isinstance(status, int):
        sys.stderr.write(f"{status}\n")
        status = 1
    # All that the interpreter does at its end but freeing each object, which would first copy it.
    threading._shutdown()  # type: ignore[attr-defined] # what the interpreter itself calls
    atexit._run_exitfuncs()
    os._exit(status % 256)


def serve(listener: int) -> int:
    """Fork for each launcher that asks; return in the fork alone, with the connection to it."""
    server, waiting = os.getpid(), select.epoll()
    waiting.register(sys.stdin.fileno(), select.EPOLLHUP)
    waiting.register(listener, select.EPOLLIN)
    forks: dict[int, tuple[int, int, int]] = {}  # by each of its two descriptors
    with socket.socket(fileno=listener) as asked:
        while True:
            # One at a time: what is accepted may get a number that a second event still means.
            for descriptor, _ in waiting.poll(maxevents=1):
                if descriptor == sys.stdin.fileno():
                    os._exit(0)
                elif descriptor == listener:
                    launcher = asked.accept()[0].detach()
                    if not (pid := os.fork()):
                        _end_with(server)
                        waiting.close()
                        return launcher
                    ended = os.pidfd_open(pid)
                    waiting.register(ended, select.EPOLLIN)
                    waiting.register(launcher, select.EPOLLRDHUP)
                    forks[ended] = forks[launcher] = pid, ended, launcher
                else:
                    pid, ended, launcher = forks[descriptor]
                    if descriptor == launcher:
                        os.kill(pid, signal.SIGKILL)
                    status = os.waitpid(pid, 0)[1]
                    with suppress(ConnectionError):  # whoever asked may be gone
                        os.write(launcher, b"%d\n" % status)
                    for each in (ended, launcher):
                        del forks[each]
                        waiting.unregister(each)  # younger forks may hold it open a little longer
                        os.close(each)


def become(request: Request, rooms: Rooms) -> None:
    """Do what ``python`` does with such arguments in such an environment and folder."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    arguments = list(request["arguments"])
    flags = []
    while arguments[0] in ("-u", "-P"):
        flags.append(arguments.pop(0))
    is_module = arguments[0] == "-m" and bool(arguments.pop(0))
    first = request["folder"] if is_module else str(Path(arguments[0]).parent)
    added = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [*([] if "-P" in flags else [first]), *added, *PATH]
    sys.argv[:] = arguments
    # Pulumi's launcher puts the program's folder in front itself.
    rooms.forget_unless_found_in(sys.path if is_module else [request["folder"], *sys.path])
    if is_module:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(arguments[0], run_name="__main__")


def _taken(launcher: int) -> Request:
    with socket.socket(fileno=launcher) as connection:
        length, streams, _, _ = socket.recv_fds(connection, 8, _MOST_STREAMS)
        with connection.makefile("rb") as sent:
            text = sent.read(int.from_bytes(length, "big"))
        request: Request = ast.literal_eval(text.decode())
        is_ours = request["prefix"] == os.path.realpath(sys.prefix)
        connection.sendall(b"%d\n" % (os.getpid() if is_ours else 0))
    if not is_ours:
        os._exit(0)
    os.setsid()
    numbers: list[int] = request["streams"]
    aside = [fcntl.fcntl(stream, fcntl.F_DUPFD, max(numbers) + 1) for stream in streams]
    for number, stream in zip(numbers, aside, strict=True):
        os.dup2(stream, number)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - Path.iterdir() opens it as well
        if int(name) not in numbers:
            with suppress(OSError):  # that of the listing itself
                os.close(int(name))
    return request


def _end_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
