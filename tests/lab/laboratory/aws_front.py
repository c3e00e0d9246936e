"""The AWS front alone in its network, with an issuer that the tests control."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import jwt
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from lab import switches
from lab.home import Home, read_json, write_json
from tests import resident

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
HOST = "vault.lab.test"
ISSUER = f"https://{HOST}/v1/identity/oidc/plugins"
PREFIX = ISSUER.removeprefix("https://")
AUDIENCE = "vault-aws-secrets"
SUBJECT = "plugin-identity:root:secret:aws_1234abcd"
MAIN, OTHER = "123456789012", "210987654321"
PROVIDER = f"arn:aws:iam::{MAIN}:oidc-provider/{PREFIX}"
DEADLINE_SECONDS = 30


def document(*statements: dict[str, Any]) -> str:
    """Return a policy document as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str = "*") -> dict[str, Any]:
    """Return one allowing statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def web_trust(
    *, audience: str = AUDIENCE, subject: str = SUBJECT, prefix: str = PREFIX, effect: str = "Allow"
) -> dict[str, Any]:
    """Return the trust in one mount of Vault."""
    return {
        "Effect": effect,
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": PROVIDER},
        "Condition": {"StringEquals": {f"{prefix}:aud": audience, f"{prefix}:sub": subject}},
    }


class Issuer:
    """An OpenID Connect issuer behind ``vault.lab.test``: two documents and one key."""

    def __init__(self, port: int) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.overrides: dict[str, tuple[int, object]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, content = issuer.answer(self.path)
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep the tests' output to themselves."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def answer(self, path: str) -> tuple[int, object]:
        """Return what stands at ``path``."""
        if path in self.overrides:
            return self.overrides[path]
        base = "/v1/identity/oidc/plugins/.well-known"
        if path == f"{base}/openid-configuration":
            return 200, {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/.well-known/keys"}
        if path == f"{base}/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            return 200, {"keys": [{**public, "kid": "first", "use": "sig", "alg": "RS256"}]}
        return 404, {}

    def token(self, **claims: Any) -> str:  # noqa: ANN401 - claims are JSON
        """Return a token; a claim given as None is left out."""
        now = int(time.time())
        standard = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 300}
        kept = {name: value for name, value in {**standard, **claims}.items() if value is not None}
        return jwt.encode(kept, self.key, "RS256", {"kid": "first"})

    def forged(self) -> str:
        """Return a token that names the issuer's key and is signed by another."""
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + 300}
        return jwt.encode(claims, self.stranger, "RS256", {"kid": "first"})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass
