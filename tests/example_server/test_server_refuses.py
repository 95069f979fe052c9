"""What the server must refuse, each with a problem and never with a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import faults
from tests.example_server.running import JSON, run_server

if TYPE_CHECKING:
    from tests.example_server.running import Answer, RunningServer

_MAX_BODY = 16 * 1024 * 1024


def _assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
    assert answer.media_type == "application/problem+json"
    assert faults("Problem", answer.json) == []
    assert answer.json["status"] == status
    assert isinstance(answer.json["title"], str)
    for trace in (b"Traceback", b'File "', b".py", b"site-packages"):
        assert trace not in answer.body


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
        b'{"action": "a", "request": "x"}',
        b'{"action": "a", "responder": {"frame": null}}',
        b'{"action": "a", "responder": {"directives": {}}}',
        b"{'action': 'a'}",
        b'{"action": "a"} trailing',
        b'{"action": "a", "n": NaN}',
        b'{"action": "a", "n": -Infinity}',
        b'{"action": "a", "n": 1e400}',
        b'{"action": "a", "n": ' + b"1" * 5000 + b"}",
        b'{"action": "\\ud800"}',
        b'{"action": "\xff"}',
        b"\xff\xfe{\x00",
        '{"action": "a"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"action": "a"}',
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_body_that_is_no_invocation_is_a_bad_request(server: RunningServer, body: bytes) -> None:
    _assert_problem(server.exchange("POST", "/action", body, JSON), 400)


def test_the_problem_points_at_what_is_wrong_and_quotes_nothing(server: RunningServer) -> None:
    answer = server.post({"request": {"text": 5, "entities": [{"span": {"start": "secret-value"}}]}})
    _assert_problem(answer, 400)
    assert {error["pointer"]: error["detail"] for error in answer.json["errors"]} == {
        "/action": "is required",
        "/request/text": "must be of type string",
        "/request/entities/0/span/start": "must be of type integer",
    }
    assert b"secret-value" not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/xml"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": ""},
        {"Content-Type": "/"},
        {"Content-Type": ";;;="},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {},
    ],
    ids=str,
)
def test_a_body_that_does_not_call_itself_json_is_an_unsupported_media_type(
    server: RunningServer, headers: dict[str, str]
) -> None:
    _assert_problem(server.exchange("POST", "/action", b'{"action": "a"}', headers), 415)


@pytest.mark.parametrize("timeout", ["", "0", "soon", "-5", "{}", "1.5", "9999999999"])
def test_a_remaining_time_that_is_no_number_of_milliseconds_is_a_bad_request(
    server: RunningServer, timeout: str
) -> None:
    _assert_problem(server.post({"action": "a"}, X_MM_Timeout_Ms=timeout), 400)


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_outside_the_contract_is_a_bad_request(server: RunningServer, key: str) -> None:
    _assert_problem(server.post({"action": "a"}, Idempotency_Key=key), 400)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/action", "/v2/action", "/", "/action/stream"])
def test_another_method_is_not_allowed_and_told_which_one_is(
    server: RunningServer, method: str, path: str
) -> None:
    answer = server.exchange(method, path)
    _assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/nothing", "/action/fly", "/ui/%00", "/ui/../app.py", "/%ff", "/v3/action"]
)
def test_a_path_that_is_not_there_is_not_found(server: RunningServer, path: str) -> None:
    _assert_problem(
        server.post({"action": "a"}, path) if "ui" not in path else server.exchange("GET", path), 404
    )


def test_deeply_nested_json_is_a_bad_request(server: RunningServer) -> None:
    for depth in (201, 10_000, 100_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            middle = opening * depth + b"1" + closing * depth
            answer = server.exchange(
                "POST", "/action", b'{"action": "a", "request": {"frame": ' + middle + b"}}", JSON
            )
            _assert_problem(answer, 400)
    assert server.post({"action": "a"}).status == 200


def test_brackets_inside_text_are_not_nesting(server: RunningServer) -> None:
    assert server.post({"action": "a", "request": {"text": '"[{\\' * 5000}}).status == 200


def test_a_mebibyte_of_history_is_taken(server: RunningServer, invocation: dict[str, Any]) -> None:
    turn = {"request": {"text": "x" * 900}, "directives": [], "frame": {}, "params": {}}
    invocation["request"]["history"] = [turn] * 1100
    assert len(json.dumps(invocation)) > 1024 * 1024
    assert server.post(invocation).status == 200


def test_a_body_over_the_limit_is_too_large(server: RunningServer) -> None:
    connection = server.connect()
    try:
        connection.putrequest("POST", "/action")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(_MAX_BODY + 1))
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 413
        assert response.getheader("Content-Type") == "application/problem+json"
        assert response.getheader("Connection") == "close"
    finally:
        connection.close()
    assert server.post({"action": "a"}).status == 200


def test_a_chunked_body_over_the_limit_is_refused_while_it_arrives(server: RunningServer) -> None:
    piece = b" " * (1024 * 1024)
    connection = server.connect()
    status = None
    try:
        connection.request("POST", "/action", iter([piece] * 18), JSON, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):
        pass  # closed before the rest was sent, which refuses it as well
    finally:
        connection.close()
    assert status in {413, None}
    assert server.post({"action": "a"}).status == 200


def test_with_known_only_a_name_outside_the_catalogue_is_not_found() -> None:
    with run_server("--known-only") as strict:
        answer = strict.post({"action": "action_fly"})
        _assert_problem(answer, 404)
        assert answer.json["action"] == "action_fly"
        assert answer.json["type"] == "urn:mm-actions:problem:unknown-action"
        assert strict.post({"action": "list_stores"}).status == 200


@pytest.mark.parametrize(("action", "status"), [("fail", 500), ("refuse", 422), ("charge_card", 422)])
def test_an_action_that_fails_answers_with_a_problem_that_names_it(
    server: RunningServer, action: str, status: int
) -> None:
    answer = server.post({"action": action})
    _assert_problem(answer, status)
    assert answer.json["action"] == action


def test_a_failing_card_terminal_says_when_to_try_again(server: RunningServer) -> None:
    answer = server.post({"action": "charge_card", "request": {"frame": {"order": {"items": ["latte"]}}}})
    _assert_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


def test_a_failed_action_streams_nothing_but_its_problem(server: RunningServer) -> None:
    _assert_problem(server.post({"action": "fail"}, "/action/stream"), 500)
