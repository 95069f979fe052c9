"""Non-blocking sockets that lose nothing when the task that waits on them is cancelled.

``loop.sock_recv`` and ``loop.sock_accept`` can drop what they have just received if the task is cancelled in
the same turn of the loop. Waiting for readiness and then reading without waiting cannot.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 65536
"""Bytes read or written at once."""

_FLOOD = 256
"""Reads after which a peer that goes on sending is cut off all the same."""

_SHORTAGE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


async def readable(sock: socket.socket) -> None:
    """Wait until a read (or an accept) does not block."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(sock)


async def receive(sock: socket.socket) -> bytes:
    """Return what has arrived, at most :data:`CHUNK` bytes; empty when the peer sent its FIN."""
    while True:
        try:
            return sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            await readable(sock)


def reset(sock: socket.socket) -> None:
    """Close with RST instead of FIN (``SO_LINGER`` with a time of zero)."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def close(sock: socket.socket) -> None:
    """Close with FIN; bytes left unread would turn it into RST, so they are read first."""
    with suppress(OSError):
        for _ in range(_FLOOD):
            if not sock.recv(CHUNK):
                break
    sock.close()


class Listener:
    """A listening port that can refuse connections for a while without losing its number.

    A second socket, bound but never listening, keeps the port reserved: the kernel answers a connection
    attempt with RST as long as nobody listens.

    Args:
        host: The address to bind, IPv4 or IPv6.
        port: The port to bind; 0 lets the system choose one.
        on_connection: Called on the event loop with every accepted socket.
    """

    def __init__(self, host: str, port: int, on_connection: Callable[[socket.socket], None]) -> None:
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._reservation = self._bound((host, port))
        self.host: str
        self.port: int
        self.host, self.port = self._reservation.getsockname()[:2]
        self._on_connection = on_connection
        self._listening: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Listen and accept, on the running event loop."""
        if self._listening is None:
            self._listening = self._bound((self.host, self.port))
            self._listening.listen(1024)
            self._accepting = asyncio.get_running_loop().create_task(self._accept(self._listening))

    async def refuse(self) -> None:
        """Stop listening: further connection attempts are refused; accepted ones live on."""
        if self._listening is None or self._accepting is None:
            return
        self._accepting.cancel()
        await asyncio.wait([self._accepting])
        self._listening.close()
        self._listening = None

    def close(self) -> None:
        """Give the port back, once the event loop has ended."""
        if self._listening is not None:
            self._listening.close()
        self._reservation.close()

    async def settle(self) -> None:
        """Accept every connection that the system has already completed."""
        while self._listening is not None and self._accept_one(self._listening):
            pass

    async def _accept(self, listening: socket.socket) -> None:
        """Accept until cancelled; a shortage of file descriptors is waited out."""
        while True:
            try:
                if self._accept_one(listening):
                    await asyncio.sleep(0)
                else:
                    await readable(listening)
            except OSError as error:
                if error.errno not in _SHORTAGE:
                    raise
                await asyncio.sleep(0.02)

    def _accept_one(self, listening: socket.socket) -> bool:
        try:
            sock, _ = listening.accept()
        except BlockingIOError:
            return False
        except (ConnectionError, InterruptedError):
            return True  # that one has gone, another may wait behind it
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._on_connection(sock)
        return True

    def _bound(self, address: tuple[str, int]) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(address)
        except OSError:
            sock.close()
            raise
        return sock
