"""Each step of a script, seen from the other end of a real socket."""

from __future__ import annotations

import http.client
import time

import pytest

from mm_actions.testing import (
    Answer,
    Close,
    Do,
    Dribble,
    Endless,
    FaultServer,
    Gate,
    HalfClose,
    Hang,
    Informational,
    InOrder,
    ReadBytes,
    ReadHead,
    ReadRequest,
    Reset,
    Send,
    Wait,
    WaitFor,
)


def fetch(server: FaultServer) -> tuple[http.client.HTTPResponse, bytes]:
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        client.request("POST", "/", body=b"{}")
        answer = client.getresponse()
        return answer, answer.read()
    finally:
        client.close()


def test_an_answer_is_understood_by_an_http_client():
    with FaultServer(Answer(json={"slots": {"a": 1}}, headers={"X-Thing": "yes"})) as server:
        answer, body = fetch(server)
    assert (answer.status, answer.reason, body) == (200, "OK", b'{"slots": {"a": 1}}')
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Thing"] == "yes"


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_every_framing_carries_the_same_body(framing):
    with FaultServer(Answer(body=b"0123456789", framing=framing, chunk_size=3)) as server:
        assert fetch(server)[1] == b"0123456789"


def test_a_204_has_neither_length_nor_type(connect):
    with FaultServer(Answer(204)) as server:
        head = connect(server).post().read_past(b"\r\n\r\n")
    assert head == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_a_header_may_be_repeated_and_a_status_unknown(connect):
    with FaultServer(Answer(599, headers=[("A", "1"), ("A", "2")], version="HTTP/1.0")) as server:
        head = connect(server).post().read_past(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 599 Unassigned\r\nA: 1\r\nA: 2\r\n")


def test_a_reason_phrase_may_be_given(connect):
    with FaultServer(Answer(200, reason="Fine")) as server:
        assert connect(server).post().read_past(b"\r\n") == b"HTTP/1.1 200 Fine\r\n"


def test_a_declared_length_may_be_a_lie():
    script = (Answer(body=b"short", declared_length=100), Close())
    with FaultServer(script) as server, pytest.raises(http.client.IncompleteRead):
        fetch(server)


def test_chunks_may_miss_their_end():
    script = (Answer(body=b"part", framing="chunked", last_chunk=False), Close())
    with FaultServer(script) as server, pytest.raises(http.client.IncompleteRead):
        fetch(server)


def test_sent_bytes_arrive_as_they_are(connect):
    with FaultServer((Send(b"\x00\xffnot http"), Close())) as server:
        assert connect(server).post().read_to_end() == b"\x00\xffnot http"


def test_an_answer_can_be_cut_anywhere(connect):
    wire = Answer(json={"a": 1}).wire()
    with FaultServer((Send(wire[:30]), Close())) as server:
        assert connect(server).post().read_to_end() == wire[:30]


def test_a_reset_reaches_the_client_as_a_reset(connect):
    with FaultServer(Reset()) as server, pytest.raises(ConnectionResetError):
        connect(server).post().read(1)


def test_a_reset_may_come_within_the_answer(connect):
    gate = Gate()
    script = (Send(b"HTTP/1.1 200 OK\r\nContent-"), WaitFor(gate), Reset())
    with FaultServer(script) as server:
        client = connect(server).post()
        assert client.read(25) == b"HTTP/1.1 200 OK\r\nContent-"
        gate.open()
        with pytest.raises(ConnectionResetError):
            client.read(1)


def test_a_connection_may_be_reset_on_arrival(connect):
    with FaultServer(on_connect=Reset()) as server:
        with pytest.raises(ConnectionResetError):
            connect(server).read(1)
        assert server.requests == []


def test_a_close_is_a_fin_even_with_unread_bytes(connect):
    with FaultServer((ReadBytes(4), Close())) as server:
        assert connect(server).post().read_to_end() == b""
        (request,) = server.requests
    assert (request.complete, request.method) == (False, "")


def test_a_half_closed_connection_can_still_be_read(connect):
    with FaultServer((ReadHead(), Send(b"bye"), HalfClose(), ReadRequest(), Close())) as server:
        client = connect(server)
        client.socket.sendall(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n")
        assert client.read_to_end() == b"bye"
        client.socket.sendall(b"late")
        server.wait_until_deserted()
        assert server.requests[0].body == b"late"


def test_a_wait_lasts_as_long_as_it_says():
    with FaultServer((Wait(0.2), Answer(json=1))) as server:
        began = time.monotonic()
        assert fetch(server)[1] == b"1"
        assert 0.2 <= time.monotonic() - began < 2


def test_a_wait_ends_when_the_server_closes(connect):
    with FaultServer(Wait(600)) as server:
        client = connect(server).post()
        server.wait_for_requests(1)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert client.read_to_end() == b""


@pytest.mark.parametrize("step", [Wait(600), Hang(), WaitFor(Gate())], ids=["wait", "hang", "gate"])
def test_a_pause_ends_when_the_client_leaves(connect, step):
    with FaultServer(step) as server:
        client = connect(server).post()
        server.wait_for_requests(1)
        client.socket.close()
        server.wait_until_deserted()


def test_a_pause_may_outlive_the_client(connect):
    gate, done = Gate(), []
    with FaultServer((WaitFor(gate, watch=False), Do(lambda: done.append(True)))) as server:
        client = connect(server).post()
        server.wait_for_requests(1)
        client.socket.close()
        gate.open()
        server.wait_until_deserted()
    assert done == [True]


def test_a_hang_never_answers(connect):
    with FaultServer(Hang()) as server:
        client = connect(server).post()
        server.wait_for_requests(1)
        client.socket.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.read(1)


def test_a_hang_without_a_watch_reads_nothing(connect):
    with FaultServer((ReadBytes(0), Hang(watch=False))) as server:
        client = connect(server)
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.sendall(b"x" * (64 << 20))


def test_a_gate_holds_the_answer_until_the_test_opens_it(connect):
    gate = Gate()
    with FaultServer((WaitFor(gate), Answer(json="open"))) as server:
        first, second = connect(server).post(), connect(server).post()
        server.wait_for_requests(2)
        assert server.bytes_sent == 0
        gate.open()
        assert first.answer() == second.answer() == (200, b'"open"')
        assert gate.is_open
        assert connect(server).post().answer() == (200, b'"open"')


def test_dribbled_bytes_come_one_after_the_other(connect):
    with FaultServer((Dribble(b"abcd", chunk=1, interval=0.05), Close())) as server:
        client = connect(server).post()
        began = time.monotonic()
        assert [client.read(1), client.read(1), client.read(1), client.read(1)] == [b"a", b"b", b"c", b"d"]
        assert time.monotonic() - began >= 0.1


def test_a_whole_answer_can_be_dribbled():
    with FaultServer(Dribble(Answer(json=[1]), chunk=20, interval=0.01)) as server:
        assert fetch(server)[1] == b"[1]"


def test_an_endless_body_stops_when_the_client_leaves(connect):
    with FaultServer(Endless()) as server:
        client = connect(server).post()
        client.read(1 << 20)
        client.socket.close()
        server.wait_until_deserted()
        assert 1 << 20 <= server.bytes_sent < 64 << 20


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_endless_body_has_a_limit(framing):
    with FaultServer(Endless(b"ab", limit=7, framing=framing, prefix=b'"')) as server:
        answer, body = fetch(server)
    assert body == b'"ababab'
    assert (answer.headers["Content-Length"] == "7") is (framing == "length")


def test_a_storm_of_interim_responses_precedes_the_answer(connect):
    with FaultServer((Informational(103, 1000, {"Link": "x"}), Answer(json=1))) as server:
        client = connect(server).post()
        for _ in range(1000):
            assert client.read_past(b"\r\n\r\n") == b"HTTP/1.1 103 Interim\r\nLink: x\r\n\r\n"
        assert client.answer() == (200, b"1")


def test_only_the_head_may_be_read(connect):
    with FaultServer((ReadHead(), Answer(413), Close())) as server:
        client = connect(server)
        client.socket.sendall(b"POST /big HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
        assert client.answer()[0] == 413
        (request,) = server.requests
    assert (request.path, request.body, request.complete) == ("/big", b"", False)


def test_a_head_among_the_bytes_read_is_understood(connect):
    with FaultServer((ReadBytes(42), Reset())) as server:
        client = connect(server)
        client.socket.sendall(b"PUT /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabcdefghi")
        server.wait_until_deserted()
        (request,) = server.requests
    assert (request.method, request.path, request.body, request.complete) == ("PUT", "/a", b"abcd", False)


def test_bytes_read_first_belong_to_the_request_read_later(connect):
    with FaultServer((ReadBytes(3), ReadRequest(), Answer(json=1))) as server:
        assert connect(server).post(b"abc").answer() == (200, b"1")
        (request,) = server.requests
    assert (request.method, request.body, request.complete) == ("POST", b"abc", True)


@pytest.mark.parametrize("send_continue", [True, False])
def test_an_expectation_is_met_unless_the_script_says_otherwise(connect, send_continue):
    with FaultServer((ReadRequest(send_continue), Answer(json=1))) as server:
        client = connect(server)
        client.socket.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        if send_continue:
            assert client.read_past(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.socket.sendall(b"ab")
        assert client.answer() == (200, b"1")
        assert server.requests[0].body == b"ab"


def test_a_connection_carries_one_request_after_the_other(connect):
    with FaultServer(InOrder(Answer(json=1), (Answer(json=2), Close()))) as server:
        client = connect(server)
        assert client.post().answer() == (200, b"1")
        assert client.post().answer() == (200, b"2")
        assert client.read_to_end() == b""
        assert [request.number_on_connection for request in server.requests] == [1, 2]
        assert server.connections == 1


@pytest.mark.parametrize("step", [Answer(headers={"Connection": "close"}), Answer(framing="close")])
def test_an_answer_that_says_close_ends_the_connection(connect, step):
    with FaultServer(step) as server:
        assert connect(server).post().read_to_end().startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_asks_for_the_end_gets_it(connect):
    with FaultServer() as server:
        assert connect(server).post(Connection="close").read_to_end().endswith(b"{}")


def test_an_idle_connection_is_closed_in_time(connect):
    with FaultServer(idle_timeout=0.05) as server:
        client = connect(server)
        assert client.post().answer() == (200, b"{}")
        assert client.read_to_end() == b""


def test_a_script_holds_nothing_but_steps(connect):
    server = FaultServer(("answer",)).start()
    try:
        assert connect(server).post().read_to_end() == b""
    finally:
        server.close()
    with pytest.raises(AssertionError, match="not a step") as caught:
        server.raise_script_errors()
    assert isinstance(caught.value.__cause__, TypeError)
