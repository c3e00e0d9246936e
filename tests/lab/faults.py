"""Ways for one write to go wrong while the engine runs, and what has to be true afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lab import processes, switches
from lab.laboratory import programs
from lab.switches import Fault, FaultKind, Switches
from operations.leases.revoke import GONE_USER_SECONDS
from tests.awaiting import eventually
from tests.lab.conftest import start
from tests.lab.stacks import Stack, administrator, holdings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lab.home import Home
    from tests.lab.conftest import Laboratory

PATIENCE_SECONDS = GONE_USER_SECONDS + 60
"""How long a run may take to reach the write that is to go wrong, and to end once it has. A destroy
may have to wait until Vault believes that a user is gone."""
OUTAGE_SECONDS = 6
"""After this a killed server comes back, even if the engine still tries to reach it."""

Victim = Literal["server", "network", "program", "engine"]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way for a write to go wrong."""

    name: str
    fault: FaultKind
    victim: Victim | None = None
    """Who gets the signal while the write is under way; ``server`` is the one it is meant for."""
    signal: signal.Signals = signal.SIGKILL

    @property
    def leaves_unrecorded(self) -> bool:
        """Tell whether the engine may not know what was made."""
        return self.fault == "lose" or self.kills_engine

    @property
    def kills_engine(self) -> bool:
        return (self.victim, self.signal) == ("engine", signal.SIGKILL)


REFUSED = Kind(name="refused", fault="refuse")
SERVER_KILLED = Kind(name="server killed before it acts", fault="hold", victim="server")
NETWORK_KILLED = Kind(name="network killed before the server acts", fault="hold", victim="network")
SERVER_LOST = Kind(name="server killed before it answers", fault="lose", victim="server")
NETWORK_LOST = Kind(name="network killed before the answer", fault="lose", victim="network")
PROGRAM_KILLED = Kind(name="program killed", fault="hold", victim="program")
INTERRUPTED = Kind(name="SIGINT", fault="hold", victim="engine", signal=signal.SIGINT)
TERMINATED = Kind(name="SIGTERM", fault="hold", victim="engine", signal=signal.SIGTERM)
ENGINE_KILLED = Kind(name="engine killed before the server acts", fault="hold", victim="engine")
ENGINE_LOST = Kind(name="engine killed before the answer", fault="lose", victim="engine")


