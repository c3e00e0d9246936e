"""Fetching an issuer's verification keys over TLS, judging the chain as AWS does.

AWS checks the chain of an issuer against its library of public authorities and, where that does
not hold it, against the identity provider's thumbprints ("Obtain the thumbprint for an OpenID
Connect identity provider", IAM User Guide). In the laboratory every chain is private, so the
thumbprint always decides.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import socket
import struct
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIMEOUT_SECONDS = 5
LARGEST_DOCUMENT_BYTES = 1_000_000
_PEEKED_BYTES = 4_096
MOST_KEYS = 100
"""Keys after these are not found (reported for AWS by operators of large key sets)."""


class UnreachableError(Exception):
    """The issuer's documents could not be had; the text says where it failed."""


class ThumbprintError(Exception):
    """The chain presented is not one of the provider's thumbprints."""


class Discovery:
    """Fetches through the laboratory's CONNECT proxy; every fetch is made anew."""

    def __init__(self, proxy_port: Callable[[], int]) -> None:
        self._proxy_port = proxy_port

    def keys(self, issuer: str, thumbprints: Sequence[str]) -> list[dict[str, Any]]:
        """Return the issuer's keys (JWKs).

        Raises:
            UnreachableError: no connection, no sound chain, no document, or not this issuer's.
            ThumbprintError: a chain ends in a certificate that the provider does not list.
        """
        document = self._fetch(f"{issuer}/.well-known/openid-configuration", thumbprints)
        if document.get("issuer") != issuer:
            raise UnreachableError(
                f"the discovery document names issuer {document.get('issuer')!r}, not {issuer!r}"
            )
        keys = self._fetch(_keys_url(document), thumbprints).get("keys")
        if not isinstance(keys, list):
            raise UnreachableError("the keys document has no list `keys`")
        return [key for key in keys[:MOST_KEYS] if isinstance(key, dict)]

    def thumbprint(self, issuer: str) -> str:
        """Return the thumbprint of the issuer's keys host, as IAM fills it in when none is given.

        Raises:
            UnreachableError: as for ``keys``.
        """
        document = self._fetch(f"{issuer}/.well-known/openid-configuration", None)
        with _Channel(_host(_keys_url(document)), self._proxy_port()) as channel:
            return channel.thumbprint

    def _fetch(self, url: str, thumbprints: Sequence[str] | None) -> dict[str, Any]:
        with _Channel(_host(url), self._proxy_port()) as channel:
            if thumbprints is not None and channel.thumbprint not in map(str.lower, thumbprints):
                raise ThumbprintError(
                    f"{_host(url)} presents a chain that ends in {channel.thumbprint}; "
                    f"the provider lists {', '.join(thumbprints) or 'none'}"
                )
            content = channel.get(urlsplit(url).path)
        try:
            document = json.loads(content)
        except ValueError as error:
            raise UnreachableError(f"{url} is not JSON") from error
        if not isinstance(document, dict):
            raise UnreachableError(f"{url} is not a JSON object")
        return document


