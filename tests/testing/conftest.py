from __future__ import annotations

import gc
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mm_actions.testing import CertificateAuthority
from transports.http.system_authority import one_authority_of_the_system

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

__all__ = ["one_authority_of_the_system"]


class RawClient:
    """A client that sends and sees bytes."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection((host, port), timeout=10)
        if tls is not None:
            plain = self.socket
            try:
                self.socket = tls.wrap_socket(plain, server_hostname="localhost")
            except OSError:
                plain.close()
                raise

    def post(self, body: bytes = b"{}", path: str = "/", **headers: str) -> RawClient:
        lines = [f"POST {path} HTTP/1.1", "Host: test", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self

    def read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            assert piece, f"the connection ended after {data!r}"
            data += piece
        return data

    def read_past(self, mark: bytes) -> bytes:
        data = b""
        while not data.endswith(mark):
            data += self.read(1)
        return data

    def read_to_end(self) -> bytes:
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data

    def answer(self) -> tuple[int, bytes]:
        """Return status and body of an answer with a Content-Length."""
        head = self.read_past(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        return int(head.split()[1]), self.read(int(length.split(b":")[1]))


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _threads() -> list[threading.Thread]:
    """What runs, but for what watches over the test itself, and the one that watches over all deadlines."""
    others = ("pytest_timeout", "mm_actions-deadlines")
    return [thread for thread in threading.enumerate() if not thread.name.startswith(others)]


def _wait(done: Callable[[], bool]) -> None:
    pause, ends = threading.Event(), time.monotonic() + 5
    while not done() and time.monotonic() < ends:
        pause.wait(0.002)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    descriptors, threads = open_descriptors(), _threads()
    yield
    for thread in _threads():
        if thread not in threads:
            thread.join(5)  # it may be ending
    if open_descriptors() > descriptors:
        gc.collect()  # what only a traceback held is not a leak
        _wait(lambda: open_descriptors() <= descriptors)  # a server of several tests may be closing some
    assert open_descriptors() <= descriptors
    assert [thread.name for thread in _threads() if thread not in threads] == []


@pytest.fixture
def descriptors() -> Callable[[], int]:
    """Count the file descriptors this process has open."""
    return open_descriptors


@pytest.fixture
def connect() -> Iterator[Callable[..., RawClient]]:
    with ExitStack() as clients:

        def make(peer, tls: ssl.SSLContext | None = None) -> RawClient:
            client = RawClient(peer.host, peer.port, tls)
            clients.callback(client.socket.close)
            return client

        yield make


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))