class Faults:
    """The switch of one laboratory by which single writes go wrong."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def set(self, fault: Fault) -> None:
        """Let one write go wrong, and list what is written from now on."""
        self._home.writes.unlink(missing_ok=True)
        self.switch(fault)

    def switch(self, fault: Fault) -> None:
        """End what is held, and go on with another fault."""
        switches.store(self._home, Switches(fault=fault))

    def watch(self) -> None:
        """Let everything pass, and list what is written from now on."""
        self.set(Fault(kind="watch"))

    def writes(self, fate: str = "passed") -> list[str]:
        """Return the listed writes that met the given fate."""
        if not self._home.writes.exists():
            return []
        lines = self._home.writes.read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        return [entry["write"] for entry in entries if entry["fate"] == fate]


class Breaker:
    """Makes single writes of one stack's updates go wrong."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.laboratory = stack.laboratory
        self.faults = Faults(stack.laboratory.home)

    def run(
        self,
        verb: Literal["up", "destroy"],
        kind: Kind,
        write: str = "",
        spared: Iterable[str] = (),
    ) -> str | None:
        """Update or destroy while one write goes wrong; by default the first not spared.

        Afterwards everything that was killed runs again, and nothing more goes wrong.

        Returns:
            The write; none if there was none to go wrong, and all went well.
        """
        self.faults.set(Fault(kind=kind.fault, write=write, spared=tuple(spared)))
        engine = self.stack.spawn(verb, "--yes", "--skip-preview")
        try:
            met = self._met(engine, kind)
            if met is None:
                self.faults.switch(Fault(kind="watch"))
            else:
                self._strike(engine, kind, met)
                self._end(engine, kind)
            return met
        finally:
            _kill(engine)

    def _met(self, engine: subprocess.Popen[str], kind: Kind) -> str | None:
        fate = {"refuse": "refused", "hold": "held", "lose": "answered"}[kind.fault]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            ended = engine.poll() is not None
            if met := self.faults.writes(fate):
                return met[0]
            if ended and engine.returncode == 0:
                return None
            if ended or time.monotonic() > deadline:
                engine.kill()
                printed = engine.communicate(timeout=PATIENCE_SECONDS)[0]
                raise AssertionError(f"it went wrong by itself or has no end:\n{printed}")
            time.sleep(0.02)

    def _strike(self, engine: subprocess.Popen[str], kind: Kind, write: str) -> None:
        if kind.victim in ("server", "network"):
            server = "vault" if write.startswith("vault.") else "aws"
            name = server if kind.victim == "server" else "network"
            victim = processes.running(self.laboratory.home, name)
            assert victim is not None
            os.kill(victim.pid, kind.signal)
            (program,) = (each for each in programs(self.laboratory.home) if each.name == name)
            eventually(f"{name} is gone", lambda: processes.is_free(program.port))
        elif kind.victim == "program":
            for pid in _program(engine.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, kind.signal)
        elif kind.signal == signal.SIGINT:
            os.killpg(engine.pid, kind.signal)  # as a terminal does it
        elif kind.victim == "engine":
            engine.send_signal(kind.signal)

    def _end(self, engine: subprocess.Popen[str], kind: Kind) -> None:
        if kind.kills_engine:
            engine.wait(PATIENCE_SECONDS)  # who waits for the answer may still be there
            return
        self.faults.switch(Fault(kind="watch"))
        if kind.victim in ("server", "network"):
            with suppress(subprocess.TimeoutExpired):  # it may try for longer than a test should
                engine.wait(OUTAGE_SECONDS)
            start(self.laboratory.home.root)
        engine.communicate(timeout=PATIENCE_SECONDS)

    def recover(self) -> subprocess.CompletedProcess[str]:
        """Do what ``make up`` and ``make down`` do first."""
        finished = subprocess.run(
            ["vaultaws", "recover", "--stack", self.stack.name],
            cwd=self.stack.folder,
            env=dict(self.laboratory.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished


def held(laboratory: Laboratory) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return what both clouds hold, down to each document, with accessors made comparable."""
    found, vault, iam = holdings(laboratory), laboratory.vault(), administrator(laboratory)
    mounts, keys = found.get("mounts", {}), found.get("keys", ())
    paths = [
        *(f"{path}roles/{role}" for path, (_, roles) in mounts.items() for role in roles),
        *(f"sys/policies/acl/{policy}" for policy in found.get("policies", ())),
        *(f"identity/oidc/key/{key}" for key in keys),
        *(f"sys/mounts/{path.rstrip('/')}/tune" for path in mounts),
    ]
    found["documents"] = {path: vault.read(path)["data"] for path in sorted(paths)}
    found["tags"] = {
        role: iam.list_role_tags(RoleName=role)["Tags"] for role in found.get("roles", ())
    }
    found["identity providers"] = {
        arn: {key: provider[key] for key in ("Url", "ThumbprintList", "Tags")}
        for arn in found.get("providers", ())
        for provider in [iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)]
    }
    text = json.dumps(found, sort_keys=True, default=sorted)
    for path in mounts:
        accessor = vault.read(f"sys/mounts/{path.rstrip('/')}")["data"]["accessor"]
        text = text.replace(accessor, f"the accessor of {path}")
    return json.loads(text)


def _program(engine: int) -> list[int]:
    """Return the processes of the program; on a destroy, which runs none, of the plugins."""
    children = list(_children(engine))
    program = [
        pid
        for pid in children
        if "pulumi-language-python-exec" in (Path("/proc") / str(pid) / "cmdline").read_text()
    ]
    return program or children


def _children(parent: int) -> Iterator[int]:
    with suppress(FileNotFoundError):  # it has just ended
        for task in (Path("/proc") / str(parent) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _children(int(child))


def _kill(engine: subprocess.Popen[str]) -> None:
    if engine.poll() is None:
        engine.kill()
    engine.communicate(timeout=PATIENCE_SECONDS)
