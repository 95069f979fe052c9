"""What a fault server records, and how a test steers it while it runs."""

from __future__ import annotations

import gc
import http.client
import os
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from mm_actions.testing import (
    Answer,
    FaultServer,
    Gate,
    Hang,
    InOrder,
    NotExecuted,
    ReceivedRequest,
    Reset,
    WaitFor,
)


def fetch(server: FaultServer, **headers: str) -> bytes:
    client = http.client.HTTPConnection(server.host, server.port, timeout=20)
    try:
        client.request("POST", "/run?x=1", body=b"{}", headers=headers)
        return client.getresponse().read()
    finally:
        client.close()


def test_a_request_is_recorded_as_it_came(connect):
    with FaultServer() as server:
        connect(server).post(b'{"a": 1}', "/actions/x?y=z", X_Two="a", x_two="b").answer()
        (request,) = server.requests
    assert (request.method, request.path, request.version) == ("POST", "/actions/x?y=z", "HTTP/1.1")
    assert request.headers["x-two"] == "a, b"
    assert ("X-Two", "a") in request.raw_headers
    assert request.json() == {"a": 1}
    assert (request.number, request.connection, request.number_on_connection) == (1, 1, 1)
    assert request.complete
    assert request.time <= time.monotonic()


def test_a_chunked_request_is_put_together(connect):
    with FaultServer() as server:
        client = connect(server)
        client.socket.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.socket.sendall(b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n")
        assert client.answer()[0] == 200
        assert server.requests[0].body == b"abcde"
        assert client.post(b"next").answer()[0] == 200


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01 not http\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"x" * 200_000,
    ],
)
def test_junk_gets_a_400_and_does_not_disturb_the_server(connect, junk):
    with FaultServer() as server:
        client = connect(server)
        client.socket.sendall(junk)
        assert client.answer()[0] == 400
        assert client.read_to_end() == b""
        assert not server.requests[0].complete
        assert fetch(server) == b"{}"
        assert server.ledger == {"": 1}


