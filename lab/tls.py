"""The server's side of TLS on an accepted connection, with the two directions closed apart.

``asyncio``'s own ``start_tls`` ends both directions as soon as the client ends its own, which loses
an answer still on its way. OpenSSL itself does not, so it is used directly.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

CHUNK_BYTES: Final = 64 * 1024


class TlsStream:
    """TLS over a pair of plain streams; one task may read while another writes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> None:
        """Agree on a session.

        Raises:
            ssl.SSLError: the client went away or refused what it was shown.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._send()
                await self._receive()
            except ssl.SSLError:
                self._send()  # the alert that tells the client why
                raise
            else:
                self._send()
                return

    async def read(self) -> bytes:
        """Return some decrypted bytes, or none once the client has sent its last."""
        while True:
            try:
                return self._tls.read(CHUNK_BYTES)
            except ssl.SSLWantReadError:
                self._send()
                await self._receive()

    async def write(self, data: bytes) -> None:
        """Send ``data``, waiting while the client reads slower than it is written to."""
        self._tls.write(data)
        self._send()
        await self._writer.drain()

    async def finish(self) -> None:
        """Tell the client that nothing more comes; what it still sends is no longer decrypted."""
        with suppress(ssl.SSLError):  # raised when the client's own goodbye has not come yet
            self._tls.unwrap()
        self._send()
        await self._writer.drain()
        self._writer.write_eof()

    def _send(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())

    async def _receive(self) -> None:
        data = await self._reader.read(CHUNK_BYTES)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
