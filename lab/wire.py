"""A client's decrypted stream, taken apart into whole requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Mapping

_READING_METHODS: Final = frozenset({"GET", "HEAD", "LIST", "OPTIONS"})
_READING_PATHS: Final = ("/lookup", "/capabilities-self")
"""Ends of Vault's paths that are read by POST or PUT."""
_READING_ACTIONS: Final = ("Get", "List", "AssumeRole", "Simulate")
_NAMES: Final = ("RoleName", "PolicyName", "Url", "OpenIDConnectProviderArn", "ClientID")
"""Parameters of an AWS call that tell one write from another; users' names are random."""


class Stream(Protocol):
    """A client, as a tunnel reads it and writes to it."""

    async def read(self) -> bytes:
        """Return what the host is to get next, or none once the client has ended."""

    async def write(self, data: bytes) -> None:
        """Send some of an answer."""

    async def finish(self) -> None:
        """Tell the client that nothing more comes."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By their names in lower case."""
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


class RequestReader:
    """Reads a stream one whole request at a time."""

    def __init__(self, client: Stream) -> None:
        self._client = client
        self._buffer = b""

    async def next(self) -> Request | None:
        """Return the next request; none once the client has ended.

        Raises:
            ConnectionError: a request of no given length.
        """
        while b"\r\n\r\n" not in self._buffer:
            if not await self.more():
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
            if not await self.more():
                return None
        raw, self._buffer = self._buffer[:whole], self._buffer[whole:]
        method, path, _ = first.split(" ")
        path = path.partition("?")[0]
        return Request(method=method, path=path, headers=headers, body=raw[end:], raw=raw)

    async def more(self) -> bool:
        """Wait for more of the stream; tell whether there was any."""
        data = await self._client.read()
        self._buffer += data
        return bool(data)


def answer(status: str, body: bytes, kind: str = "application/json") -> bytes:
    """Return a whole answer.

    Args:
        status: Code and reason.
        body: What it says.
        kind: Of the body.
    """
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