def test_a_request_cut_short_is_recorded_as_far_as_it_came(connect):
    with FaultServer() as server:
        client = connect(server)
        client.socket.sendall(b"POST /half HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.read_to_end() == b""
        (request,) = server.wait_for_requests(1)
    assert (request.path, request.body, request.complete) == ("/half", b"abc", False)
    assert server.ledger == {}


def test_scripts_are_played_in_order_and_then_the_rest():
    with FaultServer(InOrder(Answer(json=1), Answer(json=2), then=Answer(json="rest"))) as server:
        assert [fetch(server) for _ in range(4)] == [b"1", b"2", b'"rest"', b'"rest"']


def test_a_function_answers_by_what_was_asked():
    def script(request: ReceivedRequest, number: int) -> Answer:
        return Answer(json=[number, request.headers["x-name"]])

    with FaultServer(script) as server:
        assert fetch(server, **{"X-Name": "a"}) == b'[1, "a"]'
        assert fetch(server, **{"X-Name": "b"}) == b'[2, "b"]'


def test_a_function_that_raises_fails_the_test_and_not_the_server():
    def script(request, number):
        return Answer(json=1 // (number - 1))

    server = FaultServer(script).start()
    try:
        assert fetch(server) == b"script"
        assert fetch(server) == b"1"
    finally:
        server.close()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        server.raise_script_errors()


def test_a_failure_within_the_block_is_not_hidden_by_one_of_the_script():
    def script(request, number):
        raise RuntimeError("second")

    def test() -> None:
        with FaultServer(script) as server:
            assert fetch(server) == b"first"

    with pytest.raises(AssertionError, match="first"):
        test()


def test_the_script_can_be_changed_while_the_server_runs(connect):
    with FaultServer(Answer(503)) as server:
        client = connect(server)
        assert client.post().answer()[0] == 503
        server.play(Answer(200))
        assert client.post().answer()[0] == 200


def test_connections_are_counted_as_they_come_and_go(connect):
    with FaultServer() as server:
        clients = [connect(server) for _ in range(3)]
        server.wait_for_connections(3)
        assert (server.connections, server.open_connections) == (3, 3)
        for client in clients:
            client.socket.close()
        server.wait_until_deserted()
        assert (server.connections, server.open_connections) == (3, 0)


def test_connections_can_be_scripted_by_their_order(connect):
    with FaultServer(on_connect=InOrder(Reset(), then=())) as server:
        with pytest.raises(ConnectionResetError):
            connect(server).read(1)
        assert connect(server).post().answer() == (200, b"{}")


def test_the_sent_bytes_are_counted(connect):
    answer = Answer(json=1)
    with FaultServer(answer) as server:
        client = connect(server)
        client.post().answer()
        client.socket.close()
        server.wait_until_deserted()
        assert server.bytes_sent == len(answer.wire())


def test_executions_are_counted_by_key():
    with FaultServer(InOrder(Answer(), (NotExecuted(), Answer(503)), then=Answer())) as server:
        for key in ("a", "a", "a", "b"):
            fetch(server, **{"Idempotency-Key": key})
        fetch(server)
        assert server.ledger == {"a": 2, "b": 1, "": 1}


def test_a_lost_answer_counts_as_an_execution(connect):
    with FaultServer(Reset()) as server:
        with pytest.raises(ConnectionResetError):
            connect(server).post(Idempotency_Key="k").read(1)
        assert server.ledger == {"k": 1}


def test_only_the_last_requests_are_kept_when_asked():
    with FaultServer(keep=2) as server:
        for _ in range(5):
            fetch(server)
        assert [request.number for request in server.requests] == [4, 5]
        assert server.request_count == 5


def test_idle_connections_can_be_dropped_with_fin_or_reset(connect):
    with FaultServer() as server:
        first, second = connect(server), connect(server)
        first.post().answer()
        server.wait_for_connections(2)
        server.drop_connections()
        assert first.read_to_end() == second.read_to_end() == b""
        third = connect(server)
        third.post().answer()
        server.drop_connections(reset=True)
        with pytest.raises(ConnectionResetError):
            third.read(1)
        assert server.open_connections == 0
        server.drop_connections()


def test_a_refusing_server_keeps_its_port_and_its_open_connections(connect):
    with FaultServer() as server:
        client = connect(server)
        client.post().answer()
        for _ in range(20):
            server.refuse()
            server.refuse()
            with pytest.raises(ConnectionRefusedError):
                connect(server)
            assert client.post().answer() == (200, b"{}")
            server.restore()
            server.restore()
            assert connect(server).post().answer() == (200, b"{}")


def test_a_new_server_takes_the_port_of_an_old_one(connect):
    with FaultServer() as first:
        client = connect(first)
        client.post().answer()
    with FaultServer(Answer(json="new"), port=first.port) as second:
        assert client.read_to_end() == b""
        assert connect(second).post().answer() == (200, b'"new"')


def test_a_port_in_use_is_an_error_that_leaves_nothing_behind():
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = FaultServer(port=other.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            server.start()
        server.close()


def test_a_server_listens_on_ipv6(connect):
    with FaultServer(host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert server.url_for("localhost") == f"http://localhost:{server.port}"
        assert connect(server).post().answer() == (200, b"{}")


def test_a_server_starts_once_and_closes_as_often_as_one_likes():
    server = FaultServer().start()
    with pytest.raises(RuntimeError, match="make a new one"):
        server.start()
    server.close()
    server.close()
    with pytest.raises(RuntimeError, match="not running"):
        server.drop_connections()
    FaultServer().close()


def test_waiting_in_vain_says_what_was_seen(connect):
    with FaultServer() as server:
        connect(server).post().answer()
        with pytest.raises(
            TimeoutError, match=r"no 2 requests within 0.01 s: 1 requests, 1 connections, 1 of"
        ):
            server.wait_for_requests(2, timeout=0.01)
        with pytest.raises(TimeoutError, match="no 2 connections"):
            server.wait_for_connections(2, timeout=0.01)
        with pytest.raises(TimeoutError, match="no end of all connections"):
            server.wait_until_deserted(timeout=0.01)


def test_two_hundred_connections_are_served_at_once():
    gate = Gate()
    with FaultServer((WaitFor(gate), Answer(json=1))) as server, ThreadPoolExecutor(200) as pool:
        answers = [pool.submit(fetch, server) for _ in range(200)]
        server.wait_for_requests(200, timeout=20)
        assert server.open_connections == 200
        gate.open()
        assert {answer.result(20) for answer in answers} == {b"1"}


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_connections_one_after_the_other_leave_nothing_behind(count, descriptors):
    with FaultServer(InOrder(*[Answer(json=1), Reset()] * (count // 2)), keep=10) as server:
        fetch(server)
        gc.collect()
        before = descriptors()
        for _ in range(count - 1):
            try:
                assert fetch(server) == b"1"
            except (ConnectionResetError, http.client.RemoteDisconnected):
                continue
        server.wait_until_deserted()
        assert server.connections == server.request_count == count
        assert descriptors() <= before


def test_closing_ends_connections_in_every_state(connect):
    with FaultServer(Hang()) as server:
        idle, busy, half = connect(server), connect(server), connect(server)
        busy.post()
        half.socket.sendall(b"POST / HT")
        server.wait_for_connections(3)
        server.wait_for_requests(1)
        assert "mm-fault-server" in {thread.name for thread in threading.enumerate()}
    assert idle.read_to_end() == busy.read_to_end() == b""
    assert half.read_to_end() == b""


@pytest.fixture
def no_more_descriptors():
    """Give a function that uses up what descriptors there are, and one that gives them back."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []

    def exhaust() -> None:
        highest = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
        with suppress(OSError):
            while True:
                taken.append(os.open("/dev/null", os.O_RDONLY))

    def relieve() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        while taken:
            os.close(taken.pop())

    yield exhaust, relieve
    relieve()


def test_a_shortage_of_file_descriptors_is_waited_out(no_more_descriptors):
    exhaust, relieve = no_more_descriptors
    with FaultServer() as server, socket.socket() as client:
        client.settimeout(0.1)
        exhaust()
        client.connect((server.host, server.port))
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)
        relieve()
        client.settimeout(10)
        assert client.recv(15) == b"HTTP/1.1 200 OK"
