"""One write that goes wrong, on its way through the laboratory's network."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections import Counter
from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING, Final

from lab.cluster import VAULT_HOST
from lab.hosts import aws_host
from lab.wire import RequestReader, answer

if TYPE_CHECKING:
    from lab.home import Home
    from lab.switches import Fault, SwitchBoard
    from lab.wire import Stream

_POLL_SECONDS: Final = 0.01
LEADERLESS_SECONDS: Final = 5
"""How long nobody leads after a leader has stepped down."""
_VAULT_REFUSES: Final = b'{"errors":["1 error occurred:\\n\\t* permission denied\\n\\n"]}\n'
_AWS_REFUSES: Final = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>The laboratory "
    b"was told to refuse this call.</Message></Error></ErrorResponse>"
)


_NO_LEADER: Final = (
    ("500 Internal Server Error", "local node not active but active cluster node not found"),
    ("503 Service Unavailable", "no active Vault instance found"),
    ("", ""),
)
"""What nodes without a leader answer in turns, by ``http/handler.go`` of Vault; of the last, which
is ending, the client sees the connection reset."""


class FaultLine:
    """Names the writes, keeps a list of them, and knows which one is to go wrong."""

    def __init__(self, home: Home, switches: SwitchBoard) -> None:
        self._list = home.writes
        self._switches = switches
        self._fault: Fault | None = None
        self._met = False
        self._counts: Counter[str] = Counter()
        self._leader_at = 0.0
        self._answers = cycle(_NO_LEADER)

    def watched(self, client: Stream, host: str) -> Stream:
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

    def step_down(self) -> None:
        """Leave Vault's cluster without a leader for a while."""
        self._leader_at = time.monotonic() + LEADERLESS_SECONDS

    def leaderless(self) -> tuple[str, str] | None:
        """Return status and reason of what a node answers while nobody leads; none if one does."""
        return next(self._answers) if time.monotonic() < self._leader_at else None

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

    def __init__(self, client: Stream, host: str, line: FaultLine) -> None:
        self._client = client
        self._host = host
        self._line = line
        self._requests = RequestReader(client)
        self._losing: tuple[str, Fault] | None = None

    async def read(self) -> bytes:
        """Return the next request that is to reach the host, or none once the client has ended.

        Raises:
            ConnectionError: the client went away while its write was held, or met a node that
                is ending.
        """
        while request := await self._requests.next():
            name = request.name(self._host)
            if self._host == VAULT_HOST and (said := self._line.leaderless()):
                await self._leaderless(*said)
                continue
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
            if fault.kind == "step-down":
                self._line.note(write, "leaderless")
                self._line.step_down()
                await self._leaderless(*_NO_LEADER[0])
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

    async def _refuse(self) -> None:
        said = (
            (_AWS_REFUSES, "text/xml")
            if aws_host(self._host)
            else (_VAULT_REFUSES, "application/json")
        )
        await self._client.write(answer("403 Forbidden", *said))

    async def _leaderless(self, status: str, reason: str) -> None:
        if not status:
            raise ConnectionAbortedError("the node is ending, as the switches say")
        await self._client.write(answer(status, json.dumps({"errors": [reason]}).encode()))

    async def _hold(self, write: str, fault: Fault) -> None:
        self._line.note(write, "held")
        ending = asyncio.create_task(self._line.ends(fault))
        leaving = asyncio.create_task(self._requests.more())
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
