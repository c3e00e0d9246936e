"""Locks, processes and files of engines that were killed, told from those of living ones."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from operations.recovery import dead_engine
from operations.recovery.dead_engine import Lock, Orphan

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITTEN = (
    '{"pid":4711,"username":"me","hostname":"here","timestamp":"2026-01-02T03:04:05.678901234Z"}'
)
BACKEND = "file:///somewhere"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like a plugin of an engine at port 1, where nobody listens."""
    with _servant(tmp_path, BACKEND, "127.0.0.1:1") as servant:
        yield servant


def test_a_lock_is_read_as_the_engine_writes_it(tmp_path: Path) -> None:
    file = tmp_path / ".pulumi/locks/organization/project/dev/1.json"
    file.parent.mkdir(parents=True)
    file.write_text(WRITTEN, "utf-8")
    (file.parent.parent / "other").mkdir()
    (file.parent.parent / "other" / "2.json").write_text(WRITTEN, "utf-8")
    taken_at = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
    expected = Lock(file=file, pid=4711, host="here", taken_at=taken_at)
    assert dead_engine.locks(f"file://{tmp_path}", "project", "dev") == [expected]


def test_a_backend_that_is_no_folder_has_no_locks_to_read() -> None:
    assert dead_engine.locks("s3://bucket", "project", "dev") == []
    assert dead_engine.drop_torn_attributes("s3://bucket", "project", "dev") == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1, "hostname": "h", "timestamp": 5}'])
def test_a_file_that_is_no_lock_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"^/x/1\.json is not a lock that the Pulumi engine wrote"):
        dead_engine.parse_lock(Path("/x/1.json"), text)


def test_the_lock_of_a_living_process_is_alive() -> None:
    assert not _lock(os.getpid()).is_dead()


def test_the_lock_of_a_process_that_ended_is_dead() -> None:
    assert _lock(_ended()).is_dead()


def test_the_lock_of_a_process_that_ended_unburied_is_dead() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert _lock(process.pid).is_dead()
    process.wait()


def test_a_process_that_got_the_id_later_does_not_hold_the_lock() -> None:
    assert _lock(os.getpid(), datetime.now(UTC) - timedelta(days=3650)).is_dead()


def test_a_process_of_another_machine_counts_as_alive() -> None:
    assert not _lock(_ended(), host="another").is_dead()


@pytest.mark.parametrize("name", ["pulumi-resource-probe", "pulumi.dynamic", "pulumi.policy"])
def test_a_servant_whose_engine_is_gone_is_an_orphan_and_can_be_ended(
    name: str, tmp_path: Path
) -> None:
    with _servant(tmp_path, BACKEND, "127.0.0.1:1", name) as servant:
        found = dead_engine.orphans(tmp_path, BACKEND)
        assert [orphan.pid for orphan in found] == [servant.pid]
        assert found[0].command.endswith(f"{name} 127.0.0.1:1")
        dead_engine.end(found)
        assert servant.wait(10) == -signal.SIGTERM
        assert dead_engine.orphans(tmp_path, BACKEND) == []


@pytest.mark.usefixtures("sleeper")
def test_a_plugin_of_another_folder_or_backend_is_none_of_ours(tmp_path: Path) -> None:
    assert dead_engine.orphans(tmp_path.parent, BACKEND) == []
    assert dead_engine.orphans(tmp_path, f"{BACKEND}/else") == []


def test_a_plugin_whose_engine_listens_is_no_orphan(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as engine:
        address = f"127.0.0.1:{engine.getsockname()[1]}"
        with _servant(tmp_path, BACKEND, address):
            assert dead_engine.orphans(tmp_path, BACKEND) == []


STARTS_A_GUARD = """
import subprocess, sys
from pathlib import Path
waits = "import signal; print(flush=True); signal.pause()"
guard = [sys.executable, "-c", waits, "operations.leases", "aws", "my-role"]
child = subprocess.Popen(guard, stdout=subprocess.PIPE)
child.stdout.readline()
Path("guard").write_text(str(child.pid))
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("engine", ["listens", "is gone", "is gone with its plugin"])
def test_a_lease_guard_that_no_engine_waits_for_is_an_orphan(tmp_path: Path, engine: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1] if engine == "listens" else 1
        with _servant(tmp_path, BACKEND, f"127.0.0.1:{port}", code=STARTS_A_GUARD) as plugin:
            guard = os.pidfd_open(int((tmp_path / "guard").read_text("utf-8")))
            try:
                if engine == "is gone with its plugin":
                    plugin.kill()
                    plugin.wait()
                dead_engine.end(dead_engine.orphans(tmp_path, BACKEND))
                has_ended = bool(select.select([guard], [], [], 0)[0])
                assert has_ended == (engine != "listens")
            finally:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(guard, signal.SIGKILL)
                os.close(guard)


def test_a_process_that_was_given_the_id_of_an_orphan_is_left_alone(
    sleeper: subprocess.Popen[bytes],
) -> None:
    dead_engine.end([Orphan(pid=sleeper.pid, command="pulumi-resource-aws 127.0.0.1:1")])
    dead_engine.end([Orphan(pid=_ended(), command="pulumi-resource-aws 127.0.0.1:1")])
    assert sleeper.poll() is None


def test_only_torn_attributes_of_the_stack_are_removed(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / "project"
    stacks.mkdir(parents=True)
    for name, text in {
        "dev.json": "",
        "dev.json.attrs": "",
        "dev.json.bak.attrs": json.dumps({"md5": ""}),
        "other.json.attrs": "",
    }.items():
        (stacks / name).write_text(text, "utf-8")
    torn = dead_engine.drop_torn_attributes(f"file://{tmp_path}", "project", "dev")
    assert torn == [stacks / "dev.json.attrs"]
    assert {file.name for file in stacks.iterdir()} == {
        "dev.json",
        "dev.json.bak.attrs",
        "other.json.attrs",
    }


def _lock(pid: int, taken_at: datetime | None = None, host: str | None = None) -> Lock:
    return Lock(
        file=Path("/x/1.json"),
        pid=pid,
        host=host or socket.gethostname(),
        taken_at=taken_at or datetime.now(UTC),
    )


def _ended() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@contextmanager
def _servant(
    folder: Path,
    backend: str,
    engine: str,
    name: str = "pulumi-resource-probe",
    code: str = "import sys; print(flush=True); sys.stdin.read()",
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, name, engine],
        cwd=folder,
        env={"PULUMI_BACKEND_URL": backend},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
