"""One write that goes wrong, on its way through the laboratory's network."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from lab.hosts import aws_host

if TYPE_CHECKING:
    from lab.home import Home
    from lab.switches import Fault, SwitchBoard
    from lab.tls import TlsStream

_READING_METHODS: Final = frozenset({"GET", "HEAD", "LIST", "OPTIONS"})
_READING_PATHS: Final = ("/lookup", "/capabilities-self")
"""Ends of Vault's paths that are read by POST or PUT."""
_READING_ACTIONS: Final = ("Get", "List", "AssumeRole", "Simulate")
_NAMES: Final = ("RoleName", "PolicyName", "Url", "OpenIDConnectProviderArn", "ClientID")
"""Parameters of an AWS call that tell one write from another; users' names are random."""
_POLL_SECONDS: Final = 0.01
_VAULT_REFUSES: Final = b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}\n'
_AWS_REFUSES: Final = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>The laboratory "
    b"was told to refuse this call.</Message></Error></ErrorResponse>"
)


@dataclass(frozen=True, kw_only=True)
class _Request:
    method: str
    path: str
    body: bytes
    raw: bytes

    def name(self, host: str) -> str:
        """Return what tells this request from others."""
        if self.path != "/":
            return f"{host} {self.method} {self.path}"
        given = self._parameters()
        names = (given[name] for name in _NAMES if name in given)
        return " ".join((host, given.get("Action", ""), *names))

    def reads(self) -> bool:
        """Tell whether it changes nothing."""
        if self.method in _READING_METHODS or self.path.endswith(_READING_PATHS):
            return True
        action = self._parameters().get("Action", "") if self.path == "/" else ""
        return action.startswith(_READING_ACTIONS)

    def _parameters(self) -> dict[str, str]:
        given = parse_qs(self.body.decode("latin-1"))
        return {name: values[0] for name, values in given.items()}


class FaultLine:
    """Names the writes, keeps a list of them, and knows which one is to go wrong."""

    def __init__(self, home: Home, switches: SwitchBoard) -> None:
        self._list = home.writes
        self._switches = switches
        self._fault: Fault | None = None
        self._met = False
        self._counts: Counter[str] = Counter()

    def watched(self, client: TlsStream, host: str) -> TlsStream | WatchedClient:
        """Return the stream to read a new client by; the plain one unless a fault is set."""
        if self._switches.read().fault is None:
            return client
        return WatchedClient(client, host, self)

    def meets(self, write: str) -> tuple[str, Fault | None]:
        """Return the write's name, ordinal included, and the fault that it meets, if any."""
        fault = self._switches.read().fault
        if fault is not self._fault:  # the board builds a new one whenever it was set
            self._fault, self._met = fault, False
            self._counts.clear()
        self._counts[write] += 1
        name = write if self._counts[write] == 1 else f"{write} ({self._counts[write]})"
        if fault is None or fault.kind in ("watch", "watch-all") or self._met:
            return name, None
        self._met = fault.write in ("", name) and name not in fault.spared
        return name, fault if self._met else None

    async def ends(self, fault: Fault) -> None:
        """Return as soon as the switch says something else."""
        while self._switches.read().fault is fault:  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(_POLL_SECONDS)

    def reads(self, request: str) -> None:
        """Add a request that reads to the list, if reads are to be listed."""
        fault = self._switches.read().fault
        if fault is not None and fault.kind == "watch-all":
            self.note(request, "read")

    def note(self, write: str, fate: str) -> None:
        """Add a line to the list, whole even if this process is killed right after."""
        line = json.dumps({"write": write, "fate": fate}) + "\n"
        descriptor = os.open(self._list, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


class WatchedClient:
    """A client's decrypted stream, handed on one whole request at a time."""

    def __init__(self, client: TlsStream, host: str, line: FaultLine) -> None:
        self._client = client
        self._host = host
        self._line = line
        self._buffer = b""
        self._losing: tuple[str, Fault] | None = None

    async def read(self) -> bytes:
        """Return the next request that is to reach the host, or none once the client has ended.

        Raises:
            ConnectionError: the client went away while its write was held.
        """
        while request := await self._request():
            name = request.name(self._host)
            if request.reads():
                self._line.reads(name)
                return request.raw
            write, fault = self._line.meets(name)
            if fault is None:
                self._line.note(write, "passed")
                return request.raw
            if fault.kind == "refuse":
                self._line.note(write, "refused")
                await self._refuse()
                continue
            if fault.kind == "hold":
                await self._hold(write, fault)
            else:
                self._losing = (write, fault)
            return request.raw
        return b""

    async def write(self, data: bytes) -> None:
        """Send an answer, unless it is to be lost.

        Raises:
            ConnectionError: the answer was lost, and the connection with it.
        """
        if self._losing:
            write, fault = self._losing
            self._line.note(write, "answered")
            await self._line.ends(fault)
            raise ConnectionAbortedError("its answer is lost, as the switches say")
        await self._client.write(data)

    async def finish(self) -> None:
        """Tell the client that nothing more comes."""
        await self._client.finish()

    async def _request(self) -> _Request | None:
        while b"\r\n\r\n" not in self._buffer:
            if not await self._more():
                return None
        head, _, _ = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        if "transfer-encoding" in headers or "expect" in headers:
            raise ConnectionAbortedError(f"faults are for requests of a given length: {first}")
        end = len(head) + len(b"\r\n\r\n")
        whole = end + int(headers.get("content-length", "0"))
        while len(self._buffer) < whole:
            if not await self._more():
                return None
        raw, self._buffer = self._buffer[:whole], self._buffer[whole:]
        method, path, _ = first.split(" ")
        return _Request(method=method, path=path.partition("?")[0], body=raw[end:], raw=raw)

    async def _more(self) -> bool:
        data = await self._client.read()
        self._buffer += data
        return bool(data)

    async def _refuse(self) -> None:
        body, kind = (
            (_AWS_REFUSES, "text/xml")
            if aws_host(self._host)
            else (_VAULT_REFUSES, "application/json")
        )
        head = (
            f"HTTP/1.1 403 Forbidden\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        await self._client.write(head.encode() + body)

    async def _hold(self, write: str, fault: Fault) -> None:
        self._line.note(write, "held")
        ending = asyncio.create_task(self._line.ends(fault))
        leaving = asyncio.create_task(self._more())
        try:
            await asyncio.wait({ending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not leaving.result():
                self._line.note(write, "withdrawn")
                raise ConnectionAbortedError("the client left while its write was held")
            await ending
        finally:
            for task in (ending, leaving):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
