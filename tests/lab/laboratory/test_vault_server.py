"""The laboratory's Vault alone: what it keeps, what it reports, and what its tokens say."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ISSUER = "https://vault.lab.test/v1/identity/oidc/plugins"
CONFIGURATION = "identity/oidc/plugins/.well-known/openid-configuration"
KEYS = "identity/oidc/plugins/.well-known/keys"
FEDERATION = {
    "identity_token_audience": "sts.test",
    "role_arn": "arn:aws:iam::123456789012:role/vault",
}


@dataclass(frozen=True)
class VaultServer:
    """A running Vault of the laboratory, spoken to as its root user."""

    url: str
    home: Path
    session: requests.Session = field(repr=False)

    @property
    def root_token(self) -> str:
        token = json.loads((self.home / "init.json").read_text("utf-8"))["root_token"]
        assert isinstance(token, str)
        return token

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        return self.session.request(
            method,
            f"{self.url}/v1/{path}",
            json=body,
            headers={"X-Vault-Token": self.root_token},
            timeout=30,
        )

    def write(self, path: str, **body: object) -> None:
        answer = self.call("POST", path, body)
        assert answer.ok, answer.text

    def read(self, path: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        answer = self.call("GET", path)
        assert answer.ok, answer.text
        return answer.json()

    def published(self) -> dict[str, jwt.PyJWK]:
        return {key["kid"]: jwt.PyJWK(key) for key in self.read(KEYS)["keys"]}


def binary() -> Path:
    built = Path(__file__).resolve().parents[3] / ".tools" / "bin" / "lab-vault"
    path = Path(os.environ.get("LAB_VAULT_BINARY") or built)
    if not path.is_file():
        pytest.fail(f"{path} is missing: `make lab` builds it, LAB_VAULT_BINARY names another")
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(port, int)
    return port


def command(home: Path, port: int, *flags: str) -> list[str]:
    where = ["-home", str(home), "-listen", f"127.0.0.1:{port}"]
    return [str(binary()), *where, "-api-addr", "https://vault.lab.test", *flags]


@contextmanager
def running(home: Path, *flags: str, env: Mapping[str, str] | None = None) -> Iterator[VaultServer]:
    """Run Vault on a free port until the block ends, then stop it as `make lab-down` does."""
    port = free_port()
    log = home.with_suffix(".log")
    with (
        log.open("ab") as stream,
        subprocess.Popen(
            command(home, port, *flags), env=dict(env or {}), stderr=stream
        ) as process,
        requests.Session() as session,
    ):
        session.trust_env = False  # nothing of this machine's proxies and CAs
        server = VaultServer(f"http://127.0.0.1:{port}", home, session)
        try:
            await_ready(server, process, log)
            yield server
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0, log.read_text("utf-8")


def await_ready(server: VaultServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = server.session.get(f"{server.url}/v1/sys/health", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.02)
        else:
            assert answer.status_code == 200, answer.text
            return
    pytest.fail(f"Vault did not become ready:\n{log.read_text('utf-8')}")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[VaultServer]:
    with running(tmp_path / "vault") as server:
        yield server


class Eavesdropper(BaseHTTPRequestHandler):
    """A proxy that plays every TLS host, writes requests down and refuses them as AWS would."""

    certificates: ClassVar[trustme.CA]
    connected: ClassVar[list[str]]
    forms: ClassVar[list[dict[str, list[str]]]]
    server: ThreadingHTTPServer
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        self.connected.append(self.path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificates.issue_cert(self.path.partition(":")[0]).configure_cert(context)
        self.send_response(200)
        self.end_headers()
        with context.wrap_socket(self.connection, server_side=True) as tunnel:
            type(self)(tunnel, self.client_address, self.server)
        self.close_connection = True

    def do_POST(self) -> None:
        self.forms.append(
            parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode("ascii"))
        )
        refusal = b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
        self.send_response(403)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(refusal)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(refusal)

    def do_GET(self) -> None:
        self.connected.append(self.path)
        self.send_error(403)

    do_PUT = do_GET  # noqa: N815 - the base class dispatches by this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep the test's output quiet: what was asked is in the lists."""


