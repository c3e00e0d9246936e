"""The laboratory's network: a CONNECT proxy that is every host the laboratory has.

A client that uses it as ``HTTPS_PROXY`` and trusts the laboratory's root meets Vault and AWS under
their own names, over TLS. Nothing else can be reached through it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import re
import signal
import ssl
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.authority import ServerContexts
from lab.cluster import VAULT_HOST, Standby
from lab.faults import FaultLine
from lab.home import Home, read_json
from lab.hosts import CONSOLE, SIGN_IN, aws_host
from lab.switches import SwitchBoard
from lab.tls import CHUNK_BYTES, TlsStream

if TYPE_CHECKING:
    from lab.wire import Stream

_LOG = logging.getLogger("lab.network")

_HTTPS_PORT: Final = "443"
_GREETING_SECONDS: Final = 30
"""How long a client may take over its CONNECT request and over the TLS handshake."""
_LINGER_SECONDS: Final = 5
"""How long a connection is kept after its last byte, because closing it while the client still
sends would reset it and could take that last byte with it."""
_GRACE_SECONDS: Final = 3
"""How long answers under way may take once the proxy is told to stop."""
_QUIET_SECONDS: Final = 0.2
"""A pause after which an answer is taken to be whole."""


class _Refusal(Exception):  # noqa: N818 - it is an answer to the client, not a fault of ours
    """The reason stands in the status line, which is all that most clients show of a proxy."""

    def __init__(self, *, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class _Directory:
    """Which backend answers for a host name."""

    def __init__(self) -> None:
        self._hosts = {
            VAULT_HOST: "vault",
            "issuer.lab.test": "issuer",  # what the world sees of a private Vault
            "people.lab.test": "people",
            "graph.microsoft.com": "people",  # whom a person of too many groups is in
            # AWS's sign-in and console have no region, and are no service of its SDKs.
            **dict.fromkeys((*SIGN_IN, *CONSOLE), "aws"),
        }

    def backend(self, host: str) -> str | None:
        """Return the name under which ``ports.json`` knows the backend of ``host``."""
        return self._hosts.get(host) or ("aws" if aws_host(host) else None)


class _Tunnel:
    """One client's connection to one host, both directions copied until each has ended."""

    def __init__(
        self,
        client: Stream,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        host: str,
        switches: SwitchBoard,
    ) -> None:
        self._client = client
        self._reader = reader
        self._writer = writer
        self._host = host
        self._switches = switches
        self._answer_due = False
        self._answered_at = 0.0

    def busy(self) -> bool:
        """Tell whether an answer is due or on its way; nothing here reads where one ends."""
        quiet = asyncio.get_running_loop().time() - self._answered_at
        return self._answer_due or quiet < _QUIET_SECONDS

    async def run(self) -> None:
        """Copy until the backend has said its last and the client has it.

        Raises:
            ConnectionError: one side broke off, or the host was switched off meanwhile.
        """
        upward = asyncio.create_task(self._upward())
        downward = asyncio.create_task(self._downward())
        try:
            await asyncio.wait({upward, downward}, return_when=asyncio.FIRST_COMPLETED)
            if upward.done():
                upward.result()  # its end is no reason to stop: an answer may be under way
            await downward
        finally:
            upward.cancel()
            downward.cancel()
            await asyncio.gather(upward, downward, return_exceptions=True)

    async def _upward(self) -> None:
        while data := await self._client.read():
            if self._host in self._switches.read().unreachable:
                raise ConnectionAbortedError("switched off")
            self._answer_due = True
            self._writer.write(data)
            try:
                await self._writer.drain()
            except ConnectionError:
                return  # the backend stopped listening; what it answered still counts
        with suppress(OSError):  # the same
            self._writer.write_eof()

    async def _downward(self) -> None:
        while data := await self._reader.read(CHUNK_BYTES):
            await self._client.write(data)
            self._answer_due = False
            self._answered_at = asyncio.get_running_loop().time()
        await self._client.finish()