class World:
    """One laboratory without Vault: network, AWS front, and the tests' own issuer."""

    home: Home
    issuer: Issuer
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def aws_url(self) -> str:
        """URL of the front on loopback."""
        return f"http://127.0.0.1:{read_json(self.home.ports)['aws']}"

    def client(  # noqa: PLR0913 - each has a default that most tests want
        self,
        service: str,
        *,
        account: str = MAIN,
        credentials: dict[str, str] | None = None,
        through_network: bool = False,
        attempts: int = 1,
        signature_version: str | None = None,
    ) -> Any:  # noqa: ANN401 - boto3 makes clients as it goes
        """Return a boto3 client, the administrator's by default, that makes ``attempts`` a call.

        Through the network it uses AWS's public names, otherwise the front's loopback port.
        """
        entries = {entry["id"]: entry for entry in read_json(self.home.accounts)}
        keys = credentials or {
            "AccessKeyId": entries[account]["access_key_id"],
            "SecretAccessKey": entries[account]["secret_access_key"],
        }
        proxy = f"http://127.0.0.1:{read_json(self.home.ports)['proxy']}"
        clients: Any = boto3
        return clients.client(
            service,
            region_name="us-east-1",
            endpoint_url=None if through_network else self.aws_url,
            verify=str(self.home.trust_bundle),
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(
                # What the front must refuse, the client may not refuse before it.
                parameter_validation=False,
                signature_version=signature_version,
                retries={"total_max_attempts": attempts},
                proxies={"https": proxy} if through_network else {},
            ),
        )

    def provider(self, *, thumbprint: str | None = None) -> str:
        """Register the issuer with the main account, once."""
        iam = self.client("iam")
        listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        if PROVIDER not in [entry["Arn"] for entry in listed]:
            iam.create_open_id_connect_provider(
                Url=ISSUER,
                ClientIDList=[AUDIENCE],
                ThumbprintList=[thumbprint or self.thumbprint()],
            )
        return PROVIDER

    def role(
        self, name: str, trust: dict[str, Any] | None = None, *policies: dict[str, Any]
    ) -> str:
        """Create a role that trusts one mount, and return its ARN."""
        iam = self.client("iam")
        created = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=document(trust or web_trust())
        )
        if policies:
            iam.put_role_policy(
                RoleName=name, PolicyName="inline", PolicyDocument=document(*policies)
            )
        arn: str = created["Role"]["Arn"]
        return arn

    def assume(self, role: str, token: str | None = None, **extra: Any) -> dict[str, Any]:  # noqa: ANN401 - parameters of the call
        """Exchange a token for a session of ``role``."""
        response: dict[str, Any] = self.client("sts").assume_role_with_web_identity(
            RoleArn=role,
            RoleSessionName=extra.pop("RoleSessionName", "vault-aws-secrets-1"),
            WebIdentityToken=token or self.issuer.token(),
            **extra,
        )
        return response

    def thumbprint(self) -> str:
        """Return the thumbprint of the laboratory's intermediate, from the authority's own file."""
        return _sha1(read_json(self.home.authority / "authority.json")["intermediate"])

    def leaf_thumbprint(self) -> str:
        """Return the thumbprint of the issuer's own certificate, which is not to be used."""
        return _sha1(read_json(self.home.authority / "hosts" / f"{HOST}.json"))

    def decisions(self, action: str) -> list[dict[str, Any]]:
        """Return the log's entries of one action, oldest first."""
        lines = self.home.decisions.read_text("utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["action"] == action]

    @contextmanager
    def switched(self, **changes: Any) -> Iterator[None]:  # noqa: ANN401 - fields of Switches
        """Run a block under other switches."""
        switches.store(self.home, replace(switches.Switches(), **changes))
        try:
            yield
        finally:
            switches.store(self.home, switches.Switches())

    def start(self, module: str, port: int) -> None:
        """Start one process of the laboratory and wait until it is ready."""
        log = (self.home.root / f"{module}.log").open("ab")
        with log:
            self.processes[module] = subprocess.Popen(
                [sys.executable, "-m", module, "--home", str(self.home.root)],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **resident.environment()},
                stdout=log,
                stderr=log,
            )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            try:
                with opener.open(f"http://127.0.0.1:{port}/_lab/ready"):
                    return
            except OSError:
                assert self.processes[module].poll() is None, f"{module} ended, see {log.name}"
                time.sleep(0.05)
        pytest.fail(f"{module} is not ready after {DEADLINE_SECONDS} s, see {log.name}")

    def stop(self, module: str) -> int:
        """Stop one process and return its exit code."""
        process = self.processes.pop(module)
        process.terminate()
        return process.wait(DEADLINE_SECONDS)


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Run a laboratory of two accounts in ``folder``."""
    home = Home(folder)
    ports = dict(zip(("proxy", "vault", "aws"), _free_ports(3), strict=True))
    write_json(home.ports, ports)
    write_json(
        home.accounts,
        [
            {
                "name": name,
                "id": account,
                "partition": "aws",
                "access_key_id": f"AKIAFALSE{name.upper()}",
                "secret_access_key": f"false-secret-of-{name}",
            }
            for name, account in (("main", MAIN), ("other", OTHER))
        ],
    )
    built = World(home=home, issuer=Issuer(ports["vault"]))
    try:
        built.start("lab.network", ports["proxy"])
        built.start("lab.aws", ports["aws"])
        yield built
    finally:
        for module in list(built.processes):
            built.stop(module)
        built.issuer.close()


@contextmanager
def refused(code: str, status: int, says: str = "") -> Iterator[None]:
    """Require that the block's call fails with this code, HTTP status and part of the message."""
    with pytest.raises(ClientError) as caught:
        yield
    response: Any = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        code,
        status,
    ), response
    assert says in response["Error"]["Message"]


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for entry in sockets:
        entry.bind(("127.0.0.1", 0))
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


def _sha1(kept: dict[str, str]) -> str:
    certificate = x509.load_pem_x509_certificate(kept["certificate"].encode())
    return certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - AWS's thumbprint