@pytest.fixture
def eavesdropper(tmp_path: Path) -> Iterator[tuple[type[Eavesdropper], dict[str, str]]]:
    """Yield the proxy and the environment that sends everything a process asks through it."""

    class Heard(Eavesdropper):
        certificates = trustme.CA()
        connected: ClassVar[list[str]] = []
        forms: ClassVar[list[dict[str, list[str]]]] = []

    trust = tmp_path / "trust.pem"
    Heard.certificates.cert_pem.write_to_path(str(trust))
    with ThreadingHTTPServer(("127.0.0.1", 0), Heard) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        address = f"http://127.0.0.1:{proxy.server_address[1]}"
        yield Heard, {"HTTPS_PROXY": address, "HTTP_PROXY": address, "SSL_CERT_FILE": str(trust)}
        proxy.shutdown()
        thread.join()


def test_a_restart_keeps_root_token_tokens_mounts_accessors_and_keys(tmp_path: Path) -> None:
    home = tmp_path / "vault"
    with running(home) as first:
        first.write("sys/mounts/aws", type="aws")
        first.write("aws/config/root", **FEDERATION)
        child = first.call("POST", "auth/token/create", {"ttl": "1h"}).json()["auth"][
            "client_token"
        ]
        initialised = (home / "init.json").read_bytes()
        accessor = first.read("sys/mounts/aws")["data"]["accessor"]
        keys = set(first.published())

    with running(home) as second:
        assert (home / "init.json").read_bytes() == initialised
        assert second.read("sys/mounts/aws")["data"]["accessor"] == accessor
        assert set(second.published()) == keys
        kept = second.read("aws/config/root")["data"]
        assert kept["identity_token_audience"] == FEDERATION["identity_token_audience"]
        assert second.call("POST", "auth/token/lookup", {"token": child}).status_code == 200


def test_only_the_owner_reads_the_home(vault: VaultServer) -> None:
    assert (vault.home / "init.json").stat().st_mode & 0o777 == 0o600
    assert vault.home.stat().st_mode & 0o077 == 0


def test_no_log_line_tells_the_root_token_or_the_unseal_key(vault: VaultServer) -> None:
    log = vault.home.with_suffix(".log").read_text("utf-8")
    assert "vault is unsealed" in log
    secrets = json.loads((vault.home / "init.json").read_text("utf-8"))
    assert not [name for name, secret in secrets.items() if secret in log]


@pytest.mark.parametrize(
    ("flags", "reported"),
    [
        ([], "1.21.0+ent"),
        (["-edition", "community"], "1.21.0"),
        (["-version", "1.15.6"], "1.15.6+ent"),
    ],
)
def test_it_reports_the_version_it_is_told_to_be(
    tmp_path: Path, flags: list[str], reported: str
) -> None:
    with running(tmp_path / "vault", *flags) as server:
        assert server.read("sys/seal-status")["version"] == reported


def test_a_hidden_version_is_told_nowhere(tmp_path: Path) -> None:
    with running(tmp_path / "vault", "-hide-version") as server:
        assert server.call("GET", "sys/seal-status").status_code == 403
        assert server.read("sys/health")["version"] == ""


def test_the_community_edition_refuses_an_audience_in_vaults_own_words(tmp_path: Path) -> None:
    with running(tmp_path / "vault", "-edition", "community") as server:
        server.write("sys/mounts/aws", type="aws")

        answer = server.call("POST", "aws/config/root", FEDERATION)

        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error == (
            "failed to generate plugin identity token: "
            "plugin workload identity not supported in Vault community edition"
        )


def test_the_community_edition_has_no_plugin_issuer(tmp_path: Path) -> None:
    with running(tmp_path / "vault", "-edition", "community") as server:
        for document in (CONFIGURATION, KEYS):
            answer = server.call("GET", document)
            assert answer.status_code == 400
            assert answer.json()["errors"] == ['invalid child issuer "plugins"']


def test_the_discovery_document_is_raw_public_and_complete(vault: VaultServer) -> None:
    answer = vault.session.get(f"{vault.url}/v1/{CONFIGURATION}", timeout=30)

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "max-age=3600"
    assert answer.json() == {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/.well-known/keys",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [
            *("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA")
        ],
    }


def test_a_configured_issuer_replaces_the_api_address(vault: VaultServer) -> None:
    vault.write("identity/oidc/config", issuer="https://elsewhere.lab.test:8443")

    document = vault.read(CONFIGURATION)

    issuer = "https://elsewhere.lab.test:8443/v1/identity/oidc/plugins"
    assert document["issuer"] == issuer
    assert document["jwks_uri"] == f"{issuer}/.well-known/keys"


