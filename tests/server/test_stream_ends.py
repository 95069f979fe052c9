"""Streams that do not go to their end: readers that leave or do not read, and servers that stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import PATIENCE, Served, until
from tests.server.stream_calls import Streaming, events_of, text

from mm_actions.server import ActionServer
from mm_actions.server.calls.streaming import CallAbandoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[[ActionServer], Served]

MEBIBYTE = 1024 * 1024
CHUNK = "x" * 100_000


class Producer:
    """An action that flushes chunk after chunk, and writes down how it ended."""

    def __init__(self, server: ActionServer, kind: str, chunks: int, **options: Any) -> None:
        self.flushed = 0
        self.error: BaseException | None = None
        self.over = threading.Event()
        self._chunks = chunks
        server.action("act", **options)(self.plain if kind == "plain" else self.coroutine)

    def plain(self, request, responder):
        try:
            while self.flushed < self._chunks:
                responder.reply(CHUNK)
                responder.flush()
                self.flushed += 1
            responder.frame["finished"] = True
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.over.set()

    async def coroutine(self, request, responder):
        try:
            while self.flushed < self._chunks:
                responder.reply(CHUNK)
                await responder.flush()
                self.flushed += 1
            responder.frame["finished"] = True
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.over.set()


def lazy_reader(served: Served, **headers: str) -> socket.socket:
    """Call the action, and read nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.settimeout(PATIENCE)
    sock.connect((served.host, served.port))
    body = b'{"action": "act"}'
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    sock.sendall(
        b"POST /action/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\n%bContent-Length: %d\r\n\r\n%b" % (lines.encode(), len(body), body)
    )
    return sock


def until_closed(sock: socket.socket) -> bytes:
    received = bytearray()
    while piece := sock.recv(65_536):
        received += piece
    return bytes(received)


@pytest.mark.parametrize(("kind", "error"), [("plain", CallAbandoned), ("async", asyncio.CancelledError)])
def test_a_client_that_leaves_ends_the_handler(serve: Serve, kind: str, error: type[BaseException]) -> None:
    server = ActionServer(drain=0, timeout=600, max_answer=1024 * MEBIBYTE)
    producer = Producer(server, kind, 10_000)
    with Streaming(serve(server), {"action": "act"}) as call:
        assert text(call.line()) == CHUNK
    assert producer.over.wait(PATIENCE)
    assert type(producer.error) is error
    asyncio.run(until(lambda: not server.counts().active))


def test_a_client_that_leaves_ends_a_handler_that_waits_for_something_else(serve: Serve) -> None:
    server = ActionServer(drain=0, timeout=600)
    ended = threading.Event()

    @server.action
    async def wait(request, responder):
        responder.reply("first")
        await responder.flush()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with Streaming(serve(server), {"action": "wait"}) as call:
        assert text(call.line()) == "first"
        assert not ended.is_set()
    assert ended.wait(PATIENCE)


def test_a_client_that_leaves_before_the_first_line_ends_the_handler(serve: Serve) -> None:
    server = ActionServer(drain=0, timeout=600)
    started, ended = threading.Event(), threading.Event()

    @server.action("act")
    async def wait(request, responder):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with lazy_reader(serve(server)):
        assert started.wait(PATIENCE)
        assert not ended.is_set()
    assert ended.wait(PATIENCE)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_client_may_leave_an_action_that_finishes_and_ask_again(serve: Serve, kind: str) -> None:
    server = ActionServer(drain=0, max_answer=64 * MEBIBYTE)
    producer = Producer(server, kind, 200, on_disconnect="finish")
    served = serve(server)
    with lazy_reader(served, Idempotency_Key="key-1") as sock:
        assert sock.recv(1)
        assert not producer.over.is_set()  # nobody reads, so it cannot come to its end
    assert producer.over.wait(PATIENCE)
    assert producer.error is None
    events = events_of(served.post({"action": "act"}, "/action/stream", Idempotency_Key="key-1"))
    assert events[-1]["responder"]["frame"] == {"finished": True}
    assert len(events) == 201
    assert producer.flushed == 200


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_reader_that_stops_holds_the_handler_and_not_memory(serve: Serve, kind: str) -> None:
    server = ActionServer(drain=0, timeout=2, max_answer=1024 * MEBIBYTE, loop_alarm=5)
    producer = Producer(server, kind, 2000)
    served = serve(server)
    gc.collect()
    tracemalloc.start()
    try:
        with lazy_reader(served) as sock:
            assert producer.over.wait(PATIENCE)
            _, peak = tracemalloc.get_traced_memory()
            received = until_closed(sock)
    finally:
        tracemalloc.stop()
    produced = producer.flushed * len(CHUNK)
    sys.stdout.write(
        f"\n{kind}: {produced / MEBIBYTE:.1f} of 190.7 MiB produced, {peak / MEBIBYTE:.1f} MiB held at most\n"
    )
    # What the system itself holds for two sockets, and what is on its way from the handler.
    assert produced < 20 * MEBIBYTE
    # A flushed directive is part of the answer: as the handler's own, and as it was written.
    assert peak < 2 * produced + 4 * MEBIBYTE
    assert received.endswith(b"}}\n\r\n0\r\n\r\n")
    assert b'{"event":"error","problem":{"type":"urn:mm-actions:problem:timeout"' in received[-1000:]


def test_a_stream_whose_reader_never_reads_on_is_cut_short(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = ActionServer(drain=0, timeout=0.5, max_answer=1024 * MEBIBYTE, loop_alarm=5)
    producer = Producer(server, "async", 2000)
    with lazy_reader(serve(server)) as sock:
        assert producer.over.wait(PATIENCE)
        asyncio.run(until(lambda: "cut short" in caplog.text))
        received = until_closed(sock)
    assert b"error" not in received[-1000:]
    assert not received.endswith(b"0\r\n\r\n")


PROGRAM = """
import sys
from mm_actions.server import ActionServer

server = ActionServer(drain=0, grace=10, loop_alarm=5)

@server.action
def wait(request, responder):
    responder.reply("first")
    responder.flush()
    sys.stdin.readline()
    responder.reply("second")
    responder.flush()

server.run(port=0, listening=lambda url: print(url, flush=True))
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.kill()


def test_a_stream_in_progress_comes_to_its_end_when_the_server_is_told_to_stop(
    process: subprocess.Popen[str],
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    served = Served(process.stdout.readline().strip())
    with Streaming(served, {"action": "wait"}) as call:
        assert text(call.line()) == "first"
        process.send_signal(signal.SIGTERM)
        while True:  # until the port is closed
            try:
                served.raw().close()
            except ConnectionRefusedError:
                break
            except ConnectionResetError:
                continue
        process.stdin.write("go on\n")
        process.stdin.flush()
        second, result = call.rest()
    assert text(second) == "second"
    assert [directive["payload"]["text"] for directive in result["responder"]["directives"]] == [
        "first",
        "second",
    ]
    assert process.wait(PATIENCE) == 0
    assert process.stderr.read() == ""
