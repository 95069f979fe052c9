"""Responses read piece by piece: what every engine promises in both colours."""

import asyncio
import contextlib
import os
import resource
import signal
import threading

import pytest

from mm_actions.errors import DeadlineExceeded, InvocationError, ResponseAborted, Sent
from mm_actions.testing import CertificateAuthority, FaultServer, Gate, Hang, Send, WaitFor
from mm_actions.transports.http.engine import HttpRequest
from mm_actions.transports.http.poll_loop import PollLoop
from mm_actions.transports.http.tls import TlsSource
from transports.http.stream_bench import LAST_CHUNK, PATIENCE, begun, chunk, head


class Reader:
    """A stream of an engine in one colour."""

    def __init__(self, client, url, **more):
        self._client = client
        request = HttpRequest(url=f"{url}/action", body=b"{}", timeout=more.pop("timeout", PATIENCE), **more)
        if client.colour == "sync":
            self.stream = client.engine.open_stream(request)
        else:
            self.stream = client.run(client.engine.open_stream_async(request))

    def read(self):
        return self.stream.read() if self._client.colour == "sync" else self._client.run(self.stream.read())

    def rest(self):
        pieces = []
        while piece := self.read():
            pieces.append(piece)
        return pieces

    def close(self):
        if self._client.colour == "sync":
            self.stream.close()
            return

        async def close():
            self.stream.close()

        self._client.run(close())


def test_a_piece_is_there_before_the_next_is_sent(client):
    gate = Gate()
    with FaultServer([begun(b"one"), WaitFor(gate), Send(chunk(b"two") + LAST_CHUNK)]) as server:
        reader = Reader(client, server.url)
        assert (reader.stream.status, reader.read()) == (200, b"one")
        gate.open()
        assert reader.rest() == [b"two"]
        assert reader.read() == b""


def test_the_status_and_the_headers_are_there_before_the_body_is_whole(client):
    top = head("X-Seen: yes", status="503 Service Unavailable")
    with FaultServer([Send(top + chunk(b"x")), Hang()]) as server:
        reader = Reader(client, server.url)
        assert (reader.stream.status, reader.stream.headers["x-seen"]) == (503, "yes")
        reader.close()
        server.wait_until_deserted()


def test_a_body_that_is_compressed_all_the_same_comes_as_it_is(client):
    with FaultServer(Send(head("Content-Encoding: gzip") + chunk(b"no gzip") + LAST_CHUNK)) as server:
        reader = Reader(client, server.url)
        assert reader.stream.headers["content-encoding"] == "gzip"
        assert reader.rest() == [b"no gzip"]


def test_an_empty_body_is_the_end_at_once(client):
    with FaultServer(Send(head() + LAST_CHUNK)) as server:
        assert Reader(client, server.url).rest() == []


def test_a_body_that_was_announced_and_cut_is_an_error(client):
    top = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    gate = Gate()
    with FaultServer([Send(top + b"abc"), WaitFor(gate)]) as server:
        reader = Reader(client, server.url)
        assert reader.read() == b"abc"
        server.drop_connections()
        with pytest.raises(ResponseAborted):
            reader.read()
        reader.close()


def test_the_deadline_holds_between_two_pieces(client):
    with FaultServer([begun(b"one"), Hang()]) as server:
        reader = Reader(client, server.url, timeout=0.3)
        reader.read()
        with pytest.raises(DeadlineExceeded) as caught:
            reader.read()
        reader.close()
        server.wait_until_deserted()
    assert caught.value.sent is Sent.YES


def test_an_engine_that_was_closed_meanwhile_does_not_hold_up_who_reads(client):
    with FaultServer([begun(b"one"), Hang()]) as server:
        reader = Reader(client, server.url, timeout=0.5)
        reader.read()
        client.engine.close()
        with pytest.raises(InvocationError):
            reader.read()
        reader.close()
        server.wait_until_deserted()


@pytest.mark.parametrize("size", [1, 64 << 10, 4 << 20])
def test_a_body_over_tls_arrives_whole_though_its_reader_waits(open_client, tmp_path, size):
    files = CertificateAuthority(tmp_path).server()
    body = os.urandom(size)
    gate = Gate()
    script = [
        Send(head()),
        Send(chunk(body[: size // 2] or b"x")),
        WaitFor(gate),
        Send(chunk(body) + LAST_CHUNK),
    ]
    client = open_client(tls=TlsSource(ca=str(files.ca)))
    with FaultServer(script, ssl_context=files.server_context()) as server:
        reader = Reader(client, server.url_for("localhost"))
        first = reader.read()
        gate.open()
        assert first + b"".join(reader.rest()) == (body[: size // 2] or b"x") + body


def test_blocking_streams_work_beyond_the_descriptors_that_select_knows(client):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("needs 2048 descriptors")
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        null = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, null)
        while (copy := os.dup(null)) < 1030:
            stack.callback(os.close, copy)
        stack.callback(os.close, copy)
        with FaultServer(Send(head() + chunk(b"one") + LAST_CHUNK)) as server:
            assert Reader(client, server.url).rest() == [b"one"]
        client.engine.close()


@pytest.mark.parametrize(("engine_name", "colour"), [("curl", "sync"), ("requests", "sync")])
def test_a_blocked_read_is_interrupted_by_a_signal_and_closes_its_connection(client):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with FaultServer([begun(b"one"), Hang()]) as server:
            reader = Reader(client, server.url)
            reader.read()
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            with pytest.raises(KeyboardInterrupt):
                reader.read()
            timer.join()
            reader.close()
            server.wait_until_deserted()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_poll_loop_calls_whom_it_was_told_to_call_and_no_other():
    loop, called = PollLoop(), []
    reading, writing = os.pipe()
    try:
        loop.add_reader(reading, called.append, "read")
        loop.add_writer(writing, called.append, "write")
        loop.call_later(0.0, lambda: called.append("timer"))
        loop.call_later(0.0, lambda: called.append("cancelled")).cancel()
        loop.step()
        assert sorted(called) == ["timer", "write"]
        os.write(writing, b"x")
        assert loop.remove_writer(writing)
        assert not loop.remove_writer(writing)
        loop.step()
        assert called[2:] == ["read"]
        assert loop.remove_reader(reading)
        assert not loop.is_closed()
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("colour", ["async"])
def test_a_read_that_is_cancelled_closes_its_connection(client):
    async def cancel(stream):
        waiting = asyncio.ensure_future(stream.read())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    with FaultServer([begun(b"one"), Hang()]) as server:
        reader = Reader(client, server.url)
        reader.read()
        client.run(cancel(reader.stream))
        server.wait_until_deserted()
