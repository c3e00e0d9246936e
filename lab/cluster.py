"""The node of a Vault cluster that answers instead of the one Vault that the laboratory has.

Played from what Vault's source and documentation say of Enterprise: ``sdk/logical`` (the error),
``api`` (the form of an index), "Vault eventual consistency", "/sys/health".
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from typing import TYPE_CHECKING, Final

from lab.wire import Request, RequestReader, answer

if TYPE_CHECKING:
    from lab.switches import SwitchBoard, Switches
    from lab.tls import TlsStream

VAULT_HOST: Final = "vault.lab.test"
_LAGS: Final = b'{"errors":["required index state not present"]}\n'
_INDEX: Final = "x-vault-index"
_READS: Final = ("GET", "LIST")
_HEALTH: Final = "/v1/sys/health"


class Standby:
    """What the node that answers has been told of by the one that writes, and what not yet."""

    def __init__(self, port: int, switches: SwitchBoard) -> None:
        self._port = port
        self._switches = switches
        self._written_at: list[float] = []
        self._before: dict[tuple[str, str, str], tuple[float, bytes]] = {}

    def seen(self, client: TlsStream, host: str) -> TlsStream | ToldClient | StandbyClient:
        """Return the stream to read a new client by; the plain one unless a node is played."""
        switches = self._switches.read()
        if host != VAULT_HOST:
            return client
        if switches.vault_standby_lag_seconds or switches.vault_replication:
            return StandbyClient(client, self)
        return ToldClient(client, self) if switches.vault_clock_offset_seconds else client

    async def write(self, request: Request) -> None:
        """Remember how things are before a write."""
        for method in _READS:
            before = await self._ask(request, method)
            self._before[self._key(request, method)] = (math.inf, before)

    def written(self, request: Request) -> str:
        """Return the index of a write that has just been done, and forget in time what was."""
        now = time.monotonic()
        for method in _READS:
            _, before = self._before[self._key(request, method)]
            self._before[self._key(request, method)] = (now + self._lag(), before)
        self._written_at.append(now)
        index = f"v1:laboratory:{len(self._written_at)}:0:00"
        return base64.b64encode(index.encode()).decode()

    def instead(self, request: Request) -> bytes | None:
        """Return what the node answers by itself; none where it asks the one that writes."""
        if health := self.health(request):
            return health
        if given := request.headers.get(_INDEX):
            number = int(base64.b64decode(given).split(b":")[2])
            if time.monotonic() < self._written_at[number - 1] + self._lag():
                return answer("412 Precondition Failed", _LAGS)
        until, stale = self._before.get(self._key(request, request.method), (0.0, b""))
        return stale if time.monotonic() < until and not given else None

    def health(self, request: Request) -> bytes | None:
        """Return what the node says of itself; none where the request asks something else."""
        if request.path != _HEALTH or request.method != "GET":
            return None
        return answer("200 OK", json.dumps(_health(self._switches.read())).encode())

    def _lag(self) -> float:
        return self._switches.read().vault_standby_lag_seconds

    async def _ask(self, request: Request, method: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        kept = ("x-vault-token", "x-vault-namespace", "x-vault-request")
        lines = [f"{method} {request.path} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {request.headers[name]}" for name in kept if name in request.headers]
        try:
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
            return await reader.read(-1)
        finally:
            writer.close()

    @staticmethod
    def _key(request: Request, method: str) -> tuple[str, str, str]:
        return request.headers.get("x-vault-namespace", ""), method, request.path


class ToldClient:
    """A client that the node tells its own health, and its own clock, and nothing else."""

    def __init__(self, client: TlsStream, standby: Standby) -> None:
        self._client = client
        self._requests = RequestReader(client)
        self._standby = standby

    async def read(self) -> bytes:
        """Return the next request that is about something else; none once the client has ended."""
        while request := await self._requests.next():
            said = self._standby.health(request)
            if said is None:
                return request.raw
            await self._client.write(said)
        return b""

    async def write(self, data: bytes) -> None:
        """Send an answer."""
        await self._client.write(data)

    async def finish(self) -> None:
        """Tell the client that nothing more comes."""
        await self._client.finish()


class StandbyClient:
    """A client that meets the node."""

    def __init__(self, client: TlsStream, standby: Standby) -> None:
        self._client = client
        self._requests = RequestReader(client)
        self._standby = standby
        self._writing: Request | None = None

    async def read(self) -> bytes:
        """Return the next request that the node hands on, or none once the client has ended.

        Raises:
            ConnectionError: the connection ends with an answer that said so.
        """
        while request := await self._requests.next():
            said = self._standby.instead(request)
            if said is None:
                if not request.reads():
                    await self._standby.write(request)
                    self._writing = request
                return request.raw
            await self._client.write(said)
            if b"\r\nconnection: close\r\n" in said.partition(b"\r\n\r\n")[0].lower() + b"\r\n":
                return b""
        return b""

    async def write(self, data: bytes) -> None:
        """Send an answer; that of a write says which index it led to."""
        if self._writing:
            index = f"X-Vault-Index: {self._standby.written(self._writing)}"
            self._writing = None
            first, _, rest = data.partition(b"\r\n")
            data = b"\r\n".join((first, index.encode(), rest))
        await self._client.write(data)

    async def finish(self) -> None:
        """Tell the client that nothing more comes."""
        await self._client.finish()


def _health(switches: Switches) -> dict[str, object]:
    standby = bool(switches.vault_standby_lag_seconds)
    return {
        "initialized": True,
        "sealed": False,
        "standby": standby,
        "performance_standby": standby,
        "replication_performance_mode": switches.vault_replication or "disabled",
        "replication_dr_mode": "disabled",
        "server_time_utc": int(time.time() + switches.vault_clock_offset_seconds),
        "cluster_name": "laboratory",
    }