class _Channel:
    """One TLS connection to port 443 of a host, its chain verified up to the last certificate."""

    def __init__(self, host: str, proxy_port: int) -> None:
        self._host = host
        self._deadline = time.monotonic() + TIMEOUT_SECONDS
        try:
            self._raw = _tunnel(host, proxy_port)
        except OSError as error:
            raise UnreachableError(f"{host}: no connection ({error})") from error
        try:
            self._tls = _handshake(self._raw, host)
            chain = [cert.to_cryptography() for cert in self._tls.get_peer_cert_chain() or ()]
            _judge(chain, host)
        except (OSError, SSL.Error) as error:
            self._raw.close()
            raise UnreachableError(f"{host}: the TLS handshake failed") from error
        except UnreachableError:
            self._raw.close()
            raise
        last = chain[-1].public_bytes(Encoding.DER)
        self.thumbprint = hashlib.sha1(last, usedforsecurity=False).hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._raw.close()

    def get(self, path: str) -> bytes:
        """Return the document at ``path``; anything but 200 is a failure."""
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n"
            "Accept: application/json\r\nConnection: close\r\n\r\n"
        )
        try:
            self._tls.sendall(request.encode())
            status, content = _parse(self._read_all())
        except (OSError, SSL.Error, http.client.HTTPException) as error:
            raise UnreachableError(f"{self._host}{path}: the answer broke off") from error
        if status != http.client.OK:
            raise UnreachableError(f"{self._host}{path} answered {status}")
        return content

    def _read_all(self) -> bytes:
        content = b""
        while len(content) <= LARGEST_DOCUMENT_BYTES:
            if time.monotonic() > self._deadline:
                raise UnreachableError(f"{self._host} took longer than {TIMEOUT_SECONDS} s")
            try:
                content += self._tls.recv(65_536)
            except SSL.ZeroReturnError:
                return content
            except SSL.SysCallError as error:
                # A server that closes without saying goodbye; HTTP's own length decides.
                if error.args == (-1, "Unexpected EOF"):
                    return content
                raise
        raise UnreachableError(f"{self._host} sent more than {LARGEST_DOCUMENT_BYTES} bytes")


def _parse(answer: bytes) -> tuple[int, bytes]:
    # HTTPResponse wants a socket only to make a file of it; the bytes are already here.
    response = http.client.HTTPResponse(cast("socket.socket", _Recorded(answer)))
    response.begin()
    return response.status, response.read()


@dataclass(frozen=True)
class _Recorded:
    content: bytes

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.content)


def _tunnel(host: str, proxy_port: int) -> socket.socket:
    raw = socket.create_connection(("127.0.0.1", proxy_port), timeout=TIMEOUT_SECONDS)
    try:
        _connect(raw, host)
    except BaseException:
        raw.close()
        raise
    return raw


def _connect(raw: socket.socket, host: str) -> None:
    raw.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        # Looked at first, so that nothing of the TLS stream is taken with the headers.
        seen = raw.recv(_PEEKED_BYTES, socket.MSG_PEEK)
        if not seen:
            raise ConnectionError("the proxy closed the connection")
        head, end, _ = (answer + seen).partition(b"\r\n\r\n")
        answer += raw.recv(len(head + end) - len(answer))
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionError(f"the proxy answered {answer.splitlines()[0].decode()!r}")


@cache
def _context() -> SSL.Context:
    """Return what begins every session: to make it takes a third of the time of a handshake."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    return context


def _handshake(raw: socket.socket, host: str) -> SSL.Connection:
    # pyOpenSSL needs a blocking descriptor, so the kernel keeps the time.
    raw.settimeout(None)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        raw.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", TIMEOUT_SECONDS, 0))
    connection = SSL.Connection(_context(), raw)
    connection.set_tlsext_host_name(host.encode("idna"))
    connection.set_connect_state()
    connection.do_handshake()
    return connection


def _judge(chain: Sequence[x509.Certificate], host: str) -> None:
    """Require that each certificate was issued by the next, all valid now, the first for host."""
    if not chain:
        raise UnreachableError(f"{host} presented no certificate")
    now = datetime.now(UTC)
    if any(not c.not_valid_before_utc <= now <= c.not_valid_after_utc for c in chain):
        raise UnreachableError(f"{host} presented a certificate out of its validity")
    for child, parent in pairwise(chain):
        try:
            child.verify_directly_issued_by(parent)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise UnreachableError(f"{host} presented a chain that does not hold") from error
    if not _named(chain[0], host):
        raise UnreachableError(f"the certificate of {host} is not for that name")


def _named(certificate: x509.Certificate, host: str) -> bool:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    wildcard = "*." + host.partition(".")[2]
    return bool({host, wildcard} & set(names.value.get_values_for_type(x509.DNSName)))


def _keys_url(document: dict[str, Any]) -> str:
    url = document.get("jwks_uri")
    if not isinstance(url, str) or not url.startswith("https://"):
        raise UnreachableError("the discovery document has no https `jwks_uri`")
    return url


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    if not host:
        raise UnreachableError(f"{url!r} names no host")
    return host