def test_the_keys_document_has_public_keys_alone(vault: VaultServer) -> None:
    vault.write("sys/mounts/aws", type="aws")

    answer = vault.session.get(f"{vault.url}/v1/{KEYS}", timeout=30)

    assert answer.headers["Content-Type"] == "application/json"
    keys = answer.json()["keys"]
    assert len(keys) == 2, "the key that signs and the next one"
    for key in keys:
        assert set(key) == {"use", "kty", "kid", "alg", "n", "e"}
        assert (key["use"], key["kty"], key["alg"]) == ("sig", "RSA", "RS256")


def test_a_rotation_keeps_the_old_key_published_and_adds_a_next_one(vault: VaultServer) -> None:
    vault.write("sys/mounts/aws", type="aws")
    before = set(vault.published())

    vault.write("identity/oidc/key/default/rotate")

    after = set(vault.published())
    assert before < after
    assert len(after) == len(before) + 1


def test_a_rotation_without_verification_period_withdraws_the_old_key(vault: VaultServer) -> None:
    vault.write("sys/mounts/aws", type="aws")
    before = set(vault.published())

    vault.write("identity/oidc/key/default/rotate", verification_ttl=0)

    assert len(before - set(vault.published())) == 1


def test_an_audience_that_the_mounts_key_does_not_allow_is_refused(vault: VaultServer) -> None:
    vault.write("identity/oidc/key/narrow", allowed_client_ids="other.test")
    vault.write("sys/mounts/aws", type="aws", config={"identity_token_key": "narrow"})

    answer = vault.call("POST", "aws/config/root", FEDERATION)

    assert answer.status_code == 400, "clients repeat what answers 5xx"
    (error,) = answer.json()["errors"]
    assert 'key "narrow" does not allow audience "sts.test"' in error


def test_credentials_are_asked_of_the_public_sts_host_with_a_token_that_verifies(
    tmp_path: Path, eavesdropper: tuple[type[Eavesdropper], dict[str, str]]
) -> None:
    heard, environment = eavesdropper
    with running(tmp_path / "vault", env=environment) as server:
        server.write("sys/mounts/aws", type="aws")
        server.write("aws/config/root", **FEDERATION, identity_token_ttl=600)
        server.write("aws/roles/my-role", credential_type="iam_user", policy_arns="arn:aws:test")

        assert server.call("GET", "aws/creds/my-role").status_code == 400

        accessor = server.read("sys/mounts/aws")["data"]["accessor"]
        keys = server.published()

    # Nothing else was asked: no metadata service, no other host.
    assert set(heard.connected) == {"sts.amazonaws.com:443"}
    request = heard.forms[0]
    assert request["Action"] == ["AssumeRoleWithWebIdentity"]
    assert request["RoleArn"] == [FEDERATION["role_arn"]]
    assert request["RoleSessionName"][0].startswith("vault-aws-secrets-")
    (token,) = request["WebIdentityToken"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        audience="sts.test",
        issuer=ISSUER,
    )
    assert claims["exp"] - claims["iat"] == 600
    assert claims["nbf"] == claims["iat"]
    assert claims["aud"] == ["sts.test"]
    assert claims["sub"] == f"plugin-identity:root:secret:{accessor}"
    assert claims["vaultproject.io"] == {
        "accessor": accessor,
        "class": "secret",
        "local": False,
        "namespace_id": "root",
        "namespace_path": "",
        "path": "aws/",
        "plugin": "aws",
        "version": "v1.21.0+builtin.vault",
    }


def test_aws_credentials_in_the_environment_stop_the_start(tmp_path: Path) -> None:
    finished = subprocess.run(
        command(tmp_path / "vault", free_port()),
        env={"AWS_PROFILE": "main", "AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert finished.returncode == 1
    assert "sets AWS_PROFILE, which would mask federation" in finished.stderr
    assert not (tmp_path / "vault").exists()


def test_an_address_beyond_loopback_stops_the_start(tmp_path: Path) -> None:
    finished = subprocess.run(
        [*command(tmp_path / "vault", free_port()), "-listen", "0.0.0.0:8200"],
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert finished.returncode == 1
    assert "must be a loopback address" in finished.stderr
