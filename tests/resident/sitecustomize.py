"""Hands what the engine runs in Python to the resident whose socket lies beside this file.

Python imports this at each start where its folder is in PYTHONPATH. What the resident does not
take, this process does itself, as if nothing were here.
"""

from __future__ import annotations

import os
import sys

_SCRIPT = "pulumi-language-python-exec"
_MODULES = (
    ["pulumi.dynamic"],
    ["pulumi.policy"],
    ["pip", "list"],
    ["operations.leases"],
    ["operations", "recover"],  # no other command of people: those are about terminals, too
)


def _is_taken(arguments: list[str]) -> bool:
    what = [each for each in arguments if each not in ("-u", "-P")]
    if what[:1] == ["-m"]:
        return any(what[1 : 1 + len(module)] == module for module in _MODULES)
    return what != [] and what[0].endswith(f"/{_SCRIPT}")


def _is_inherited(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:  # that of the listing itself
        return False


def _hand_over(place: str) -> None:
    import json  # noqa: PLC0415 - most processes need none of these
    import signal  # noqa: PLC0415 - as above
    import socket  # noqa: PLC0415 - as above

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
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as resident:
        try:
            resident.connect(place)
        except OSError:
            return
        socket.send_fds(resident, [len(text).to_bytes(8, "big")], streams)
        resident.sendall(text)
        answers = resident.makefile("r", encoding="ascii")
        pid = int(answers.readline() or 0)
        if not pid:
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda given, _: os.kill(pid, given))
        # Without an answer the resident was killed, and what ran there with it.
        status = int(answers.readline() or signal.SIGKILL)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) != signal.SIGKILL:
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


if _is_taken(sys.orig_argv[1:]):
    _hand_over(f"{os.path.dirname(__file__)}/socket")  # noqa: PTH120 - as above
