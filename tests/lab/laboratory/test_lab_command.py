"""The laboratory's command: what is started, found again, restarted and stopped.

Vault is a small stand-in here, because these tests are about processes and not about Vault.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab import laboratory
from lab.environment import UNSET, entered, exports
from lab.home import Home, read_json, write_json
from lab.processes import LaboratoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 30
STAND_IN = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

class Told(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

home = Path(sys.argv[sys.argv.index("-home") + 1])
(home / "init.json").write_text(json.dumps({"root_token": "not-a-token", "unseal_key": ""}))
_, port = sys.argv[sys.argv.index("-listen") + 1].split(":")
HTTPServer(("127.0.0.1", int(port)), Told).serve_forever()
"""


class Command:
    """``python -m lab`` for one home, as a person types it."""

    def __init__(self, home: Home, vault: Path) -> None:
        self.home = home
        self._vault = vault

    def __call__(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lab", verb, "--home", str(self.home.root), *arguments],
            cwd=ROOT,
            env={**os.environ, "LAB_VAULT_BINARY": str(self._vault)},
            capture_output=True,
            text=True,
            check=False,
        )

    def succeeds(self, verb: str, *arguments: str) -> str:
        finished = self(verb, *arguments)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    def fails(self, verb: str, *arguments: str) -> str:
        finished = self(verb, *arguments)
        assert finished.returncode == 1, finished.stdout + finished.stderr
        assert "Traceback" not in finished.stderr
        return finished.stderr

    def pids(self) -> dict[str, int]:
        return {path.stem: read_json(path)["pid"] for path in self.home.processes.glob("*.json")}

    def told_to_vault(self) -> dict[str, Any]:
        port = read_json(self.home.ports)["vault"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return executable(tmp_path_factory.mktemp("vault") / "vault", STAND_IN)


@pytest.fixture
def lab(tmp_path: Path, vault: Path) -> Iterator[Command]:
    command = Command(Home(tmp_path / "laboratory"), vault)
    try:
        yield command
    finally:
        command.succeeds("down")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, vault: Path) -> Iterator[Command]:
    """One laboratory for the tests that leave it as they found it."""
    command = Command(Home(tmp_path_factory.mktemp("running")), vault)
    try:
        command.succeeds("up")
        yield command
    finally:
        command.succeeds("down")


def executable(path: Path, code: str) -> Path:
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o700)
    return path


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


