"""What an engine that was killed leaves on this machine: its lock, its processes, torn files."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

END_SECONDS = 5.0
"""How long a process may take to end by itself before it is killed."""

_START_SLACK_SECONDS = 2.0
"""A lock is written after its engine started; clock and kernel ticks may differ by this much."""
_STATE, _PARENT, _START_TIME = 0, 1, 19
"""Places in /proc/PID/stat after the command's name (proc_pid_stat(5): fields 3, 4 and 22)."""
_PROCESSES = Path("/proc")
_EVER = 0.0
"""When a process started that one may not look at: before any lock."""
_ADDRESS = re.compile(r"127\.0\.0\.1:([0-9]{1,5})")
_SERVANTS = ("pulumi-language-", "pulumi-resource-", "pulumi.dynamic", "pulumi.policy", "plugins")
"""Parts of the command lines of language hosts, plugins and guardrails."""
_GUARD = "operations.leases"
"""Part of the command lines of a lease guard at work, which a plugin starts; it names no engine."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Who changes a stack, as the engine writes it into its file backend."""

    file: Path
    pid: int
    host: str
    taken_at: datetime

    def is_dead(self) -> bool:
        """Tell whether the process that took the lock ran on this machine and has ended.

        A process of another machine counts as alive: nothing here can know. A process that
        started after the lock was taken has been given the id of the one that took it.
        """
        if self.host != socket.gethostname():
            return False
        started = _started_at(self.pid)
        return started is None or started > self.taken_at.timestamp() + _START_SLACK_SECONDS


@dataclass(frozen=True, kw_only=True)
class Orphan:
    """A language host, a plugin, guardrails or a lease guard whose engine is gone."""

    pid: int
    command: str


def locks(backend_url: str, project: str, stack: str) -> list[Lock]:
    """Return the locks of a stack; backends that are not folders keep none that could be read."""
    folder = _folder(backend_url)
    if folder is None:
        return []
    files = sorted((folder / "locks" / "organization" / project / stack).glob("*.json"))
    return [parse_lock(file, file.read_text("utf-8")) for file in files]


def drop_torn_attributes(backend_url: str, project: str, stack: str) -> list[Path]:
    """Remove the attribute files of a stack that a killed engine wrote in part; return them.

    The backend writes every file whole or not at all, except for the attributes beside it, which
    nothing needs; torn, they make the stack unreadable ("failed to load checkpoint: EOF").
    """
    folder = _folder(backend_url)
    if folder is None:
        return []
    torn = [
        file
        for pattern in (
            f"stacks/{project}/{stack}.json*.attrs",
            f"history/{project}/{stack}/*.attrs",
            f"locks/organization/{project}/{stack}/*.attrs",
        )
        for file in sorted(folder.glob(pattern))
        if not _is_json(file)
    ]
    for file in torn:
        file.unlink()
    return torn


def _folder(backend_url: str) -> Path | None:
    """Return where a file backend keeps everything; none for any other backend."""
    url = urlsplit(backend_url)
    if url.scheme != "file":
        return None
    return Path(url.netloc + url.path).expanduser() / ".pulumi"


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_bytes())
    except ValueError:
        return False
    return True


def parse_lock(file: Path, text: str) -> Lock:
    """Read one lock file.

    Raises:
        ValueError: it is not one that the engine wrote, with its path.
    """
    try:
        held = json.loads(text)
        # The engine writes nanoseconds, of which Python keeps six digits.
        taken_at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", held["timestamp"]))
        return Lock(file=file, pid=int(held["pid"]), host=held["hostname"], taken_at=taken_at)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is not a lock that the Pulumi engine wrote: {error}") from error


def orphans(project: Path, backend_url: str) -> list[Orphan]:
    """Return the servants of dead engines of one project folder and one backend.

    A servant is known by its command line, which names the address of its engine; nobody listens
    there any more. It works in the project's folder and was started with the same backend. A lease
    guard that no servant of a living engine started would revoke what the next update lets in.
    """
    return [
        Orphan(pid=pid, command=" ".join(arguments))
        for pid, arguments in _processes()
        if _serves(pid, project, backend_url)
        and (
            (_is_servant(arguments) and _engine_is_gone(arguments))
            or (any(_GUARD in argument for argument in arguments) and not _is_wanted(pid))
        )
    ]


def end(found: Sequence[Orphan]) -> None:
    """End processes, and return once they have: asked first, killed after ``END_SECONDS``."""
    handles = [handle for orphan in found if (handle := _handle(orphan)) is not None]
    for handle in handles:
        _signal(handle, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    for handle in handles:
        if not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
            _signal(handle, signal.SIGKILL)
            select.select([handle], [], [], END_SECONDS)
        os.close(handle)


def _handle(orphan: Orphan) -> int | None:
    """Return a handle that no other process can be given; none if the orphan has ended."""
    try:
        handle = os.pidfd_open(orphan.pid)
    except ProcessLookupError:
        return None
    if " ".join(_command_line(orphan.pid)) == orphan.command:
        return handle
    os.close(handle)
    return None


def _signal(handle: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, number)


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in _PROCESSES.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name), _command_line(int(entry.name))


def _command_line(pid: int) -> list[str]:
    """Return a process's arguments; empty if it has ended or is not ours to look at."""
    try:
        line = (_PROCESSES / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return line.decode("utf-8", "replace").rstrip("\0").split("\0")


def _serves(pid: int, project: Path, backend_url: str) -> bool:
    process = _PROCESSES / str(pid)
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
        folder = (process / "cwd").readlink()
    except OSError:  # it has ended, or is not ours to look at
        return False
    return folder == project and f"PULUMI_BACKEND_URL={backend_url}".encode() in environment


def _is_servant(arguments: Sequence[str]) -> bool:
    return any(part in argument for part in _SERVANTS for argument in arguments)


def _is_wanted(guard: int) -> bool:
    """Tell whether an engine that is there waits for what a servant of it has started."""
    pid = guard
    while pid := _parent(pid):
        arguments = _command_line(pid)
        if _is_servant(arguments):
            return not _engine_is_gone(arguments)
    return False


def _engine_is_gone(arguments: Sequence[str]) -> bool:
    ports = [int(found[1]) for part in arguments if (found := _ADDRESS.fullmatch(part))]
    return bool(ports) and not any(_listens(port) for port in ports)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _started_at(pid: int) -> float | None:
    """Return when a process started, in seconds since the epoch; none if it has ended."""
    fields = _status(pid)
    if not fields:
        return _EVER if _is_hidden(pid) else None
    if fields[_STATE] in ("Z", "X"):  # ended, but not yet buried by its parent
        return None
    kernel = (_PROCESSES / "stat").read_text("utf-8")
    booted = int(re.search(r"^btime (\d+)$", kernel, re.MULTILINE)[1])  # type: ignore[index] # Linux always has it
    return booted + int(fields[_START_TIME]) / os.sysconf("SC_CLK_TCK")


def _parent(pid: int) -> int:
    """Return who started a process, or who took it over; 0 if nobody can be seen."""
    fields = _status(pid)
    return int(fields[_PARENT]) if fields else 0


def _status(pid: int) -> list[str]:
    """Return what the kernel says of a process; nothing if it has ended, or is hidden."""
    try:
        status = (_PROCESSES / str(pid) / "stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return status.rpartition(")")[2].split()


def _is_hidden(pid: int) -> bool:
    """Tell whether a process exists that /proc does not show (its mount option ``hidepid``)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
