"""What a stream refuses before its first line is refused as any other call is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import JSON, Served, assert_problem, read

from mm_actions.server import ActionError, ActionServer, BearerTokens, SignedBodies

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[[ActionServer], Served]

STREAM = "/action/stream"


@pytest.fixture
def served(serve: Serve) -> Served:
    server = ActionServer(drain=0, max_body=10_000, body_timeout=0.2)

    @server.action
    async def hello(request, responder, size: int = 1):
        responder.reply("Hello.")
        await responder.flush()

    @server.action
    def fail(request, responder):
        raise ActionError(418, "Teapot", headers={"X-Pot": "brown"}, retry_after=3)

    @server.action
    def broken(request, responder):
        raise ValueError("swordfish")
        yield

    return serve(server)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"x"',
        b"\xff",
        b'{"action": ""}',
        b'{"action": 5}',
        b"{}",
        b"[" * 9000,
        b'{"action": "hello", "request": []}',
        b'{"action": "hello", "responder": {"frame": 5}}',
    ],
    ids=lambda body: body[:30].decode("latin-1"),
)
def test_a_body_that_is_no_invocation_is_a_bad_request(served: Served, body: bytes) -> None:
    assert_problem(served.post(body, STREAM), 400)
    assert served.post({"action": "hello"}, STREAM).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {**JSON, "Content-Encoding": "gzip"},
    ],
    ids=str,
)
def test_a_body_of_another_type_is_not_supported(served: Served, headers: dict[str, str]) -> None:
    assert_problem(served.exchange("POST", STREAM, b'{"action": "hello"}', headers), 415)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_there_is_no_other_method_than_post(served: Served, method: str) -> None:
    answer = served.exchange(method, STREAM)
    assert answer.status == 405
    assert answer.headers["allow"] == "POST"


def test_a_body_that_is_too_large_or_too_slow_is_given_up(served: Served) -> None:
    assert_problem(served.post(b'{"action": "hello"}' + b" " * 10_000, STREAM), 413)
    with served.raw() as sock:
        sock.sendall(
            b"POST /action/stream HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b'Content-Length: 19\r\n\r\n{"action"'
        )
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_an_unknown_action_is_not_found(served: Served) -> None:
    answer = served.post({"action": "fly"}, STREAM)
    assert_problem(answer, 404)
    assert answer.json["type"] == "urn:mm-actions:problem:unknown-action"


def test_what_a_handler_raises_before_the_first_line_has_a_status_of_its_own(served: Served) -> None:
    answer = served.post({"action": "fail"}, STREAM)
    assert_problem(answer, 418)
    assert (answer.headers["x-pot"], answer.headers["retry-after"]) == ("brown", "3")
    broken = served.post({"action": "broken"}, STREAM)
    assert_problem(broken, 500)
    assert b"swordfish" not in broken.body


def test_an_argument_that_does_not_fit_is_named(served: Served) -> None:
    answer = served.post({"action": "hello", "responder": {"slots": {"size": "x"}}}, STREAM)
    assert_problem(answer, 422)
    assert answer.json["errors"][0]["pointer"] == "/responder/slots/size"


@pytest.mark.parametrize(("name", "value"), [("X-MM-Timeout-Ms", "soon"), ("Idempotency-Key", "x" * 256)])
def test_a_header_that_makes_no_sense_is_a_bad_request(served: Served, name: str, value: str) -> None:
    answer = served.exchange("POST", STREAM, b'{"action": "hello"}', {**JSON, name: value})
    assert_problem(answer, 400)


def test_a_connection_goes_on_after_a_refusal(served: Served) -> None:
    connection = served.connect()
    for body, status in ((b"{", 400), (b'{"action": "fly"}', 404), (b'{"action": "hello"}', 200)) * 2:
        connection.request("POST", STREAM, body, JSON)
        assert read(connection).status == status
    connection.close()


def test_guards_stand_before_a_stream(serve: Serve) -> None:
    server = ActionServer(
        drain=0, guards=[BearerTokens("open sesame"), SignedBodies("a secret of some length")]
    )
    server.action("hello")(lambda request, responder: responder.reply("Hello."))
    served = serve(server)
    body = json.dumps({"action": "hello"})
    assert_problem(served.exchange("POST", STREAM, body, JSON), 401)
    known = {**JSON, "Authorization": "Bearer open sesame"}
    assert_problem(served.exchange("POST", STREAM, body, {**known, "X-MM-Signature": "t=1,v1=00"}), 401)