def awaited(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def test_up_twice_restarts_nothing_and_down_twice_is_no_error(lab: Command) -> None:
    first = lab.succeeds("up")
    pids = lab.pids()
    assert sorted(pids) == ["aws", "network", "people", "vault"]
    assert all(f"{name}: starts as process {pid}" in first for name, pid in pids.items())

    second = lab.succeeds("up")

    assert lab.pids() == pids
    assert "starts as process" not in second
    assert lab.succeeds("down") == "stopped: network, aws, people, vault\n"
    assert not any(alive(pid) for pid in pids.values())
    assert lab.succeeds("down") == "the laboratory was not running\n"


@pytest.mark.parametrize("name", ["network", "aws", "people", "vault"])
def test_up_restarts_what_died_and_leaves_the_others_alone(lab: Command, name: str) -> None:
    lab.succeeds("up")
    before = lab.pids()
    os.kill(before[name], signal.SIGKILL)
    awaited(lambda: not alive(before[name]))
    assert "not running" in lab.fails("env")

    lab.succeeds("up")

    after = lab.pids()
    assert {other for other in before if before[other] != after[other]} == {name}
    lab.succeeds("env")


def test_two_ups_at_once_make_one_laboratory(lab: Command) -> None:
    with ThreadPoolExecutor(2) as people:
        outputs = list(people.map(lab.succeeds, ["up", "up"]))
    assert sum(output.count("starts as process") for output in outputs) == 4
    assert all(alive(pid) for pid in lab.pids().values())


def test_what_clients_and_state_refer_to_survives_a_restart(lab: Command) -> None:
    def remembered() -> list[bytes]:
        home = lab.home
        files = (
            home.ports,
            home.accounts,
            home.passphrase,
            home.trust_bundle,
            home.aws_credentials,
        )
        with closing(HTTPConnection("127.0.0.1", read_json(home.ports)["people"])) as people:
            people.request("GET", "/jwks", headers={"Host": "people.lab.test"})
            return [*(file.read_bytes() for file in files), people.getresponse().read()]

    lab.succeeds("up")
    before = remembered()
    lab.succeeds("down")
    lab.succeeds("up")
    assert remembered() == before


def test_no_two_laboratories_choose_the_same_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody serves at them yet: the one that is first would be taken for the other."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(laboratory, "_PORTS", range(20_000, 20_020))
    chosen = [laboratory.free_ports(["proxy", "aws"]) for _ in range(4)]
    assert len({port for ports in chosen for port in ports.values()}) == 8


def test_the_home_is_readable_by_its_owner_alone(running: Command) -> None:
    paths = [running.home.root, *running.home.root.rglob("*")]
    assert len(paths) > 20
    # What a link leads to is a tool of the machine, for everybody to run.
    own = [path for path in paths if not path.is_symlink()]
    assert [path for path in own if path.stat().st_mode & 0o077] == []


def test_changing_vault_restarts_vault_alone_and_is_remembered(lab: Command) -> None:
    lab.succeeds("up")
    before = lab.pids()
    assert "-edition ent" in " ".join(lab.told_to_vault()["arguments"])

    lab.succeeds(
        "up", "--vault-edition", "community", "--vault-version", "1.16.0", "--hide-vault-version"
    )

    changed = lab.pids()
    assert {name for name in before if before[name] != changed[name]} == {"vault"}
    told = " ".join(lab.told_to_vault()["arguments"])
    assert "-edition community " in told
    assert "-version 1.16.0 -hide-version" in told
    lab.succeeds("up", "--propagation-delay", "3")
    assert lab.pids() == changed, "neither is forgotten nor is a switch a reason to restart"
    assert read_json(lab.home.switches)["propagation_delay_seconds"] == 3
    lab.succeeds("up", "--no-hide-vault-version")
    assert "-hide-version" not in lab.told_to_vault()["arguments"]
    assert "-edition community" in " ".join(lab.told_to_vault()["arguments"])


def test_processes_inherit_nothing_of_the_persons_environment(
    lab: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "not-a-key")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("SSL_CERT_DIR", "/somewhere")
    lab.succeeds("up")
    environment = lab.told_to_vault()["environment"]
    environment.pop("LC_CTYPE", None)  # the stand-in's own Python may add it
    assert environment == {
        "PATH": "/usr/bin:/bin",
        "HOME": str(lab.home.root),
        "LANG": "C.UTF-8",
        "HTTPS_PROXY": f"http://127.0.0.1:{read_json(lab.home.ports)['proxy']}",
        "SSL_CERT_FILE": str(lab.home.trust_bundle),
    }


def test_a_port_that_another_program_took_is_named(lab: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        write_json(lab.home.ports, {"aws": port})
        message = lab.fails("up")
    assert f"port {port}" in message
    assert "the laboratory's aws, is taken by another program" in message
    assert str(lab.home.ports) in message


def test_a_process_that_fails_is_named_with_its_log_and_last_words(tmp_path: Path) -> None:
    broken = executable(tmp_path / "vault", "raise SystemExit('storage is full')")
    lab = Command(Home(tmp_path / "laboratory"), broken)
    message = lab.fails("up")
    lab.succeeds("down")
    assert "the laboratory's vault ended while it was starting" in message
    assert f"{lab.home.logs}/vault.log" in message
    assert message.endswith("storage is full\n")


def test_a_vault_that_was_not_built_is_named_and_nothing_stopped_for_it(
    lab: Command, tmp_path: Path
) -> None:
    with_vault = lab.succeeds("up")
    message = Command(lab.home, tmp_path / "absent").fails("up")
    assert f"{tmp_path}/absent, the laboratory's vault, does not start" in message
    assert "`make lab` builds what is missing" in message
    assert "vault: starts" in with_vault
    assert alive(lab.pids()["vault"]), "what ran was stopped for what is not there"


def test_a_process_id_that_belongs_to_another_program_by_now_is_left_alone(lab: Command) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        record = {"pid": other.pid, "start_time": 1, "command": ["sleep", "60"]}
        write_json(lab.home.processes / "vault.json", record)
        assert lab.succeeds("down") == "the laboratory was not running\n"
        assert other.poll() is None
        other.kill()


def test_env_puts_a_plain_shell_into_the_laboratory(running: Command) -> None:
    outside = {
        "PATH": "/usr/bin:/bin",
        "AWS_ACCESS_KEY_ID": "not-a-key",
        "VAULT_NAMESPACE": "elsewhere",
        "SSL_CERT_DIR": "/somewhere",
        "EDITOR": "ed",
    }
    script = 'eval "$1"; first=$PATH; eval "$1"; test "$first" = "$PATH"; env'
    printed = running.succeeds("env")
    twice = subprocess.run(
        ["sh", "-euc", script, "sh", printed],
        env=outside,
        capture_output=True,
        text=True,
        check=True,
    )
    inside = dict(line.split("=", 1) for line in twice.stdout.splitlines())
    expected = exports(running.home, outside["PATH"])
    path = expected.pop("PATH").split(os.pathsep)
    found = inside["PATH"].split(os.pathsep)
    assert expected.items() <= inside.items()
    assert inside["EDITOR"] == "ed"
    assert not inside.keys() & set(UNSET)
    ours = [f"{ROOT}/{folder}" for folder in (".venv/bin", ".tools/bin", "bin")]
    assert path == [*ours, "/usr/bin", "/bin"]
    assert found[:3] == ours
    assert len(found) == len(set(found)), "PATH holds a folder twice"
    assert "PULUMI_SKIP_CONFIRMATIONS" not in inside


def test_a_shell_in_the_laboratory_is_its_accounts_administrator(running: Command) -> None:
    asked = subprocess.run(
        ["aws", "sts", "get-caller-identity", "--output", "json"],
        env=entered(running.home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["Account"] == "123456789012"
    assert "sts:GetCallerIdentity" in running.succeeds("decisions")
    assert running.succeeds("decisions", "--refused") == ""


def test_env_of_a_laboratory_that_does_not_run_says_what_to_type(tmp_path: Path) -> None:
    lab = Command(Home(tmp_path), tmp_path / "absent")
    finished = lab("env")
    assert finished.returncode == 1
    assert finished.stdout == "", "a shell must not evaluate half an environment"
    assert finished.stderr == "the laboratory is not running; type `make lab`\n"
    with pytest.raises(LaboratoryError, match="not running"):
        exports(lab.home)


def test_the_engine_finds_a_plugin_for_each_installed_sdk(running: Command) -> None:
    plugins = running.home.pulumi_home / "plugins"
    for name in ("aws", "vault", "command"):
        version = metadata.version(f"pulumi-{name}")
        plugin = plugins / f"resource-{name}-v{version}" / f"pulumi-resource-{name}"
        said = subprocess.run([plugin, "-version"], capture_output=True, text=True, check=True)
        assert said.stdout.strip() == version
    assert len(list(plugins.iterdir())) == 3


def test_status_lists_processes_ports_and_health(running: Command) -> None:
    lines = running.succeeds("status").splitlines()
    ports = read_json(running.home.ports)
    for name, port in (
        ("network", "proxy"),
        *((name, name) for name in ("aws", "people", "vault")),
    ):
        row = next(line for line in lines if line.startswith(name))
        assert re.search(rf"\b{running.pids()[name]}\b +{ports[port]} +serves ", row)


def test_status_shows_what_died(lab: Command) -> None:
    lab.succeeds("up")
    lab.succeeds("down")
    rows = lab.succeeds("status").splitlines()[1:]
    assert len(rows) == 4
    assert all(re.search(r" - +\d+ +down ", row) for row in rows)


def test_decisions_are_readable_followed_and_filtered(tmp_path: Path, vault: Path) -> None:
    lab = Command(Home(tmp_path), vault)
    assert lab.succeeds("decisions") == ""
    lab.home.aws.mkdir()
    allowed, refused = (
        {
            "time": f"2030-01-02T03:04:0{number}.000+00:00",
            "principal": "arn:aws:iam::123456789012:user/app",
            "action": f"iam:{action}",
            "resource": "arn:aws:iam::123456789012:user/*",
            "outcome": outcome,
            "rule": rule,
        }
        for number, (action, outcome, rule) in enumerate(
            [("GetUser", "allowed", "policy self"), ("ListUsers", "refused", "no statement")]
        )
    )
    lab.home.decisions.write_text(json.dumps(allowed) + "\n")
    follow = [sys.executable, "-m", "lab", "decisions", "--home", str(tmp_path), "--follow"]
    with subprocess.Popen(follow, cwd=ROOT, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout
        assert "iam:GetUser" in follower.stdout.readline()
        with lab.home.decisions.open("a") as log:
            log.write(json.dumps(refused) + "\n")
        assert "refused  iam:ListUsers" in "".join(follower.stdout.readline() for _ in range(4))
        follower.kill()
    assert lab.succeeds("decisions", "--refused") == (
        "03:04:01.000+00:00  refused  iam:ListUsers\n"
        "    by arn:aws:iam::123456789012:user/app\n"
        "    on arn:aws:iam::123456789012:user/*\n"
        "    no statement\n"
    )


def test_switches_are_set_shown_reset_and_checked(tmp_path: Path, vault: Path) -> None:
    lab = Command(Home(tmp_path), vault)
    shown = lab.succeeds(
        "switch",
        "clock_offset_seconds=3600",
        "unreachable=vault.lab.test,STS.amazonaws.com",
        "presented_chain=vault.lab.test:leaf-only",
    )
    assert shown == lab.succeeds("switch")
    assert read_json(lab.home.switches) == {
        "clock_offset_seconds": 3600,
        "vault_clock_offset_seconds": 0,
        "propagation_delay_seconds": 0,
        "key_delay_seconds": 0,
        "trail_delay_seconds": 0,
        "vault_standby_lag_seconds": 0,
        "vault_replication": "",
        "service_control_policy": None,
        "presented_chain": {"vault.lab.test": "leaf-only"},
        "unreachable": ["vault.lab.test", "sts.amazonaws.com"],
        "fault": None,
    }
    lab.succeeds("switch", "unreachable=", "presented_chain=")
    assert read_json(lab.home.switches)["unreachable"] == []
    assert read_json(lab.home.switches)["presented_chain"] == {}
    assert "unknown switch weather" in lab.fails("switch", "weather=rain")
    assert "leaf-only, with-root" in lab.fails("switch", "presented_chain=vault.lab.test:none")
    assert "holds no JSON" in lab.fails("switch", "service_control_policy=nowhere.json")
    assert "number of seconds" in lab.fails("switch", "clock_offset_seconds=soon")
    assert "NAME=VALUE" in lab.fails("switch", "unreachable")
    assert read_json(lab.home.switches)["clock_offset_seconds"] == 3600, "refused means unchanged"
