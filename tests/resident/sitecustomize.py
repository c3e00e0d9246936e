"""Hands what engine and laboratory run in Python to the residents beside this file.

Python imports this at each start where its folder is in PYTHONPATH. What a resident does not
take, this process does itself, as if nothing were here.
"""

from __future__ import annotations

import os
import sys

_SCRIPT = "pulumi-language-python-exec"
_MODULES = {
    "engine": (
        ["pulumi.dynamic"],
        ["pulumi.policy"],
        ["pip", "list"],
        ["operations.leases"],
        ["operations", "recover"],  # no other command of people: those are about terminals, too
    ),
    "laboratory": (
        *(["lab.aws"], ["lab.network"], ["lab.people"]),
        *(["lab", "up"], ["lab", "down"]),
    ),
}
"""By resident, see ``tests.resident``."""


def _server(arguments: list[str]) -> str | None:
    what = [each for each in arguments if each not in ("-u", "-P")]
    if what[:1] == ["-m"]:
        for name, modules in _MODULES.items():
            if any(what[1 : 1 + len(module)] == module for module in modules):
                return name
        return None
    return "engine" if what and what[0].endswith(f"/{_SCRIPT}") else None


def _is_inherited(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # that of the listing itself
        return False


def _hand_over(place: str) -> None:
    # Neither `signal` nor `socket` nor `json`: what they import takes as long as all else here.
    import _signal  # type: ignore[import-not-found] # noqa: PLC0415 - as above
    import _socket  # noqa: PLC0415 - as above

    # Beside the three, what a shell hands over by number, as <(...) does.
    streams = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 - as below
    streams = [each for each in streams if _is_inherited(each)]
    request = {
        "prefix": os.path.realpath(sys.prefix),
        "arguments": sys.orig_argv[1:],
        "folder": os.getcwd(),  # noqa: PTH109 - pathlib is slow to import
        "environment": dict(os.environ),
        "streams": streams,
    }
    text = ascii(request).encode()
    rights = b"".join(each.to_bytes(4, sys.byteorder) for each in streams)
    resident = _socket.socket(_socket.AF_UNIX)
    try:
        resident.connect(place)
    except OSError:
        resident.close()
        return
    resident.sendmsg(
        [len(text).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)]
    )
    resident.sendall(text)
    with open(resident.detach(), encoding="ascii") as answers:  # noqa: PTH123 - as above
        pid = int(answers.readline() or 0)
        if not pid:
            return
        for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
            _signal.signal(number, lambda given, _: os.kill(pid, given))
        # Without an answer the resident was killed, and what ran there with it.
        status = int(answers.readline() or _signal.SIGKILL)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != _signal.SIGKILL:
            _signal.signal(os.WTERMSIG(status), _signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


if _name := _server(sys.orig_argv[1:]):
    _hand_over(f"{os.path.dirname(__file__)}/{_name}")  # noqa: PTH120 - as above
