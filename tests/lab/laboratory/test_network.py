"""The network as clients meet it that nobody here wrote: over TLS, through the CONNECT proxy."""

from __future__ import annotations

import collections
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import boto3
import pytest
import requests
from botocore.config import Config
from cryptography.x509 import DNSName, SubjectAlternativeName
from OpenSSL import SSL

from lab.home import Home, write_json
from lab.switches import Switches, store
from tests import resident

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cryptography.x509 import Certificate
    from mypy_boto3_sts import STSClient

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_SECONDS = 30
VAULT = "https://vault.lab.test"
LARGE = bytes(range(256)) * (5 * 2**20 // 256)
CALLER_IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)


class Backend(socketserver.ThreadingTCPServer):
    """A plain server on loopback; ``conversation`` speaks with each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.calls: collections.Counter[str] = collections.Counter()
        self.connections: set[Any] = set()
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Web(BaseHTTPRequestHandler):
    """Keeps connections alive, counts what it is asked, sends back what it is sent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Backend

    def do_GET(self) -> None:
        self._count()
        if self.path == "/slow":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"first")
            assert self.server.released.wait(DEADLINE_SECONDS)
            self.wfile.write(b"later")
        elif self.path == "/waiting":
            assert self.server.released.wait(DEADLINE_SECONDS)
            self._answer(b"at last")
        else:
            self._answer(self.path.encode())

    def do_POST(self) -> None:
        self._count()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        identity = body.startswith(b"Action=GetCallerIdentity")
        self._answer(CALLER_IDENTITY if identity else body)

    def _count(self) -> None:
        self.server.calls[self.headers.get("amz-sdk-invocation-id", self.path)] += 1
        self.server.connections.add(self.client_address)

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@dataclass
class World:
    """The network with a backend for AWS and one for Vault."""

    home: Home
    port: int
    vault: Backend
    aws: Backend
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home.root / "network.log").read_text("utf-8")

    def start(self) -> None:
        with (self.home.root / "network.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lab.network", "--home", str(self.home.root)],
                cwd=ROOT,
                env={"PATH": "/usr/bin:/bin", **resident.environment()},
                stdout=log,
                stderr=log,
            )
        awaited(self._ready)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            with session() as client:
                return client.get(f"{self.proxy}/_lab/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    @contextmanager
    def client(self) -> Iterator[requests.Session]:
        with session() as client:
            client.proxies = {"https": self.proxy, "http": self.proxy}
            client.verify = str(self.home.trust_bundle)
            yield client

    def sts(self, max_pool_connections: int = 1) -> STSClient:
        return boto3.client(
            "sts",
            region_name="us-east-1",
            aws_access_key_id="not-a-key",
            aws_secret_access_key="not-a-secret",
            verify=str(self.home.trust_bundle),
            config=Config(proxies={"https": self.proxy}, max_pool_connections=max_pool_connections),
        )

    def connect(self, target: str) -> tuple[str, socket.socket]:
        """Send CONNECT as it stands; return the status line and the connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS)
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = connection.recv(1)
            assert byte, "the proxy closed before it had answered"
            head += byte
        return head.split(b"\r\n", 1)[0].decode(), connection

    def tls(self, host: str) -> ssl.SSLSocket:
        _, connection = self.connect(f"{host}:443")
        trust = ssl.create_default_context(cafile=str(self.home.trust_bundle))
        return trust.wrap_socket(connection, server_hostname=host, suppress_ragged_eofs=False)

    def presented(self, host: str) -> list[Certificate]:
        """Return the certificates a server sends, as they come and unjudged."""
        _, connection = self.connect(f"{host}:443")
        with closing(connection):
            connection.settimeout(None)
            channel = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), connection)
            channel.set_tlsext_host_name(host.encode())
            channel.set_connect_state()
            channel.do_handshake()
            chain = channel.get_peer_cert_chain() or []
            return [certificate.to_cryptography() for certificate in chain]


def session() -> requests.Session:
    client = requests.Session()
    client.trust_env = False  # the machine's own proxies and certificates are not under test
    return client


def awaited(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


def names(certificate: Certificate) -> list[str]:
    extension = certificate.extensions.get_extension_for_class(SubjectAlternativeName)
    return extension.value.get_values_for_type(DNSName)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def world_of(folder: Path, handler: type[socketserver.BaseRequestHandler] = Web) -> Iterator[World]:
    with Backend(handler) as vault, Backend(handler) as aws:
        world = World(Home(folder), free_port(), vault, aws)
        ports = {"proxy": world.port, "vault": vault.port, "aws": aws.port}
        write_json(world.home.ports, ports)
        world.start()
        try:
            yield world
        finally:
            world.process.kill()
            world.process.wait()
            vault.shutdown()
            aws.shutdown()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of(tmp_path) as running:
        yield running


def test_stock_clients_reach_every_host_under_its_own_name(world: World) -> None:
    with world.client() as client:
        assert client.get(f"{VAULT}/v1/sys/health").text == "/v1/sys/health"
    assert world.sts().get_caller_identity()["Account"] == "123456789012"
    curl = ["curl", "--silent", "--show-error", "--proxy", world.proxy]
    answer = subprocess.run(
        [*curl, "--cacert", str(world.home.trust_bundle), f"{VAULT}/from/curl"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "/from/curl"
    assert world.vault.calls.keys() == {"/v1/sys/health", "/from/curl"}
    assert sum(world.aws.calls.values()) == 1


def test_a_client_that_does_not_trust_the_laboratory_is_told_so(world: World) -> None:
    with world.client() as client, pytest.raises(requests.exceptions.SSLError):
        client.get(VAULT, verify=True)
    awaited(lambda: "vault.lab.test: the client ended the TLS handshake" in world.log)


def test_leaf_and_intermediate_are_presented_and_stay_the_same_over_a_restart(
    world: World,
) -> None:
    before = world.presented("vault.lab.test")
    bundle = world.home.trust_bundle.read_bytes()
    assert world.stop() == 0
    world.start()

    leaf, intermediate = world.presented("vault.lab.test")

    assert [leaf, intermediate] == before
    assert leaf.issuer == intermediate.subject
    assert intermediate.issuer != intermediate.subject, "the root is never sent"
    assert world.home.trust_bundle.read_bytes() == bundle
    with world.client() as client:
        assert client.get(VAULT).ok


def test_certificates_and_keys_are_readable_by_their_owner_alone(world: World) -> None:
    world.presented("vault.lab.test")
    files = [path for path in world.home.authority.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {"authority.json", "root.pem", "vault.lab.test.json"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.parametrize(
    ("chain", "certificates", "trusted"),
    [("leaf-only", 1, False), ("with-root", 3, True), ("other-authority", 2, False)],
)
def test_a_host_presents_the_chain_that_is_switched_on(
    world: World, chain: str, certificates: int, *, trusted: bool
) -> None:
    plain = world.presented("vault.lab.test")
    store(world.home, Switches(presented_chain={"vault.lab.test": chain}))

    switched = world.presented("vault.lab.test")

    assert len(switched) == certificates
    assert (switched[0] == plain[0]) == (chain != "other-authority")
    assert names(switched[0]) == names(plain[0]) == ["vault.lab.test"]
    assert (switched[-1].issuer == switched[-1].subject) == (chain == "with-root")
    assert world.presented("sts.amazonaws.com")[1] == plain[1], "other hosts stay as they were"
    with world.client() as client:
        if trusted:
            assert client.get(VAULT).ok
        else:
            with pytest.raises(requests.exceptions.SSLError):
                client.get(VAULT)
    store(world.home, Switches())
    assert world.presented("vault.lab.test") == plain


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("iam.amazonaws.com:443", 200),
        ("STS.amazonaws.com.:443", 200),
        ("sts.eu-central-1.amazonaws.com:443", 200),
        ("ec2.us-east-1.amazonaws.com:443", 200),
        ("sts-fips.us-east-1.amazonaws.com:443", 200),
        ("sts.us-east-1.api.aws:443", 200),
        ("iam.us-gov.amazonaws.com:443", 200),
        ("iam.cn-north-1.amazonaws.com.cn:443", 200),
        ("sts.us-iso-east-1.c2s.ic.gov:443", 200),
        ("vault.lab.test:443", 200),
        ("people.lab.test:443", 403),
        ("s3.amazonaws.com:443", 200),
        ("laboratory-main.s3.us-east-1.amazonaws.com:443", 200),
        ("lambda.us-east-1.amazonaws.com:443", 200),
        ("nosuchservice.us-east-1.amazonaws.com:443", 403),
        ("evil.iam.amazonaws.com:443", 403),
        ("iam.amazonaws.com.example.com:443", 403),
        ("evil-iam.amazonaws.com:443", 403),
        ("example.org:443", 403),
        ("127.0.0.1:443", 403),
        ("vault.lab.test:8200", 403),
        ("vault.lab.test", 400),
        ("[::1]:443", 400),
    ],
)
def test_only_the_laboratorys_own_hosts_are_there(world: World, target: str, status: int) -> None:
    line, connection = world.connect(target)
    connection.close()
    assert line.split(" ", 2)[1] == str(status)
    assert ("refused: " in world.log) == (status != 200)


def test_a_refused_host_is_named_to_the_client_and_in_the_log(world: World) -> None:
    with world.client() as client:
        with pytest.raises(requests.exceptions.ProxyError, match=r"no host example\.com"):
            client.get("https://example.com/private?path")
        answer = client.get("http://example.com/")
    assert "the laboratory has no host example.com" in world.log
    assert "private" not in world.log
    assert (answer.status_code, answer.headers["Allow"]) == (405, "CONNECT")
    assert "HTTPS alone" in answer.text


def test_a_host_switched_off_is_gone_for_open_connections_too(world: World) -> None:
    with world.client() as client:
        assert client.get(VAULT).ok
        store(world.home, Switches(unreachable=("vault.lab.test",)))
        with pytest.raises(requests.exceptions.ConnectionError):
            client.get(VAULT)
        with pytest.raises(
            requests.exceptions.ProxyError, match=r"vault\.lab\.test is switched off"
        ):
            client.get(VAULT)
        assert world.vault.calls["/"] == 1
        assert world.sts().get_caller_identity()["Account"] == "123456789012"
        store(world.home, Switches())
        assert client.get(VAULT).ok


def test_a_backend_that_is_down_is_named_and_reached_again_once_it_is_up(world: World) -> None:
    world.vault.shutdown()
    world.vault.server_close()
    with world.client() as client:
        with pytest.raises(requests.exceptions.ProxyError, match="laboratory's vault does not"):
            client.get(VAULT)
        with socketserver.ThreadingTCPServer(
            ("127.0.0.1", world.vault.port), Web, bind_and_activate=False
        ) as again:
            again.daemon_threads = again.allow_reuse_address = True
            again.calls, again.connections = collections.Counter(), set()  # type: ignore[attr-defined] # what Web counts into
            again.server_bind()
            again.server_activate()
            threading.Thread(target=again.serve_forever, args=[0.01], daemon=True).start()
            assert client.get(VAULT).ok
            again.shutdown()


def test_eight_threads_lose_and_repeat_nothing(world: World) -> None:
    sts = world.sts(max_pool_connections=8)
    sts.get_caller_identity()  # threads that make boto3's pool at the same time make several

    def calls(_: int) -> int:
        answers = [sts.get_caller_identity() for _ in range(120)]
        return sum(answer["ResponseMetadata"]["RetryAttempts"] for answer in answers)

    with ThreadPoolExecutor(8) as threads:
        retries = sum(threads.map(calls, range(8)))

    assert retries == 0
    assert len(world.aws.calls) == 8 * 120 + 1
    assert set(world.aws.calls.values()) == {1}, "a request came twice"
    assert len(world.aws.connections) <= 8, "connections were not kept"
    sts.close()


def test_large_bodies_pass_whole_in_both_directions(world: World) -> None:
    with world.client() as client:
        for _ in range(3):
            assert client.post(VAULT, data=LARGE).content == LARGE
    assert len(world.vault.connections) == 1


def test_an_answer_arrives_piece_by_piece_as_the_backend_gives_it(world: World) -> None:
    with world.client() as client, client.get(f"{VAULT}/slow", stream=True) as answer:
        assert answer.raw.read(5) == b"first"
        world.vault.released.set()
        assert answer.raw.read() == b"later"


def test_an_answer_under_way_arrives_although_the_network_is_told_to_stop(world: World) -> None:
    with world.client() as client, ThreadPoolExecutor(1) as threads:
        answer = threads.submit(client.get, f"{VAULT}/waiting")
        awaited(lambda: world.vault.calls["/waiting"] == 1)
        world.process.send_signal(signal.SIGTERM)
        awaited(lambda: not listens(world.port))
        world.vault.released.set()
        assert answer.result(DEADLINE_SECONDS).text == "at last"
    assert world.process.wait(DEADLINE_SECONDS) == 0
    assert "Traceback" not in world.log


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class AfterTheEnd(socketserver.BaseRequestHandler):
    """Answers only once the client has sent its last byte, and ends the answer by closing."""

    def handle(self) -> None:
        received = b""
        while data := self.request.recv(65536):
            received += data
        self.request.sendall(received + LARGE)


@pytest.mark.parametrize("goodbye", ["close_notify", "FIN alone"])
def test_a_client_that_has_sent_its_last_byte_still_gets_its_answer(
    tmp_path: Path, goodbye: str
) -> None:
    with world_of(tmp_path, AfterTheEnd) as world:
        _, connection = world.connect("vault.lab.test:443")
        with closing(connection):
            connection.settimeout(None)
            channel = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), connection)
            channel.set_connect_state()
            channel.sendall(b"question")
            if goodbye == "close_notify":
                channel.shutdown()
            else:
                connection.shutdown(socket.SHUT_WR)
            assert read_to_the_end(channel) == b"question" + LARGE


def read_to_the_end(channel: SSL.Connection) -> bytes:
    received = bytearray()
    while True:
        try:
            received += channel.recv(65536)
        except SSL.ZeroReturnError:
            return bytes(received)


class Breaking(socketserver.BaseRequestHandler):
    """Resets the connection in the middle of an answer."""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of")
        assert isinstance(self.server, Backend)
        assert self.server.released.wait(DEADLINE_SECONDS)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()

    ends: ClassVar = ssl.SSLEOFError, ConnectionResetError


def test_an_answer_that_broke_off_does_not_look_like_a_whole_one(tmp_path: Path) -> None:
    with world_of(tmp_path, Breaking) as world, world.tls("vault.lab.test") as channel:
        channel.sendall(b"GET / HTTP/1.1\r\n\r\n")
        received = b""
        while not received.endswith(b"half of"):
            received += channel.recv(65536)
        world.vault.released.set()
        with pytest.raises(Breaking.ends):
            channel.recv(65536)
