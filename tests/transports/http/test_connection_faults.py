"""What every engine does in both colours when the connection or the time fails."""

import asyncio
import contextlib
import errno
import socket
import struct
import threading
import time

import pytest

from mm_actions.errors import (
    BadAnswer,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DeadlineExceeded,
    DnsFailed,
    ResponseAborted,
    Sent,
)
from transports.http.byte_server import Client, ok, open_descriptors, serve

SLACK = 0.5  # other processes share the machine


@contextlib.contextmanager
def lasting(seconds: float, slack: float = SLACK):
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert seconds - 0.02 <= took <= seconds + slack


@pytest.fixture
def nobody():
    """A port on which nobody listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def black_hole():
    """A port that answers no SYN: its queue of connections is full and nobody accepts."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            assert filler.connect_ex(listener.getsockname()) in {0, errno.EINPROGRESS}
        yield listener.getsockname()[1]


def test_a_refused_connection_fails_at_once_and_nothing_was_sent(client, nobody):
    with lasting(0), pytest.raises(ConnectFailed, match="refused") as caught:
        client.call(f"http://127.0.0.1:{nobody}/")
    assert type(caught.value) is ConnectFailed
    assert (caught.value.sent, caught.value.retryable) == (Sent.NO, True)


def test_an_unknown_host_is_not_tried_again(client):
    with pytest.raises(DnsFailed, match=r"no host called nonexistent\.invalid") as caught:
        client.call("http://nonexistent.invalid/")
    assert caught.value.do_not_retry
    assert caught.value.sent is Sent.NO


def test_a_silent_host_is_given_up_after_the_connect_timeout(open_client, black_hole):
    client = open_client(connect_timeout=0.3)
    with lasting(0.3), pytest.raises(ConnectTimeout, match=r"0\.3 s") as caught:
        client.call(f"http://127.0.0.1:{black_hole}/", timeout=5)
    assert (caught.value.sent, caught.value.retryable) == (Sent.NO, True)


def test_a_silent_host_is_given_up_at_the_deadline_if_that_is_nearer(client, black_hole):
    with lasting(0.3), pytest.raises(DeadlineExceeded) as caught:
        client.call(f"http://127.0.0.1:{black_hole}/", timeout=0.3)
    assert caught.value.sent is Sent.NO


def test_a_server_that_never_answers_is_left_at_the_deadline(start, client):
    server = start(lambda peer: peer.read() and peer.hold())
    with lasting(0.3), pytest.raises(DeadlineExceeded, match=r"0\.3 s") as caught:
        client.call(server.url, timeout=0.3)
    assert caught.value.sent is Sent.YES
    assert server.client_left.wait(5)


def test_a_server_that_does_not_read_leaves_it_open_what_it_got(start, client):
    server = start(lambda peer: peer.server.ended.wait(10))
    with lasting(0.4), pytest.raises(DeadlineExceeded) as caught:
        client.call(server.url, bytes(32 << 20), timeout=0.4)
    assert caught.value.sent is Sent.MAYBE


@pytest.mark.parametrize(
    "slow",
    [
        ok(b"{}", "X-Long: " + "y" * 500),
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500,
    ],
    ids=["head", "body"],
)
def test_a_slow_answer_is_left_at_the_deadline_though_every_read_progresses(start, client, slow):
    def script(peer):
        peer.read()
        peer.drip(slow)

    server = start(script)
    with lasting(0.3), pytest.raises(DeadlineExceeded) as caught:
        client.call(server.url, timeout=0.3)
    assert caught.value.sent is Sent.YES
    assert server.client_left.wait(5)


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
    ],
    ids=["length", "last chunk", "chunk", "header line", "head"],
)
@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_answer_that_is_cut_off_is_no_answer(start, client, cut, end):
    def script(peer):
        peer.read()
        peer.send(cut)
        if end == "reset":
            peer.reset()

    with pytest.raises((ResponseAborted, ConnectionLost)) as caught:
        client.call(start(script).url)
    # A reset may overtake the bytes before it.
    if end == "close" or isinstance(caught.value, ResponseAborted):
        assert isinstance(caught.value, ResponseAborted)
        assert caught.value.sent is Sent.YES
    else:
        assert caught.value.sent is Sent.MAYBE
    assert not caught.value.retryable


def test_a_broken_chunk_is_no_answer(start, client):
    with pytest.raises((BadAnswer, ResponseAborted)) as caught:
        client.call(start(serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")).url)
    assert caught.value.sent is Sent.YES


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_connection_cut_before_the_answer_leaves_it_open_whether_it_ran(start, client, end):
    def script(peer):
        peer.read()
        if end == "reset":
            peer.reset()

    server = start(script)
    with pytest.raises(ConnectionLost) as caught:
        client.call(server.url)
    assert (caught.value.sent, caught.value.retryable) == (Sent.MAYBE, False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("body", [b'{"a":1}', b"", b"x" * 300_000], ids=["small", "empty", "large"])
def test_a_request_on_a_dying_kept_alive_connection_is_delivered_once(start, client, end, body):
    def script(peer):
        peer.read()
        peer.send(ok())
        if peer.number == 1:
            peer.read()
            if end == "reset":
                peer.reset()
            return
        while peer.read() is not None:
            peer.send(ok())

    server = start(script)
    assert client.call(server.url, body).status == 200
    try:
        second = client.call(server.url, body).status
    except ConnectionLost as error:
        assert error.sent is Sent.MAYBE  # noqa: PT017 - either outcome is right, two deliveries are not
        assert len(server.requests) == 2
    else:
        # An engine that opens a new connection for it has delivered it once, too.
        assert (second, len(server.requests)) == (200, 2)
    assert client.call(server.url, body).status == 200


def test_a_server_that_closed_between_calls_is_not_noticed(start, client):
    closed = threading.Event()

    def script(peer):
        peer.read()
        peer.send(ok())
        peer.channel.shutdown(socket.SHUT_RDWR)
        closed.set()

    server = start(script)
    for number in range(1, 6):
        closed.clear()
        assert client.call(server.url).status == 200
        assert closed.wait(5)
        if client.colour == "async":
            client.run(asyncio.sleep(0.01))
        assert server.connections == number


def test_failed_calls_leave_no_descriptor_behind(start, client, nobody):
    server = start(lambda peer: peer.read() and peer.reset())

    def fail(times: int) -> None:
        for _ in range(times):
            with pytest.raises(ConnectionLost):
                client.call(server.url)
            with pytest.raises(ConnectFailed):
                client.call(f"http://127.0.0.1:{nobody}/")

    fail(2)
    server.settle()
    before = open_descriptors()
    fail(20)
    server.settle()
    assert open_descriptors() <= before + 1


def test_a_hundred_resets_with_pending_data_stay_typed(start, open_client):
    client: Client = open_client()

    def script(peer):
        peer.channel.recv(10)  # leaves the rest unread, so that closing resets
        peer.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = start(script)
    for _ in range(100):
        with pytest.raises(ConnectionLost):
            client.call(server.url, bytes(200_000))
