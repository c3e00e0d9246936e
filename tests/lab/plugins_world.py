"""What the tests of the stand-in plugins run in: a small Vault and the real Pulumi engine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "false-token"

_CONSTANT: Final[dict[str, dict[str, Any]]] = {
    "auth/token/create": {"auth": {"client_token": TOKEN}},
    "auth/token/lookup-self": {"data": {"policies": ["root"]}},
}

Body = dict[str, Any]
Answer = tuple[int, Body]


@dataclass
class FakeVault:
    """Keeps what is written under each path, as the plugins' calls see Vault; counts requests."""

    version: str = "1.21.0+ent"
    stored: dict[str, Body] = field(default_factory=dict)
    requests: list[tuple[str, str, Body]] = field(default_factory=list)
    refused: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """Answers to give instead, by method and path."""

    def refuse(self, method: str, path: str, status: int = 400) -> None:
        """Answer one kind of request with an error until ``refused`` is cleared."""
        self.refused[method, path] = status, {"errors": [f"told to refuse {path}"]}

    def changes(self) -> list[tuple[str, str]]:
        """Return method and path of every request that changes something, oldest first."""
        return [(method, path) for method, path, _ in self.requests if method != "GET"]

    def answer(self, method: str, path: str, body: Body) -> Answer:
        """Answer one request."""
        self.requests.append((method, path, body))
        if (method, path) in self.refused:
            return self.refused[method, path]
        if path == "sys/seal-status":
            return 200, {"version": self.version}
        if path in _CONSTANT:
            return 200, _CONSTANT[path]
        if path.startswith("sys/remount"):
            return self._move(body)
        if path.startswith(("sys/mounts/", "sys/auth/")):
            return self._mounts(method, path, body)
        return self._plain(method, path, body)

    def _move(self, body: Body) -> Answer:
        if not body:
            return 200, {"data": {"migration_info": {"status": "success"}}}
        source, target = body["from"], body["to"]
        moved = (f"{source}/", f"mount:{source}")
        for path in [path for path in self.stored if path.startswith(moved)]:
            self.stored[path.replace(source, target, 1)] = self.stored.pop(path)
        return 200, {"data": {"migration_id": "a-move"}}

    def _mounts(self, method: str, path: str, body: Body) -> Answer:
        name = path.removeprefix("sys/mounts/").replace("sys/auth/", "auth/")
        key = f"mount:{name.removesuffix('/tune')}"
        mount = self.stored.get(key)
        if method == "POST" and name.endswith("/tune"):
            config = {k: int(v[:-1]) for k, v in body.items() if k.endswith("_ttl")}
            self.stored[key] = {**(mount or {}), **body, "config": config}
            return 204, {}
        if method == "POST":
            if mount:
                return 400, {"errors": [f"path is already in use at {name}/"]}
            accessor = f"{body['type']}_{len(self.requests):08x}"
            self.stored[key] = {**body, "accessor": accessor, "config": {}}
            return 204, {}
        if method == "DELETE":
            for stored in [p for p in self.stored if p == key or p.startswith(f"{name}/")]:
                del self.stored[stored]
            return 204, {}
        if mount is None:
            return 400, {"errors": [f"No secret engine mount at {name}/"]}
        return 200, {"data": mount}

    def _plain(self, method: str, path: str, body: Body) -> Answer:
        if method == "PUT":
            self.stored[path] = {**self.stored.get(path, {}), **body}
            return 204, {}
        mount, roles, _ = path.partition("/roles/")
        if roles and f"mount:{mount}" not in self.stored:
            return 404, {"errors": [f"no handler for route {path}"]}
        if method == "DELETE":
            self.stored.pop(path, None)
            return 204, {}
        if path not in self.stored:
            return 404, {"errors": []}
        return 200, {"data": self.stored[path]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vault: FakeVault

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}") or {}
        status, answer = self.vault.answer(self.command, self.path.removeprefix("/v1/"), body)
        payload = json.dumps(answer).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815 - the names http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing: the requests are kept."""


class VaultServer:
    """Serves a ``FakeVault`` on loopback for as long as it is entered."""

    def __init__(self) -> None:
        self.vault = FakeVault()
        handler = type("Handler", (_Handler,), {"vault": self.vault})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True)
class Project:
    """A Pulumi program of its own, run by the real engine with the stand-in plugins."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def program(self, *lines: str) -> None:
        """Let the program consist of ``lines``, after the imports they need."""
        text = "\n".join(lines)
        packages = [name for name in ("aws", "command", "vault") if f"{name}." in text]
        imports = ["import pulumi", *(f"import pulumi_{name} as {name}" for name in packages)]
        (self.folder / "__main__.py").write_text("\n".join((*imports, text)), "utf-8")

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI and return everything it printed; a test fails when it ends otherwise."""
        finished = subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color=never"],
            cwd=self.folder,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if (finished.returncode != 0) != fails:
            pytest.fail(f"pulumi {' '.join(arguments)}: {finished.returncode}\n{finished.stdout}")
        return finished.stdout

    def up(self, *arguments: str, fails: bool = False) -> str:
        """Deploy."""
        return self.pulumi("up", "--yes", "--skip-preview", *arguments, fails=fails)

    def refresh(self) -> str:
        """Bring the state to what is there."""
        return self.pulumi("refresh", "--yes", "--skip-preview")

    def steps(self) -> dict[str, list[str]]:
        """Return the operations a preview plans, by the name of the resource."""
        planned: dict[str, list[str]] = {}
        for step in json.loads(self.pulumi("preview", "--json"))["steps"]:
            name = step["urn"].rsplit("::", 1)[-1]
            if step["op"] != "same":
                planned.setdefault(name, []).append(step["op"])
        return planned

    def state(self) -> str:
        """Return the state as the backend keeps it."""
        stacks = self.folder.parent / "state" / ".pulumi" / "stacks"
        return (stacks / self.folder.name / "test.json").read_text("utf-8")

    def resource(self, name: str) -> Body:
        """Return what the state says about one resource."""
        latest = json.loads(self.state())["checkpoint"]["latest"]
        for found in latest.get("resources", []):
            if found["urn"].endswith(f"::{name}"):
                return dict(found)
        return {}


def _install(pulumi_home: Path, name: str) -> None:
    """Put a stand-in where the engine looks for the plugin that the installed SDK asks for."""
    folder = pulumi_home / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
    folder.mkdir(parents=True)
    launcher = folder / f"pulumi-resource-{name}"
    python = shlex.quote(str(ROOT / ".venv" / "bin" / "python"))
    launcher.write_text(
        f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))}\nexport PYTHONPATH\n"
        f'exec {python} -P -u -m lab.plugins.{name} "$@"\n',
        "utf-8",
    )
    launcher.chmod(0o700)


def new_project(folder: Path, address: str) -> Project:
    """Make a project with a stack, a backend and a ``PULUMI_HOME`` of its own."""
    search = [str(ROOT / ".venv" / "bin"), os.environ["PATH"], str(ROOT / ".tools" / "bin")]
    path = os.pathsep.join(search)
    if shutil.which("pulumi", path=path) is None:
        pytest.fail("no pulumi on PATH or in .tools/bin; type `make tools`")
    state, project = folder / "state", folder / "project"
    for name in ("aws", "vault", "command"):
        _install(folder / "home", name)
    state.mkdir()
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: project\nruntime: python\n", "utf-8")
    environment = {
        "HOME": str(folder),
        "PATH": path,
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "false",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "VAULT_ADDR": address,
        "VAULT_TOKEN": TOKEN,
    }
    made = Project(project, environment)
    made.pulumi("stack", "init", "test")
    return made
