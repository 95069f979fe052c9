"""The rows on what a custom action server must refuse, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.contract.openapi_schemas import faults
from tests.server.conftest import JSON, assert_answered, assert_problem, read

if TYPE_CHECKING:
    from tests.server.conftest import Served

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"5",
        b"",
        b" \n",
        b"{}",
        b'{"action": ""}',
        b'{"action": 5}',
        b'{"action": null}',
        b'{"action": "hello", "request": "x"}',
        b'{"action": "hello", "request": {"text": 5}}',
        b'{"action": "hello", "responder": {"directives": {}}}',
        b'{"action": "hello", "responder": {"directives": [{"name": 5}]}}',
        b"{'action': 'hello'}",
        b'{"action": "hello"} trailing',
        b'{"action": "hello", "n": NaN}',
        b'{"action": "\\ud800"}',
        b'{"action": "hello", "x": "\xff"}',
        b"\xff\xfe{\x00",
        b'\xef\xbb\xbf{"action": "hello"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_c23_to_c27_c32_a_body_that_is_no_invocation_is_a_bad_request(door: Served, body: bytes) -> None:
    connection = door.connect()
    try:
        connection.request("POST", "/action", body, JSON)
        assert_problem(read(connection), 400)
        connection.request("POST", "/action", b'{"action": "hello"}', JSON)
        assert_answered(read(connection))
    finally:
        connection.close()


def test_the_problem_points_at_what_is_wrong_and_quotes_nothing(door: Served) -> None:
    for payload, pointer, detail in (
        ({"request": {}}, "/action", "is required"),
        (
            {"action": "hello", "request": {"entities": [{"span": {"start": "secret"}}]}},
            "/request/entities/0/span/start",
            "Expected int | null, got str",
        ),
    ):
        answer = door.post(payload)
        assert_problem(answer, 400)
        assert answer.json["errors"] == [{"pointer": pointer, "detail": detail}]
        assert b"secret" not in answer.body


def test_c28_an_unknown_action_is_not_found(door: Served) -> None:
    answer = door.post({"action": "fly"})
    assert_problem(answer, 404)
    assert answer.json["action"] == "fly"
    assert faults("Problem", answer.json) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},  # C29
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": ""},
        {"Content-Type": ";;;="},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "deflate"},
        {},  # C30
    ],
    ids=str,
)
def test_c29_c30_what_does_not_call_itself_json_is_an_unsupported_media_type(
    door: Served, headers: dict[str, str]
) -> None:
    assert_problem(door.exchange("POST", "/action", b'{"action": "hello"}', headers), 415)


def test_c34_a_body_over_the_limit_is_refused_before_it_is_sent(door: Served) -> None:
    connection = door.connect()
    try:
        connection.putrequest("POST", "/action")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(1024 * MEBIBYTE))
        connection.endheaders()
        answer = read(connection)
    finally:
        connection.close()
    assert_problem(answer, 413)
    assert answer.headers["connection"] == "close"
    assert_answered(door.post({"action": "hello"}))


def test_c34_a_chunked_body_over_the_limit_is_refused_while_it_arrives(door: Served) -> None:
    connection = door.connect()
    status = None
    try:
        connection.request("POST", "/action", iter([b" " * MEBIBYTE] * 18), JSON, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        pass  # closed before the rest was sent, which refuses it as well
    finally:
        connection.close()
    assert status in {413, None}
    assert_answered(door.post({"action": "hello"}))


@pytest.mark.parametrize("depth", [600, 10_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_c35_deep_nesting_is_a_bad_request(door: Served, depth: int, opening: bytes, closing: bytes) -> None:
    for member in (b"frame", b"history", b"odd"):
        middle = opening * depth + b"1" + closing * depth
        wrapped = b"[%b]" % middle if member == b"history" else b'{"a": %b}' % middle
        body = b'{"action": "hello", "request": {"%b": %b}}' % (member, wrapped)
        assert_problem(door.post(body), 400)
    assert_answered(door.post({"action": "hello"}))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/action", "/v2/action", "/"])
def test_c36_another_method_is_told_which_one_is_allowed(door: Served, method: str, path: str) -> None:
    answer = door.exchange(method, path)
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/nothing", "/action/", "/action/fly", "/%ff", "//", "/action%00", "/ACTION"]
)
def test_c37_c38_a_path_that_is_not_there_is_not_found(door: Served, path: str) -> None:
    assert_problem(door.post({"action": "hello"}, path), 404)
