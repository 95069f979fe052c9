"""Each fault of the proxy, seen from both ends of real sockets."""

from __future__ import annotations

import http.client
import os
import socket
import time

import pytest

from mm_actions.testing import (
    Answer,
    Bandwidth,
    BlackHole,
    Close,
    Direction,
    FaultProxy,
    FaultServer,
    Hang,
    Latency,
    LimitData,
    ResetPeer,
    Send,
    Slicer,
    SlowClose,
)


@pytest.fixture
def server():
    with FaultServer(lambda request, number: Answer(body=request.body)) as server:
        yield server


@pytest.fixture
def proxy(server):
    with FaultProxy(server.host, server.port) as proxy:
        yield proxy


def test_without_faults_bytes_go_through_unchanged(connect, server, proxy):
    body = os.urandom(3 << 20)
    client = connect(proxy)
    assert client.post(body).answer() == (200, body)
    assert client.post(b"again").answer() == (200, b"again")
    assert (proxy.connections, proxy.open_connections) == (1, 1)
    proxy.wait_for_bytes(len(body), "downstream")
    client.socket.close()
    server.wait_until_deserted()
    proxy.wait_until_deserted()
    assert proxy.bytes_upstream > len(body)
    assert proxy.bytes_downstream == server.bytes_sent


def test_both_ends_of_the_connection_go_through(connect, server, proxy):
    server.play((Send(b"bye"), Close()))
    client = connect(proxy)
    assert client.post().read_to_end() == b"bye"
    client.socket.close()
    client = connect(proxy)
    server.wait_for_connections(2)
    client.socket.close()
    server.wait_until_deserted()
    proxy.wait_until_deserted()


def test_an_http_client_finds_the_proxy_by_its_url(proxy):
    client = http.client.HTTPConnection(proxy.url.removeprefix("http://"), timeout=10)
    try:
        client.request("POST", "/", body=b"{}")
        assert client.getresponse().read() == b"{}"
    finally:
        client.close()


@pytest.mark.parametrize("direction", ["upstream", "downstream", None])
def test_latency_delays_each_direction(connect, proxy, direction):
    proxy.add(Latency(0.1), direction)
    client = connect(proxy)
    began = time.monotonic()
    assert client.post().answer() == (200, b"{}")
    assert time.monotonic() - began >= (0.2 if direction is None else 0.1)


def test_latency_does_not_limit_the_rate(connect, proxy):
    proxy.add(Latency(0.2))
    client = connect(proxy)
    began = time.monotonic()
    assert len(client.post(b"x" * (2 << 20)).answer()[1]) == 2 << 20
    assert time.monotonic() - began < 3  # one piece after the other would take more than 6 s


def test_jitter_keeps_the_order_and_repeats_with_the_seed(connect, server):
    def delays() -> list[float]:
        with FaultProxy(server.host, server.port, seed=7) as proxy:
            proxy.add(Latency(0.1, jitter=0.1))
            client = connect(proxy)
            found = []
            for _ in range(4):
                began = time.monotonic()
                assert client.post().answer() == (200, b"{}")
                found.append(time.monotonic() - began)
            return found

    first, second = delays(), delays()
    assert max(first) - min(first) > 0.02
    assert all(abs(one - other) < 0.1 for one, other in zip(first, second, strict=True))


def test_bandwidth_is_limited(connect, proxy):
    proxy.add(Bandwidth(100_000))
    client = connect(proxy)
    began = time.monotonic()
    assert len(client.post(b"x" * 30_000).answer()[1]) == 30_000
    assert 0.3 <= time.monotonic() - began < 3


def test_a_slicer_cuts_bytes_into_segments(connect, proxy):
    proxy.add(Slicer(size=10, delay=0.01))
    client = connect(proxy).post(b"0123456789" * 3)
    pieces = []
    while not b"".join(pieces).endswith(b"\r\n\r\n" + b"0123456789" * 3):
        pieces.append(client.socket.recv(65536))
    assert all(len(piece) % 10 == 0 for piece in pieces[:-1])
    assert len(pieces) > 3


def test_a_slow_close_passes_the_end_on_later(connect, server, proxy):
    server.play((Send(b"bye"), Close()))
    proxy.add(SlowClose(0.2))
    client = connect(proxy).post()
    assert client.read(3) == b"bye"
    began = time.monotonic()
    assert client.read_to_end() == b""
    assert time.monotonic() - began >= 0.15


def test_a_slow_close_ends_when_it_is_lifted(connect, server, proxy):
    server.play((Send(b"bye"), Close()))
    proxy.add(SlowClose(600))
    client = connect(proxy).post()
    assert client.read(3) == b"bye"
    proxy.clear()
    assert client.read_to_end() == b""


def test_a_reset_at_once_hits_new_and_open_connections(connect, server, proxy):
    client = connect(proxy)
    client.post().answer()
    proxy.add(ResetPeer())
    with pytest.raises(ConnectionResetError):
        client.read(1)
    with pytest.raises(ConnectionResetError):
        connect(proxy).read(1)
    server.wait_until_deserted()


@pytest.mark.parametrize("count", [0, 1, 40])
def test_a_reset_comes_after_so_many_bytes(connect, proxy, count):
    client = connect(proxy)
    proxy.wait_for_connections(1)
    proxy.add(ResetPeer(after_bytes=count))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.post().read_to_end()
    proxy.wait_until_deserted()
    assert proxy.bytes_downstream == count


def test_a_reset_comes_after_so_many_seconds(connect, server, proxy):
    server.play(Hang())
    proxy.add(ResetPeer(after_seconds=0.1))
    began = time.monotonic()
    with pytest.raises(ConnectionResetError):
        connect(proxy).post().read(1)
    assert 0.1 <= time.monotonic() - began < 2


