"""The certificate chain that a server presents, exactly as it presents it."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import socket
import time
import urllib.request
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

CHUNK = 16_384
"""Bytes read at once: the largest TLS record."""


class TlsError(Exception):
    """The chain could not be fetched; the message says from where, why and what to do."""


def presented_chain(host: str, port: int = 443, *, timeout: float = 10.0) -> list[bytes]:
    """Return the certificates ``host`` presents, DER, in the order it presents them.

    Nothing is verified, on purpose: IAM pins the chain of hosts whose certificate authority it
    does not know (IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity
    provider"), so what counts is what the server sends. Goes through the proxy of
    ``HTTPS_PROXY`` unless ``NO_PROXY`` names the host.

    Args:
        host: DNS name or IP address, without scheme.
        port: TCP port.
        timeout: seconds for everything together.

    Raises:
        TlsError: unreachable, refused, too slow, not TLS, or no certificate sent.
    """
    deadline = time.monotonic() + timeout
    proxy = _proxy_for(host)
    route = f"{host}:{port}" + (
        f" through the proxy {proxy.hostname}:{proxy.port}" if proxy else ""
    )
    try:
        with _connect(host, port, proxy, deadline) as raw:
            chain = _handshake(raw, host, deadline)
    except TimeoutError as error:
        raise TlsError(
            f"{route} did not present a certificate within {timeout:g} s; "
            "check that it is up and reachable from here"
        ) from error
    except SSL.Error as error:
        reason = "; ".join(part for entry in error.args[:1] for part in _reasons(entry))
        raise TlsError(
            f"{route} does not complete a TLS handshake ({reason or 'connection closed'}); "
            "check that HTTPS is what listens there"
        ) from error
    except OSError as error:
        raise TlsError(
            f"{route} cannot be reached ({error.strerror or error}); "
            "check the name, the network and HTTPS_PROXY"
        ) from error
    if not chain:
        raise TlsError(f"{route} completed a TLS handshake but sent no certificate")
    return chain


def _proxy_for(host: str) -> _Proxy | None:
    """Return the proxy the environment prescribes for ``host``, as curl and requests read it."""
    address = urllib.request.getproxies().get("https")
    if not address or urllib.request.proxy_bypass(host):
        return None
    return _Proxy(address)


class _Proxy:
    """Where a CONNECT proxy listens and how to introduce oneself."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if parts.scheme != "http" or not parts.hostname:
            # The address may carry a password, so only its scheme is repeated.
            raise TlsError(
                f"HTTPS_PROXY names a proxy of scheme {parts.scheme!r}; "
                "allowed is http://[user:password@]host:port"
            )
        self.hostname = parts.hostname
        self.port = parts.port or 80
        self.headers = ""
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            token = base64.b64encode(user.encode()).decode()
            self.headers = f"Proxy-Authorization: Basic {token}\r\n"


def _connect(host: str, port: int, proxy: _Proxy | None, deadline: float) -> socket.socket:
    target = (proxy.hostname, proxy.port) if proxy else (host, port)
    raw = socket.create_connection(target, timeout=_left(deadline))
    if proxy:
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(raw.close)
            _tunnel(raw, f"{host}:{port}", proxy, deadline)
            on_failure.pop_all()
    return raw


def _tunnel(raw: socket.socket, target: str, proxy: _Proxy, deadline: float) -> None:
    """Ask the proxy for a tunnel (RFC 9110, section 9.3.6) and read nothing beyond its answer."""
    raw.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proxy.headers}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        raw.settimeout(_left(deadline))
        received = raw.recv(CHUNK)
        if not received or len(answer) > CHUNK:
            break
        answer += received
    status = answer.split(b"\r\n", 1)[0].decode("latin-1")
    words = status.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].startswith("2"):  # noqa: PLR2004 - protocol and code
        raise TlsError(
            f"the proxy {proxy.hostname}:{proxy.port} refuses a tunnel to {target} "
            f"({status or 'no answer'}); allow it there, or name the host in NO_PROXY"
        )


def _handshake(raw: socket.socket, host: str, deadline: float) -> list[bytes]:
    """Shake hands over ``raw`` and return the chain.

    The handshake runs on memory buffers: pyOpenSSL on a socket of its own needs a blocking one
    and would wait for ever on a silent server. The standard library shows the whole chain only
    from Python 3.13 on.
    """
    tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
    if not _is_address(host):  # RFC 6066, section 3: no IP addresses in server_name
        tls.set_tlsext_host_name(host.encode("idna"))
    tls.set_connect_state()
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            _flush(tls, raw)
            raw.settimeout(_left(deadline))
            received = raw.recv(CHUNK)
            if not received:
                raise SSL.Error from None
            tls.bio_write(received)
        else:
            break
    chain = tls.get_peer_cert_chain() or []
    return [certificate.to_cryptography().public_bytes(Encoding.DER) for certificate in chain]


def _flush(tls: SSL.Connection, raw: socket.socket) -> None:
    with contextlib.suppress(SSL.WantReadError):
        while True:
            raw.sendall(tls.bio_read(CHUNK))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reasons(entry: object) -> list[str]:
    """Return the readable parts of an OpenSSL error queue."""
    if not isinstance(entry, list):
        return [str(entry)]
    return [str(parts[-1]) for parts in entry if parts]
