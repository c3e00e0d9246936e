"""What the tests' resident Python does for the engine is what a fresh Python does."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import resident
from tests.awaiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = resident.ROOT
TELL = """
import json, os, sys, settings
print(json.dumps({
    "arguments": sys.argv, "folder": os.getcwd(), "path": sys.path, "name": __name__,
    "mine": os.environ.get("MINE"), "settings": settings.__file__, "input": sys.stdin.read(),
    "writes": sys.dont_write_bytecode, "process": os.getpid(),
}))
print("heard", file=sys.stderr)
"""
PLAIN = {"PATH": os.environ["PATH"], "MINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}


class Script:
    """A script in a folder of its own, called as Pulumi's launcher is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "pulumi-language-python-exec"

    def run(
        self, code: str, added: Mapping[str, str], python: str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        self._file.write_text(code, "utf-8")
        return subprocess.run(
            [python, "-u", self._file, "--one", "two words"],
            cwd=self._folder,
            env={**PLAIN, **added},
            input="said",
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, code: str) -> subprocess.Popen[bytes]:
        """Run code that writes a file called ``there`` and goes on."""
        self._file.write_text(
            f"import os, pathlib\n{code}\npathlib.Path('there').write_text(str(os.getpid()))\n"
            "while True:\n    import signal; signal.pause()",
            "utf-8",
        )
        process = subprocess.Popen(
            [sys.executable, "-u", self._file],
            cwd=self._folder,
            env={**PLAIN, **resident.environment()},
            stderr=subprocess.PIPE,
        )
        there = self._folder / "there"
        eventually("the script runs", lambda: there.exists() and there.read_text())
        return process

    def pid(self) -> int:
        return int((self._folder / "there").read_text("utf-8"))


@pytest.fixture
def script(tmp_path: Path) -> Script:
    for room in resident.ROOMS["engine"]:
        (tmp_path / room).symlink_to(ROOT / room)
    return Script(tmp_path)


def test_arguments_environment_folder_and_streams_are_those_of_who_asked(script: Script) -> None:
    fresh, served = script.run(TELL, {}), script.run(TELL, resident.environment())
    assert (served.returncode, served.stderr) == (fresh.returncode, fresh.stderr) == (0, "heard\n")
    told, expected = json.loads(served.stdout), json.loads(fresh.stdout)
    place = resident.environment()["PYTHONPATH"]
    assert told.pop("path") == [expected["path"][0], place, *expected.pop("path")[1:]]
    assert told.pop("settings") == str(ROOT / "settings/__init__.py")
    assert Path(expected.pop("settings")).resolve() == ROOT / "settings/__init__.py"
    assert told.pop("process") != expected.pop("process")
    assert told == expected


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(7)",
        "import sys; sys.exit('no')",
        "import sys; sys.exit()",
        "raise SystemExit(-1)",
        "import atexit; atexit.register(print, 'last'); print('first', end='')",
        "import threading, time; threading.Timer(0.1, print, ['thread']).start()",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os; os._exit(9)",
    ],
)
def test_it_ends_as_a_fresh_one_does(script: Script, code: str) -> None:
    fresh, served = script.run(code, {}), script.run(code, resident.environment())
    assert (served.returncode, served.stdout, served.stderr) == (
        fresh.returncode,
        fresh.stdout,
        fresh.stderr,
    )


def test_a_stream_that_a_shell_hands_over_is_there(script: Script, tmp_path: Path) -> None:
    """``<(...)`` is a path below /dev/fd, where only whoever was given that descriptor finds it."""
    script.run("import pathlib, sys; print(pathlib.Path(sys.argv[1]).read_text())", {})
    shown = subprocess.run(
        ["bash", "-euc", f"{sys.executable} -u {tmp_path}/pulumi-language-python-exec <(echo it)"],
        env={**PLAIN, **resident.environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "it\n\n"


def test_what_nobody_caught_is_told(script: Script) -> None:
    served = script.run("{}['nothing']", resident.environment())
    assert served.returncode == 1
    assert served.stderr.endswith("KeyError: 'nothing'\n")


def test_a_program_with_modules_of_its_own_gets_these(script: Script, tmp_path: Path) -> None:
    (tmp_path / "settings").unlink()
    (tmp_path / "settings.py").write_text("", "utf-8")
    served = script.run(f"import sys; sys.path.insert(0, '')\n{TELL}", resident.environment())
    assert json.loads(served.stdout)["settings"] == str(tmp_path / "settings.py")


def test_another_environment_of_packages_is_not_served(script: Script) -> None:
    other = script.run(
        "import sys; print(sys.prefix)", resident.environment(), f"{sys.base_prefix}/bin/python3"
    )
    assert other.stdout == f"{sys.base_prefix}\n"


def test_without_a_resident_python_does_it_itself(script: Script, tmp_path: Path) -> None:
    (tmp_path / "launcher").mkdir()
    (tmp_path / "launcher" / "sitecustomize.py").symlink_to(resident.LAUNCHER)
    alone = script.run("print('alone')", {"PYTHONPATH": str(tmp_path / "launcher")})
    assert (alone.returncode, alone.stdout) == (0, "alone\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_whoever_asked(script: Script, number: signal.Signals) -> None:
    asked = script.start("")
    ended = os.pidfd_open(script.pid())
    asked.send_signal(number)
    assert asked.wait(30) == -number
    eventually("the fork ends", lambda: _has_ended(ended))
    os.close(ended)
    _, told = asked.communicate()
    assert told == b""


def test_a_thread_that_asked_first_may_end(tmp_path: Path) -> None:
    (tmp_path / "pulumi-language-python-exec").write_text(
        "import sys; print('tests.resident' in sys.modules)", "utf-8"
    )
    code = f"""
import subprocess, sys, threading
from tests import resident
def ask():
    asked = [sys.executable, "{tmp_path}/pulumi-language-python-exec"]
    subprocess.run(asked, env=resident.environment(), check=True)
first = threading.Thread(target=ask)
first.start()
first.join()
ask()
"""
    served = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=PLAIN,
        capture_output=True,
        text=True,
        check=True,
    )
    assert served.stdout == "True\nTrue\n"


def test_an_interrupt_reaches_it(script: Script) -> None:
    asked = script.start("import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(3))")
    asked.send_signal(signal.SIGINT)
    asked.communicate(timeout=30)
    assert asked.returncode == 3


def _has_ended(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