def test_the_earlier_of_two_reset_limits_counts(connect, server, proxy):
    server.play(Hang())
    proxy.add(ResetPeer(after_bytes=1_000_000, after_seconds=0.05))
    with pytest.raises(ConnectionResetError):
        connect(proxy).post().read(1)


def test_a_black_hole_swallows_requests_and_answers(connect, server, proxy):
    client = connect(proxy)
    client.post().answer()
    client.socket.settimeout(0.1)
    proxy.add(BlackHole(), Direction.UPSTREAM)
    with pytest.raises(TimeoutError):
        client.post().read(1)
    assert server.request_count == 1
    proxy.clear()
    proxy.add(BlackHole(), "downstream")
    with pytest.raises(TimeoutError):
        client.post().read(1)
    assert server.wait_for_requests(2)[1].complete


def test_a_black_hole_hides_the_end_of_the_connection_until_it_is_lifted(connect, server, proxy):
    client = connect(proxy)
    client.post().answer()
    proxy.add(BlackHole(), None)
    server.drop_connections()
    client.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.read(1)
    client.socket.settimeout(10)
    proxy.remove(BlackHole())
    assert client.read_to_end() == b""


def test_a_black_hole_may_close_after_a_while(connect, proxy):
    proxy.add(BlackHole(seconds=0.1))
    began = time.monotonic()
    assert connect(proxy).post().read_to_end() == b""
    assert 0.1 <= time.monotonic() - began < 2


@pytest.mark.parametrize("count", [0, 20])
def test_data_can_be_limited(connect, proxy, count):
    proxy.add(LimitData(count))
    client = connect(proxy)
    if count:
        client.post()
    assert client.read_to_end() == b"HTTP/1.1 200 OK\r\nContent-Type"[:count]


def test_data_can_be_limited_on_the_way_up(connect, server, proxy):
    proxy.add(LimitData(10), "upstream")
    assert connect(proxy).post().read_to_end() == b""
    (request,) = server.wait_for_requests(1)
    assert not request.complete


def test_faults_change_while_bytes_are_under_way(connect, proxy):
    proxy.add(Latency(600))
    client = connect(proxy).post()
    proxy.wait_for_bytes(1, "upstream")
    assert proxy.toxics == ((Latency(600), Direction.DOWNSTREAM),)
    proxy.remove(Latency(600))
    assert client.answer() == (200, b"{}")
    assert proxy.toxics == ()


def test_faults_can_be_chosen_before_the_start(connect, server):
    proxy = FaultProxy(server.host, server.port)
    proxy.add(ResetPeer())
    with proxy, pytest.raises(ConnectionResetError):
        connect(proxy).read(1)


def test_several_faults_work_together_without_harm_to_the_bytes(connect, proxy):
    for toxic in (Latency(0.01, jitter=0.005), Slicer(100), Bandwidth(200_000)):
        proxy.add(toxic, None)
    body = os.urandom(20_000)
    assert connect(proxy).post(body).answer() == (200, body)


def test_a_refusing_proxy_comes_back_on_its_port(connect, proxy):
    client = connect(proxy)
    client.post().answer()
    for _ in range(20):
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
        assert client.post().answer() == (200, b"{}")
        proxy.restore()
        assert connect(proxy).post().answer() == (200, b"{}")


def test_a_server_that_refuses_shows_as_a_reset(connect, server, proxy):
    server.refuse()
    with pytest.raises(ConnectionResetError):
        connect(proxy).read(1)


def test_a_reset_of_the_server_reaches_the_client(connect, server, proxy):
    client = connect(proxy)
    client.post().answer()
    server.drop_connections(reset=True)
    with pytest.raises(ConnectionResetError):
        client.read(1)


def test_tls_goes_through_as_it_is(connect, ca):
    with (
        FaultServer(Answer(json=1), ssl_context=ca.server().server_context()) as server,
        FaultProxy(server.host, server.port) as proxy,
    ):
        proxy.add(Slicer(50), None)
        assert connect(proxy, ca.context()).post().answer() == (200, b"1")


def test_a_proxy_works_on_ipv6(connect):
    with FaultServer(host="::1") as server, FaultProxy("::1", server.port, host="::1") as proxy:
        assert proxy.url == f"http://[::1]:{proxy.port}"
        assert connect(proxy).post().answer() == (200, b"{}")


def test_closing_ends_every_connection(connect, server):
    with FaultProxy(server.host, server.port) as proxy:
        proxy.add(Latency(600))
        clients = [connect(proxy).post() for _ in range(10)]
        server.wait_for_requests(10)
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert [client.read_to_end() for client in clients] == [b""] * 10
    proxy.close()
    with pytest.raises(RuntimeError, match="make a new one"):
        proxy.start()


def test_waiting_in_vain_says_what_was_seen(connect, proxy):
    connect(proxy).post().answer()
    with pytest.raises(TimeoutError, match=r"no 2 connections within 0.01 s: 1 connections, 1 of them open"):
        proxy.wait_for_connections(2, timeout=0.01)
    with pytest.raises(TimeoutError, match="no 5000 bytes upstream"):
        proxy.wait_for_bytes(5000, "upstream", timeout=0.01)
    with pytest.raises(TimeoutError, match="no end of all connections"):
        proxy.wait_until_deserted(timeout=0.01)


def test_many_connections_leave_nothing_behind(server, proxy):
    proxy.add(LimitData(10))
    for _ in range(500):
        with socket.create_connection((proxy.host, proxy.port), timeout=10) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert client.recv(100, socket.MSG_WAITALL) == b"HTTP/1.1 2"
    proxy.wait_until_deserted()
    server.wait_until_deserted()