class Proxy:
    """The proxy of one laboratory."""

    def __init__(self, home: Home) -> None:
        self._ports: dict[str, int] = read_json(home.ports)
        self._switches = SwitchBoard(home)
        self._faults = FaultLine(home, self._switches)
        self._standby = Standby(self._ports["vault"], self._switches)
        self._contexts = ServerContexts(home)
        self._directory = _Directory()
        self._turns = itertools.count()
        self._tunnels: dict[asyncio.Task[None], _Tunnel | None] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve until ``stop``, then let answers under way arrive, for a few seconds at most.

        Raises:
            OSError: the remembered port is taken.
        """
        server = await asyncio.start_server(
            self._connected, "127.0.0.1", self._ports["proxy"], backlog=512, limit=CHUNK_BYTES
        )
        _LOG.info("listening on 127.0.0.1:%d", self._ports["proxy"])
        await stop.wait()
        server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                while self._busy():  # noqa: ASYNC110 - silence is no event
                    await asyncio.sleep(_QUIET_SECONDS / 4)
        for task in self._tunnels:
            task.cancel()
        if self._tunnels:
            await asyncio.wait(self._tunnels)

    def _busy(self) -> bool:
        return any(tunnel.busy() for tunnel in self._tunnels.values() if tunnel)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this callback as a task
        self._tunnels[task] = None
        try:
            try:
                await self._converse(reader, writer, task)
            except _Refusal as refusal:
                _LOG.info("refused: %s", refusal.reason)
                await _answer(writer, refusal.status, refusal.reason)
            await _linger(reader, writer)
        except asyncio.CancelledError:
            pass  # serve() told it to stop, and asyncio would log that as a fault
        except OSError as problem:
            # A peer that broke off learns nothing from us; whoever is left sees the connection end.
            _LOG.debug("broken off: %s", problem)
            writer.transport.abort()
        finally:
            writer.close()
            del self._tunnels[task]

    async def _converse(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        task: asyncio.Task[None],
    ) -> None:
        async with asyncio.timeout(_GREETING_SECONDS):
            method, target = await _request(reader)
        if (method, target) == ("GET", "/_lab/ready"):
            await _answer(writer, HTTPStatus.OK, "ready")
            return
        host = self._admit(method, target)
        context = self._contexts.get(host, self._chain(host))
        backend_reader, backend_writer = await self._reach(host)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            client = TlsStream(reader, writer, context)
            try:
                async with asyncio.timeout(_GREETING_SECONDS):
                    await client.handshake()
            except ssl.SSLError as problem:
                _LOG.info("%s: the client ended the TLS handshake: %s", host, problem.reason)
                raise
            seen = self._faults.watched(self._standby.seen(client, host), host)
            tunnel = _Tunnel(seen, backend_reader, backend_writer, host, self._switches)
            self._tunnels[task] = tunnel
            await tunnel.run()
        finally:
            backend_writer.close()

    def _chain(self, host: str) -> str | None:
        chain = self._switches.read().presented_chain.get(host)
        if chain != "alternating":
            return chain
        return None if next(self._turns) % 2 else "renewed-root"

    def _admit(self, method: str, target: str) -> str:
        """Return the host that a CONNECT request may go to."""
        if method != "CONNECT":
            raise _Refusal(
                status=HTTPStatus.METHOD_NOT_ALLOWED,
                reason="the laboratory speaks HTTPS alone, this proxy serves CONNECT alone",
            )
        host, _, port = target.rpartition(":")
        host = host.lower().rstrip(".")
        if not re.fullmatch(r"[a-z0-9.-]{1,253}", host):
            raise _Refusal(status=HTTPStatus.BAD_REQUEST, reason="CONNECT names no host and port")
        if self._directory.backend(host) not in self._ports:
            raise _Refusal(status=HTTPStatus.FORBIDDEN, reason=f"the laboratory has no host {host}")
        if port != _HTTPS_PORT:
            raise _Refusal(
                status=HTTPStatus.FORBIDDEN, reason=f"the laboratory serves {host} on port 443 only"
            )
        if host in self._switches.read().unreachable:
            raise _Refusal(
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                reason=f"{host} is switched off; python -m lab switch unreachable= brings it back",
            )
        return host

    async def _reach(self, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        backend = self._directory.backend(host) or ""
        try:
            return await asyncio.open_connection(
                "127.0.0.1", self._ports[backend], limit=CHUNK_BYTES
            )
        except OSError as problem:
            raise _Refusal(
                status=HTTPStatus.BAD_GATEWAY,
                reason=f"{host} is down: the laboratory's {backend} does not listen; "
                "python -m lab up starts it",
            ) from problem


async def _request(reader: asyncio.StreamReader) -> tuple[str, str]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        raise ConnectionAbortedError("no request") from None
    except asyncio.LimitOverrunError:
        raise _Refusal(
            status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, reason="the request has no end"
        ) from None
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    return method, rest.partition(" ")[0]


async def _answer(writer: asyncio.StreamWriter, status: HTTPStatus, text: str) -> None:
    body = f"{text}\n".encode()
    allow = "Allow: CONNECT\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {status.value} {text}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n{allow}\r\n"
    )
    writer.write(head.encode() + body)
    await writer.drain()
    writer.write_eof()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(CHUNK_BYTES):
                pass
    writer.close()


async def _main(home: Home) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Proxy(home).serve(stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.network", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="the laboratory's folder")
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    asyncio.run(_main(Home(parser.parse_args().home)))
