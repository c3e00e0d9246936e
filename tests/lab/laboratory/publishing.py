"""What a public side of Vault must let through, and what it must not; asked byte for byte."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

DOCUMENTS: Final = ("openid-configuration", "keys")
METHODS: Final = ("POST", "PUT", "PATCH", "DELETE", "LIST", "OPTIONS", "TRACE", "PROPFIND", "HELP")
"""Every method that Vault's API knows beside GET, and a few more."""
SMUGGLED: Final = {
    "X-Vault-Namespace": "team-a",
    "X-Vault-Token": "false-token",
    "X-Original-URL": "/v1/sys/health",
    "X-Rewrite-URL": "/v1/sys/health",
    "X-HTTP-Method-Override": "DELETE",
    "X-Forwarded-Host": "elsewhere.example.com",
    "X-Forwarded-Prefix": "/v1/team-a",
    "X-Vault-Wrap-TTL": "60",
    "Authorization": "Bearer false-token",
}
"""Headers by which a server in between could be led elsewhere."""

VAULT: Final = (
    "/",
    "/ui/",
    "/robots.txt",
    "/v1",
    "/v1/",
    "/v1/sys/health",
    "/v1/sys/seal-status",
    "/v1/sys/leader",
    "/v1/sys/init",
    "/v1/sys/seal",
    "/v1/sys/namespaces",
    "/v1/sys/mounts",
    "/v1/sys/internal/ui/mounts",
    "/v1/sys/internal/specs/openapi",
    "/v1/sys/metrics",
    "/v1/sys/pprof/",
    "/v1/sys/wrapping/lookup",
    "/v1/auth/token/lookup-self",
    "/v1/auth/aws/login",
    "/v1/aws/creds/my-role",
    "/v1/aws/config/root",
    "/v1/identity/oidc/config",
    "/v1/identity/oidc/.well-known/openid-configuration",
    "/v1/identity/oidc/.well-known/keys",
    "/v1/identity/oidc/provider/default/.well-known/openid-configuration",
    "/v1/identity/oidc/provider/default/.well-known/keys",
    "/v1/identity/oidc/plugins",
    "/v1/identity/oidc/plugins/",
    "/v1/identity/oidc/plugins/.well-known",
    "/v1/identity/oidc/plugins/.well-known/",
    "/absent",
    "/.well-known/openid-configuration",
    "/.well-known/keys",
)
"""Paths of Vault's API and of what else it serves, also some that it serves to everybody."""

_PLUGINS: Final = "identity/oidc/plugins/.well-known/"


def document(namespace: str, name: str) -> str:
    """Return the path of one of a namespace's two documents."""
    return f"/v1/{namespace}{'/' if namespace else ''}{_PLUGINS}{name}"


def tricks() -> Iterator[str]:
    """Yield targets that are close to a document, or lead elsewhere through one's path."""
    for name in DOCUMENTS:
        path = document("", name)
        yield from (
            f"{path}/",
            f"{path}?",
            f"{path}?list=true",
            f"{path}%00",
            f"{path};x",
            f"{path}.",
        )
        yield from (
            f"{path}/../../../config",
            f"{path}/..%2f..%2f..%2fconfig",
            f"/{path}",
            f"{path}%20",
        )
        yield path.replace("/oidc", "%2Foidc")
        yield path.replace("/oidc", "%2foidc")
        yield path.replace("/oidc", "%252Foidc")
        yield path.replace("/oidc", "//oidc")
        yield path.replace("/oidc", "/./oidc")
        yield path.replace("/oidc", "/x/../oidc")
        yield path.replace("/oidc", "/x/%2e%2e/oidc")
        yield path.replace("/oidc", "\\oidc")
        yield path.replace("/v1", "/V1")
        yield path.replace("identity", "Identity")
        yield path.replace("identity", "%69dentity")
        yield path.replace(".well-known", "%2Ewell-known")
        yield document("nowhere", name)
        yield document("team-a%2Fsub", name)
        yield document("team-a/", name)
        yield document("team-a/..", name)
        yield document("sys", name)
        yield document("auth/token", name)
        yield document("", f"{name}/../../../../../sys/health")
    yield "/v1/sys/health?x=" + document("", "keys")
    yield "/v1/sys/health#" + document("", "keys")
    yield "/v1/sys/health%3f" + document("", "keys")
    yield "/v1/sys/health/../.." + document("", "keys")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(repr=False)

    def document(self) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Return the JSON of a document that must have been served."""
        assert self.status == 200, self
        assert self.headers["content-type"].startswith("application/json")
        return json.loads(self.body)

    def is_refusal(self) -> bool:
        """Tell whether the request went no further: nothing here is in Vault's own words."""
        return self.status in (400, 403, 404, 405, 413) and b'"errors"' not in self.body


@dataclass(frozen=True)
class PublicSide:
    """Where the documents are published."""

    port: int
    host: str
    tls: ssl.SSLContext | None = None

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request whose target is not touched by any client library."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.connect()
        if self.tls:
            connection.sock = self.tls.wrap_socket(connection.sock, server_hostname=self.host)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": self.host, **(headers or {})}.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, answer.read(), received)
        finally:
            connection.close()
