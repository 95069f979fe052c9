"""Keep-alive HTTP load from plain sockets: a wave of requests, one a connection, then all their answers."""

from __future__ import annotations

import re
import socket
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNK = 1 << 18


def dial(port: int) -> socket.socket:
    """Open a connection to a server that listens on 127.0.0.1."""
    connection = socket.create_connection(("127.0.0.1", port), 30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Load:
    """Connections to a server.

    Args:
        connect: Opens one.
        path: Where to post.
        body: What to post, each time.
        connections: How many connections, and so requests in flight.
    """

    def __init__(
        self, connect: Callable[[], socket.socket], path: str, body: bytes, *, connections: int
    ) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self._sockets = [connect() for _ in range(connections)]

    def __enter__(self) -> Self:
        """Give the connections."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close them."""
        for connection in self._sockets:
            connection.close()

    def waves(self, count: int) -> list[float]:
        """Send so many waves.

        Returns:
            Seconds from a wave's first byte to its last answer, a wave each.

        Raises:
            RuntimeError: A status other than 200.
        """
        times = []
        for _ in range(count):
            started = time.perf_counter()
            for connection in self._sockets:
                connection.sendall(self._request)
            for connection in self._sockets:
                _read(connection)
            times.append(time.perf_counter() - started)
        return times


def _read(connection: socket.socket) -> None:
    data = connection.recv(_CHUNK)
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {data[:500]!r}")
    length = _LENGTH.search(head)
    if length is None:
        raise RuntimeError(f"an answer without Content-Length: {head!r}")
    left = int(length[1]) - len(body)
    while left > 0:
        left -= len(_more(connection))


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(_CHUNK)
    if not data:
        raise RuntimeError("the server closed the connection")
    return data
