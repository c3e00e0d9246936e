"""Starting, finding and stopping the laboratory's processes, which outlive whoever starts them.

A process is known by its id together with its start time, so that an id that the system has given
to another program since is never mistaken for ours.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import select
import signal
import socket
import time
from collections import deque
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.home import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lab.home import Home

READY_SECONDS: Final = 30
"""How long a process may take to serve; each needs about one second on an idle machine."""
STOP_SECONDS: Final = 10
"""How long a process may take to end by itself before it is killed."""
_POLL_SECONDS: Final = 0.02
_LOG_LINES: Final = 12
_ENDED: Final = "ended while it was starting"
_STATE, _START_TIME = 0, 19
"""Places in /proc/PID/stat after the command's name (proc_pid_stat(5): fields 3 and 22)."""


class LaboratoryError(Exception):
    """What a person must know to get a laboratory that works."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One server of the laboratory, as it should run."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """All of its environment; nothing is inherited, so that the machine cannot change it."""
    port: int
    ready_path: str
    """Answers 200 at the program's port as soon as it serves."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """One process, as it was started."""

    pid: int
    start_time: int
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def is_as_it_should(self, program: Program) -> bool:
        """Say whether it was started the way ``program`` should run now."""
        wanted = program.command, program.environment
        return (self.command, self.environment) == wanted


@contextmanager
def locked(home: Home, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the laboratory's lock, waiting for another command that holds it."""
    with home.lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another command that starts or stops this laboratory")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def running(home: Home, name: str) -> Running | None:
    """Return the process called ``name``, unless it has ended."""
    try:
        kept = read_json(_record(home, name))
    except FileNotFoundError:
        return None
    process = Running(**{**kept, "command": tuple(kept["command"])})
    return process if _start_time(process.pid) == process.start_time else None


def require_executable(program: Program) -> None:
    """Make sure that ``program`` was built, before anything that runs is stopped for it.

    Raises:
        LaboratoryError: there is no such file, or it is no program.
    """
    if not os.access(program.command[0], os.X_OK):
        raise _unstartable(program, "there is no such program")


def start(home: Home, program: Program) -> Running:
    """Start ``program`` in a session of its own, its output appended to its log.

    Raises:
        LaboratoryError: its port is taken, or there is no such program.
    """
    if not is_free(program.port):
        raise LaboratoryError(
            f"port {program.port}, which {home.ports} remembers for the laboratory's "
            f"{program.name}, is taken by another program "
            f"(`ss -ltnp 'sport = :{program.port}'` names it); end that program, or type "
            f"`python -m lab down`, delete {home.ports} and start again"
        )
    log = log_file(home, program.name)
    log.parent.mkdir(mode=0o700, exist_ok=True)
    output = (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        pid = os.posix_spawn(
            program.command[0],
            program.command,
            program.environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                output,
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
    except OSError as error:
        raise _unstartable(program, str(error)) from error
    start_time = _start_time(pid) or 0  # 0 if it has ended already, which no process started at
    process = Running(
        pid=pid,
        start_time=start_time,
        command=program.command,
        environment=dict(program.environment),
    )
    write_json(_record(home, program.name), asdict(process))
    return process


def await_ready(home: Home, programs: Sequence[Program]) -> None:
    """Return once all of ``programs`` serve.

    Raises:
        LaboratoryError: one ended or did not serve within ``READY_SECONDS``, with its last words.
    """
    deadline = time.monotonic() + READY_SECONDS
    with ExitStack() as open_handles:
        waiting = {}
        for program in programs:
            process = running(home, program.name)
            handle = _handle(process) if process else None
            if handle is None:
                raise _failure(home, program, _ENDED)
            open_handles.callback(os.close, handle)
            waiting[handle] = program
        while waiting:
            first = next(iter(waiting))
            if serves(waiting[first]):
                del waiting[first]
                continue
            if ended := select.select(waiting, [], [], _POLL_SECONDS)[0]:
                raise _failure(home, waiting[ended[0]], _ENDED)
            if time.monotonic() > deadline:
                raise _failure(home, waiting[first], f"did not serve within {READY_SECONDS} s")


def serves(program: Program) -> bool:
    """Tell whether the program answers at its port."""
    try:
        with closing(
            http.client.HTTPConnection("127.0.0.1", program.port, timeout=5)
        ) as connection:
            connection.request("GET", program.ready_path)
            return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False


def stop(home: Home, names: Sequence[str]) -> list[str]:
    """End the processes called ``names`` and return those that were running.

    Asks first and kills after ``STOP_SECONDS``. A process that is not ours is left alone.
    """
    handles = {}
    for name in names:
        process = running(home, name)
        handle = _handle(process) if process else None
        if handle is not None:
            handles[name] = handle
            signal.pidfd_send_signal(handle, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for handle in handles.values():
        if not _ended(handle, max(0, deadline - time.monotonic())):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            _ended(handle, STOP_SECONDS)
        os.close(handle)
    for name in names:
        _record(home, name).unlink(missing_ok=True)
    return list(handles)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def log_file(home: Home, name: str) -> Path:
    """Return the log of the process called ``name``."""
    return home.logs / f"{name}.log"


def _record(home: Home, name: str) -> Path:
    return home.processes / f"{name}.json"


def _start_time(pid: int) -> int | None:
    """Return when a process started, in the kernel's ticks since boot; none if it has ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = status.rpartition(")")[2].split()  # the name before it may hold anything
    return None if fields[_STATE] in "ZX" else int(fields[_START_TIME])


def _handle(process: Running) -> int | None:
    """Return a descriptor that means this process alone, even after its id is used again."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return None
    if _start_time(process.pid) == process.start_time:
        return handle
    os.close(handle)
    return None


def _ended(handle: int, seconds: float) -> bool:
    return bool(select.select([handle], [], [], seconds)[0])


def _unstartable(program: Program, why: str) -> LaboratoryError:
    return LaboratoryError(
        f"{program.command[0]}, the laboratory's {program.name}, does not start: {why}; "
        "`make lab` builds what is missing"
    )


def _failure(home: Home, program: Program, what: str) -> LaboratoryError:
    log = log_file(home, program.name)
    with log.open(encoding="utf-8", errors="replace") as stream:
        last = "".join(f"  {line}" for line in deque(stream, _LOG_LINES)).rstrip()
    return LaboratoryError(
        f"the laboratory's {program.name} {what}; its log, {log}, ends with:\n{last or '  nothing'}"
    )
