"""How answers leave: a whole one at once, and what is special in uvicorn's own way."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import PATIENCE, Served

from mm_actions.server import ActionServer
from mm_actions.server.errors import ActionError
from mm_actions.server.serving.running import ServerThread, config_of

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"action": "%b"}'
KEEP_ALIVE = 0.5


@pytest.fixture(scope="module")
def door() -> Iterator[Served]:
    server = ActionServer(drain=0)

    @server.action
    async def hello(request, responder):
        responder.reply("Hello.")

    @server.action
    async def large(request, responder):
        responder.frame["text"] = "z" * 200_000

    @server.action
    async def splits(request, responder):
        raise ActionError(409, headers={"X-Found": "a\r\nset-cookie: b"})

    config = config_of(server)
    config.timeout_keep_alive = KEEP_ALIVE
    with ServerThread(server, config, "127.0.0.1", 0) as running:
        yield Served(running.url)


def message(action: bytes, *headers: bytes, method: bytes = b"POST", path: bytes = b"/action") -> bytes:
    body = BODY % action if method == b"POST" else b""
    head = (
        b"%b %b HTTP/1.1" % (method, path),
        b"host: a",
        b"content-type: application/json",
        b"content-length: %d" % len(body),
        *headers,
    )
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def answer(connection: socket.socket, method: str = "POST") -> tuple[http.client.HTTPResponse, bytes]:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response, response.read()


def test_a_small_answer_arrives_in_one_piece(door):
    with door.raw() as connection:
        for _ in range(20):
            connection.sendall(message(b"hello"))
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\ndate: ")
            assert b"\r\ncontent-length: %d" % len(body) in head
            assert b"Hello." in body


def test_a_request_that_arrives_byte_by_byte_is_answered(door):
    with door.raw() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in message(b"hello"):
            connection.sendall(bytes((byte,)))
        assert answer(connection)[0].status == 200


def test_a_client_that_waits_for_100_is_told_to_go_on(door):
    request = message(b"hello", b"expect: 100-continue")
    head, body = request[: -len(BODY % b"hello")], BODY % b"hello"
    with door.raw() as connection:
        connection.sendall(head)
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert answer(connection)[0].status == 200
        connection.sendall(request)
        assert b"Hello." in answer(connection)[1]


def test_an_answer_too_large_to_be_copied_arrives_whole(door):
    with door.raw() as connection:
        for _ in range(3):
            connection.sendall(message(b"large"))
            response, body = answer(connection)
            assert (response.status, body.count(b"z")) == (200, 200_000)


def test_requests_that_do_not_wait_for_answers_are_answered_in_order(door):
    with door.raw() as connection:
        connection.sendall(message(b"hello") + message(b"large") + message(b"nobody") + message(b"hello"))
        received = b""
        while received.count(b"Hello.") < 2:
            received += connection.recv(65_536)
        found = [received.index(part) for part in (b"Hello.", b"zzz", b"Unknown action")]
        assert found == sorted(found)
        assert received.rindex(b"Hello.") > found[-1]


def test_a_head_has_no_body(door):
    with door.raw() as connection:
        connection.sendall(message(b"", method=b"HEAD", path=b"/healthz"))
        response, body = answer(connection, "HEAD")
        assert (response.status, body) == (200, b"")
        assert int(response.headers["content-length"]) > 0
        connection.sendall(message(b"hello"))
        assert answer(connection)[0].status == 200


def test_the_connection_of_who_asks_for_its_end_is_closed_after_the_answer(door):
    with door.raw() as connection:
        connection.sendall(message(b"hello", b"connection: close"))
        assert b"Hello." in answer(connection)[1]
        assert connection.recv(1) == b""


def test_no_header_can_be_split(door):
    with door.raw() as connection:
        connection.sendall(message(b"splits"))
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert b"set-cookie" not in received


def test_a_connection_is_closed_once_it_has_been_quiet_for_so_long(door):
    with door.raw() as connection:
        connection.settimeout(PATIENCE)
        for _ in range(2):
            last = time.monotonic()
            connection.sendall(message(b"hello"))
            assert answer(connection)[0].status == 200
        assert connection.recv(1) == b""
        assert time.monotonic() - last >= KEEP_ALIVE * 0.9
