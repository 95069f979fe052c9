"""A server that says exactly the bytes a test wants, and a client that is one engine in one colour."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trustme

from mm_actions.transports.http.engine import Engine, HttpRequest, HttpResponse

PATIENCE = 10.0

Script = Callable[["Peer"], Any]


def ok(body: bytes = b"{}", *headers: str, status: str = "200 OK") -> bytes:
    lines = [
        f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


class Peer:
    """The server's side of one connection."""

    def __init__(self, server: "ByteServer", channel: socket.socket, number: int) -> None:
        self.server = server
        self.channel = channel
        self.number = number
        self._buffer = b""

    def read(self) -> bytes | None:
        """Read one whole request; None when the client has gone."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._receive():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        while len(rest) < length:
            if not self._receive():
                return None
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        request = head + b"\r\n\r\n" + rest[:length]
        self.server.note(self.number, request)
        return request

    def _receive(self) -> bool:
        data = self.channel.recv(65536)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.channel.sendall(data)

    def reset(self) -> None:
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.channel.close()

    def hold(self) -> bool:
        """Say nothing until the client goes; True when it went before the server was ended."""
        self.channel.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            while self.channel.recv(65536):
                pass
        return not self.server.ended.is_set()

    def drip(self, data: bytes, every: float = 0.02) -> None:
        """Send byte by byte until the client goes."""
        for byte in data:
            self.send(bytes([byte]))
            if self.server.ended.wait(every):
                return


def serve(answer: bytes) -> Script:
    """Answer every request of a connection with the same bytes."""

    def script(peer: Peer) -> None:
        while peer.read() is not None:
            peer.send(answer)

    return script


class ByteServer:
    """Runs a script on a thread for each connection."""

    def __init__(self, script: Script, context: ssl.SSLContext | None, host: str) -> None:
        self.script = script
        self.context = context
        self.ended = threading.Event()
        self.client_left = threading.Event()
        self.requests: list[bytes] = []
        self.served_by: list[int] = []
        self.connections = 0
        self.got_request = threading.Event()
        self._socket = socket.create_server((host, 0), backlog=512)
        self.port: int = self._socket.getsockname()[1]
        self._channels: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return self.at("127.0.0.1" if self.context is None else "localhost")

    def at(self, host: str) -> str:
        return f"{'http' if self.context is None else 'https'}://{host}:{self.port}/action"

    def note(self, connection: int, request: bytes) -> None:
        self.requests.append(request)
        self.served_by.append(connection)
        self.got_request.set()

    def close(self) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for channel in list(self._channels):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(channel, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def settle(self) -> None:
        """Wait until no connection is being served."""
        ends = time.monotonic() + PATIENCE
        for thread in self._threads[1:]:
            thread.join(max(0.0, ends - time.monotonic()))
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self.ended.is_set():
            try:
                channel, _ = self._socket.accept()
            except OSError:
                return
            channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._channels.append(channel)
            thread = threading.Thread(target=self._serve, args=(channel, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, channel: socket.socket, number: int) -> None:
        plain = channel
        try:
            if self.context is not None:
                channel = self.context.wrap_socket(channel, server_side=True, suppress_ragged_eofs=True)
                self._channels.append(channel)
            self.script(Peer(self, channel, number))
        except (OSError, threading.BrokenBarrierError):
            pass
        finally:
            channel.close()
            plain.close()
            self.client_left.set()


class Client:
    """One engine in one colour."""

    def __init__(self, engine: Engine, colour: str, runner: asyncio.Runner) -> None:
        self.engine = engine
        self.colour = colour
        self._runner = runner

    def call(self, url: str, body: bytes = b'{"a":1}', **more: Any) -> HttpResponse:
        request = HttpRequest(url=url, body=body, timeout=more.pop("timeout", PATIENCE), **more)
        if self.colour == "sync":
            return self.engine.send(request)
        return self._runner.run(self.engine.send_async(request))

    def run(self, coroutine: Any) -> Any:
        return self._runner.run(coroutine)


def server_context(
    certificate: trustme.LeafCert,
    *,
    clients: trustme.CA | None = None,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = version
    certificate.configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
