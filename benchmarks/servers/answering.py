"""The far end of every client: one thread, epoll, one answer, so that it costs next to nothing.

``python -m benchmarks.servers.answering [--answer FILE] [--delay SECONDS] [--certificate PEM --key PEM
[--client-ca PEM]]``. ``GET`` gives how many connections it has accepted.
"""

from __future__ import annotations

import argparse
import re
import select
import socket
import ssl
import time
from collections import deque
from pathlib import Path

_CHUNK = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Peer:
    """A connection, and how much of its request is still to come."""

    __slots__ = ("head", "left", "socket")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.head = b""
        self.left = 0

    def takes(self, data: bytes) -> bytes | None:
        """Take what arrived; give the request's head once the request is whole."""
        if self.left:
            self.left -= len(data)
        else:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return None
            length = _LENGTH.search(self.head, 0, end)
            self.left = (int(length[1]) if length else 0) - (len(self.head) - end - 4)
        if self.left:
            return None
        head, self.head = self.head, b""
        return head


class Answering:
    """Answers every POST alike.

    Args:
        answer: The body.
        delay: Seconds to wait before an answer.
        context: For TLS.
    """

    def __init__(self, answer: bytes, delay: float, context: ssl.SSLContext | None) -> None:
        self._answer = _HEAD % len(answer) + answer
        self._delay = delay
        self._context = context
        self._accepted = 0
        self._peers: dict[int, Peer] = {}
        self._due: deque[tuple[float, Peer]] = deque()
        self._epoll = select.epoll()

    def run(self, listener: socket.socket) -> None:
        """Serve for ever."""
        door = listener.fileno()
        self._epoll.register(door, select.EPOLLIN)
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else -1
            for descriptor, _ in self._epoll.poll(wait):
                if descriptor == door:
                    self._accept(listener)
                else:
                    self._read(self._peers[descriptor])
            while self._due and self._due[0][0] <= time.monotonic():
                _send(self._due.popleft()[1].socket, self._answer)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self._accepted += 1
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            connection.settimeout(10)  # the handshake may block: no measured call is under way then
            try:
                connection = self._context.wrap_socket(connection, server_side=True)
            except OSError:
                connection.close()
                return
        connection.setblocking(False)
        self._peers[connection.fileno()] = Peer(connection)
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.socket.recv(_CHUNK)
            # What TLS has decrypted already, epoll does not tell of.
            while data and isinstance(peer.socket, ssl.SSLSocket) and peer.socket.pending():
                data += peer.socket.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        if not data:
            del self._peers[peer.socket.fileno()]
            peer.socket.close()
            return
        head = peer.takes(data)
        if head is None:
            return
        if head.startswith(b"GET"):
            count = b"%d" % self._accepted
            _send(peer.socket, _HEAD % len(count) + count)
        elif self._delay:
            self._due.append((time.monotonic() + self._delay, peer))
        else:
            _send(peer.socket, self._answer)


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        if connection.send(data) == len(data):
            return
        raise RuntimeError("an answer that does not fit into a socket's buffer")
    except OSError:
        return  # the client is gone, and its connection is about to be read


def main() -> None:
    """Serve what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer", type=Path, required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--client-ca")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
        if options.client_ca:
            context.load_verify_locations(options.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        Answering(options.answer.read_bytes(), options.delay, context).run(listener)


if __name__ == "__main__":
    main()
