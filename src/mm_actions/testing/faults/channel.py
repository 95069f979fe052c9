"""The bytes of one accepted connection, plain or TLS, with nothing read or sent behind the script's back."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.testing.sockets import CHUNK, close, receive, reset

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")

_KEPT_WHILE_WAITING = 1 << 20
"""Bytes kept of what a client sends during a wait; beyond it the socket is left alone."""

_FAREWELL = 1.0
"""Seconds a client has to read the alert that refused it."""


class ClientLeftError(Exception):
    """The client ended the connection before the script did."""


class Channel:
    """Read and write one connection.

    Args:
        sock: A connected, non-blocking socket.
        on_sent: Told how many bytes of plain text the system has taken for the client.
    """

    def __init__(self, sock: socket.socket, on_sent: Callable[[int], None]) -> None:
        self._sock = sock
        self._on_sent = on_sent
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.buffer = bytearray()
        """What was received and not yet taken."""
        self.resets = False
        """Whether :meth:`close` shall send RST."""

    @property
    def client_certificate(self) -> dict[str, Any] | None:
        """What the client's verified certificate says, as ``ssl.SSLSocket.getpeercert`` puts it."""
        return self._tls.getpeercert() if self._tls is not None else None

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """Do the handshake; a refused client has a moment to read the alert."""
        self._incoming.write(bytes(self.buffer))
        self.buffer.clear()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            await self._drive(self._tls.do_handshake)
        except ssl.SSLError:
            # Closing with unread bytes in the socket would send RST, which overtakes the alert.
            with suppress(OSError, TimeoutError):
                self._sock.shutdown(socket.SHUT_WR)
                async with asyncio.timeout(_FAREWELL):
                    while await receive(self._sock):
                        pass
            raise

    async def fill(self) -> bool:
        """Wait for bytes and put them into the buffer; False when the client sends no more."""
        data = await self._receive()
        self.buffer += data
        return bool(data)

    async def take(self, count: int) -> bytes:
        """Return exactly this many bytes.

        Raises:
            ClientLeftError: The client left before; what came stays in the buffer.
        """
        while len(self.buffer) < count:
            if not await self.fill():
                raise ClientLeftError
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    async def take_past(self, mark: bytes, limit: int) -> bytes:
        """Return the bytes up to and including a mark.

        Raises:
            ClientLeftError: As for :meth:`take`.
            ValueError: The mark is not among the first `limit` bytes.
        """
        searched = 0
        while (found := self.buffer.find(mark, max(0, searched - len(mark)))) < 0:
            searched = len(self.buffer)
            if searched > limit:
                raise ValueError(f"{mark!r} not within {limit} bytes")
            if not await self.fill():
                raise ClientLeftError
        return await self.take(found + len(mark))

    async def send(self, data: bytes) -> None:
        """Send all of it; returns when the system has taken the last byte."""
        for at in range(0, len(data), CHUNK):
            piece = data[at : at + CHUNK]
            if self._tls is None:
                await self._send_raw(piece)
            else:
                await self._drive(self._tls.write, piece)
            self._on_sent(len(piece))

    async def departure(self) -> None:
        """Wait, keeping what the client sends meanwhile, and never return.

        Raises:
            ClientLeftError: The client closed its connection.
        """
        while len(self.buffer) < _KEPT_WHILE_WAITING:
            if not await self.fill():
                raise ClientLeftError
        await asyncio.get_running_loop().create_future()

    async def half_close(self, *, notify: bool = True) -> None:
        """Send FIN, over TLS ``close_notify`` before it if asked."""
        if self._tls is not None and notify:
            # unwrap() also waits for the client's own close_notify, which nobody needs.
            with suppress(ssl.SSLWantReadError, ssl.SSLError):
                self._tls.unwrap()
            await self._flush()
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give the socket back, with RST if :attr:`resets` says so."""
        if self.resets:
            reset(self._sock)
        else:
            close(self._sock)

    async def _receive(self) -> bytes:
        if self._tls is None:
            return await receive(self._sock)
        try:
            return await self._drive(self._tls.read, CHUNK)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _drive(self, operation: Callable[..., _Result], *args: object) -> _Result:
        while True:
            try:
                result = operation(*args)
            except ssl.SSLWantReadError:
                await self._flush()
                data = await receive(self._sock)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                with suppress(OSError):
                    await self._flush()
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._send_raw(data)

    async def _send_raw(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)
