"""How the servers behave on connections: many, long, cut, chunked."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.example_server.other_languages.hosting import texts
from tests.example_server.running import JSON, RunningServer, exchange_over


def test_fifty_concurrent_requests_each_get_their_own_answer(server: RunningServer) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: server.post({"action": f"marker_{number}"}), range(50)))
    assert [texts(answer) for answer in answers] == [
        [f"Invoking marker_{number} on custom server."] for number in range(50)
    ]


def test_a_hundred_requests_share_one_connection(server: RunningServer) -> None:
    connection = server.connect()
    try:
        connection.connect()
        first = connection.sock
        for number in range(100):
            body = b'{"action": "\xff"}' if number == 50 else b'{"action": "a"}'
            answer = exchange_over(connection, "POST", "/action", body, JSON)
            assert answer.status == (400 if number == 50 else 200)
            assert connection.sock is first
    finally:
        connection.close()


def test_a_chunked_body_is_taken(server: RunningServer) -> None:
    connection = server.connect()
    try:
        connection.request("POST", "/action", iter([b'{"acti', b'on": ', b'"a"}']), JSON, encode_chunked=True)
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def _receive_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_client_that_waits_for_continue_is_told_to(server: RunningServer) -> None:
    body = b'{"action": "a"}'
    head = (
        "POST /action HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"HTTP/1.1 200 " in _receive_all(connection)


@pytest.mark.parametrize("sent", [b"POST /action HTTP/1.1\r\nHost: l\r\nContent-Len", b'{"action": "list_'])
def test_a_client_that_leaves_early_does_no_harm(server: RunningServer, sent: bytes) -> None:
    head = (
        b"POST /action HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(sent if sent.startswith(b"POST") else head + sent)
    assert server.post({"action": "a"}).status == 200
