"""What the servers must refuse, each with a problem and never with a 500."""

from __future__ import annotations

import pytest
from tests.example_server.other_languages.hosting import Built, assert_problem
from tests.example_server.running import JSON, RunningServer


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
        b'{"Action": "a"}',
        b'{"action": "a", "request": "x"}',
        b'{"action": "a", "request": {"entities": {}}}',
        b'{"action": "a", "request": {"entities": [5]}}',
        b'{"action": "a", "responder": {"frame": []}}',
        b'{"action": "a", "responder": {"directives": {}}}',
        b"{'action': 'a'}",
        b'{"action": "a"} trailing',
        b'{"action": "a"} {"action": "a"}',
        b'{"action": "a", "n": NaN}',
        b'{"action": "a", "n": -Infinity}',
        b'{"action": "a", "n": 1e400}',
        b'{"action": "a", "n": ' + b"1" * 5000 + b"}",
        b'{"action": "\\ud800"}',
        b'{"action": "\\\\\\udc00\\ud83d"}',
        b'{"action": "a", "\\ud83d\\u0041": 1}',
        b'{"action": "\xff"}',
        b"\xff\xfe{\x00",
        '{"action": "a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"action": "a"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_invocation_is_a_bad_request(server: RunningServer, body: bytes) -> None:
    assert_problem(server.exchange("POST", "/action", body, JSON), 400)


def test_the_problem_points_at_what_is_wrong_and_quotes_nothing(built: Built, server: RunningServer) -> None:
    answer = server.post({"request": {"text": 5, "entities": [{"role": ["secret-value"]}]}})
    assert_problem(answer, 400)
    named = {(error["pointer"], error["detail"]) for error in answer.json["errors"]}
    wrong = {
        ("/action", "is required"),
        ("/request/text", "must be of type string"),
        ("/request/entities/0/role", "must be of type string"),
    }
    # Jackson stops at the first.
    assert (named < wrong and named) if built.language == "java" else named == wrong
    assert b"secret-value" not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": ""},
        {"Content-Type": ";;;="},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
    ids=str,
)
def test_a_body_that_does_not_call_itself_json_is_an_unsupported_media_type(
    server: RunningServer, headers: dict[str, str]
) -> None:
    assert_problem(server.exchange("POST", "/action", b'{"action": "a"}', headers), 415)


@pytest.mark.parametrize("timeout", ["", "0", "soon", "-5", "1.5", "9999999999"])
def test_a_remaining_time_that_is_no_number_of_milliseconds_is_a_bad_request(
    server: RunningServer, timeout: str
) -> None:
    assert_problem(server.post({"action": "a"}, X_MM_Timeout_Ms=timeout), 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/action", "/action/stream"])
def test_another_method_is_not_allowed_and_told_which_one_is(
    server: RunningServer, method: str, path: str
) -> None:
    answer = server.exchange(method, path)
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/", "/nothing", "/action/fly", "//action", "/action/../action", "/%ff"])
def test_a_path_that_is_not_there_is_not_found(built: Built, server: RunningServer, path: str) -> None:
    answer = server.post({"action": "a"}, path)
    if built.language == "java" and path == "//action":
        assert answer.status == 404  # the JDK's own: to its server this is no path at all
    else:
        assert_problem(answer, 404)


def test_deeply_nested_json_is_a_bad_request(server: RunningServer) -> None:
    for depth in (201, 10_000, 100_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            nested = opening * depth + b"1" + closing * depth
            body = b'{"action": "a", "request": {"frame": ' + nested + b"}}"
            assert_problem(server.exchange("POST", "/action", body, JSON), 400)
    assert server.post({"action": "a", "request": {"text": '"[{\\' * 5000}}).status == 200


def test_a_mebibyte_of_history_is_taken_and_sixteen_are_too_much(server: RunningServer) -> None:
    turn = {"request": {"text": "x" * 900}, "directives": [], "frame": {}, "params": {}}
    assert server.post({"action": "a", "request": {"history": [turn] * 1100}}).status == 200
    connection = server.connect()
    try:
        connection.putrequest("POST", "/action")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(16 * 1024 * 1024 + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
    finally:
        connection.close()
    assert server.post({"action": "a"}).status == 200


def test_a_chunked_body_over_the_limit_is_refused_while_it_arrives(built: Built) -> None:
    with built.start("--max-body", "65536") as small:
        connection = small.connect()
        status = None
        try:
            connection.request("POST", "/action", iter([b" " * 32768] * 4), JSON, encode_chunked=True)
            status = connection.getresponse().status
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed before the rest was sent, which refuses it as well
        finally:
            connection.close()
        assert status in {413, None}
        assert small.post({"action": "a"}).status == 200


def test_with_known_only_a_name_outside_the_catalogue_is_not_found(built: Built) -> None:
    with built.start("--known-only") as strict:
        answer = strict.post({"action": "action_fly"})
        assert_problem(answer, 404)
        assert answer.json["action"] == "action_fly"
        assert answer.json["type"] == "urn:mm-actions:problem:unknown-action"
        assert strict.post({"action": "list_stores"}).status == 200
