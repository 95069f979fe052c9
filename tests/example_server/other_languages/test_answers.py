"""What the servers must take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.contract.openapi_schemas import example_files, faults, load
from tests.example_server.other_languages.hosting import Built, assert_problem, texts
from tests.example_server.running import JSON, RunningServer

_SUCCESSES = [path for path in example_files() if load(path)["status"] < 300]
_OWN = [path for path in example_files() if load(path).get("sample_server")]


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", _SUCCESSES, ids=_name)
def test_every_request_of_the_examples_gets_a_valid_answer(server: RunningServer, path: Path) -> None:
    answer = server.post(load(path)["request"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert faults("Responder", answer.json) == []
    assert set(answer.json) == {"directives", "frame", "params", "slots"}
    assert None not in answer.json.values()
    assert None not in answer.json["params"].values()


@pytest.mark.parametrize("path", _OWN, ids=_name)
def test_it_answers_the_examples_of_the_python_server_to_the_letter(
    server: RunningServer, path: Path
) -> None:
    case = load(path)
    answer = server.post(case["request"])
    assert answer.status == case["status"]
    assert answer.json == case["answer"]
    for name, value in case.get("headers", {}).items():
        assert answer.headers[name.lower()] == value


@pytest.mark.parametrize(
    "text", ["\U0001f950 ☕", "مقهى", "a\u0000b", "e\u0301", "\u202eabc", '"\\/\b', "<&>"]
)
def test_text_comes_through_intact(server: RunningServer, text: str) -> None:
    for ensure_ascii in (True, False):
        body = json.dumps({"action": text}, ensure_ascii=ensure_ascii).encode()
        assert texts(server.post(body)) == [f"Invoking {text} on custom server."]


def test_absent_and_null_are_the_same_and_unknown_members_are_passed_over(server: RunningServer) -> None:
    for body in (
        {"action": "a", "request": None, "responder": None},
        {"action": "a", "request": {"text": None, "entities": None, "history": None, "params": None}},
        {"action": "a", "responder": {"directives": None, "frame": None, "params": None, "slots": None}},
        {"action": "a", "Action": 5, "request": {"Text": 5, "more": [{}]}, "extra": {"deep": [None]}},
        {"action": "a", "request": {"entities": [None, {"type": None, "span": None}]}},
    ):
        assert texts(server.post(body)) == ["Invoking a on custom server."]


@pytest.mark.parametrize("number", ["9007199254740993", "-1", "0.1", "1e308", "1" * 30])
def test_numbers_of_any_size_are_taken(server: RunningServer, built: Built, number: str) -> None:
    frame = f'{{"order": {{"items": ["latte"], "n": {number}}}}}'
    answer = server.post(f'{{"action": "price_order", "request": {{"frame": {frame}}}}}'.encode())
    assert answer.status == 200
    kept = answer.json["frame"]["order"]["n"]
    # Node's own JSON has floats alone, as its page says; Go passes on what it was sent.
    assert kept == (float(number) if built.language == "node" else json.loads(number))


def test_the_last_of_duplicate_members_counts(server: RunningServer) -> None:
    assert texts(server.post(b'{"action": "a", "action": "b"}')) == ["Invoking b on custom server."]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-MM-Timeout-Ms": "2500"},
        {"X-MM-Hops": "3"},
        {"X-MM-Hops": "many"},
        {"traceparent": "nonsense"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": 'Application/JSON;charset="UTF-8"'},
        {"Content-Encoding": "identity"},
    ],
    ids=str,
)
def test_headers_it_does_not_need_do_no_harm(server: RunningServer, headers: dict[str, str]) -> None:
    assert server.exchange("POST", "/action", b'{"action": "a"}', {**JSON, **headers}).status == 200


def test_the_name_of_the_call_comes_back_with_every_answer(server: RunningServer) -> None:
    for path, status in (("/action", 200), ("/nothing", 404)):
        answer = server.post({"action": "a"}, path, X_MM_Call_Id="00f067aa0ba902b7")
        assert answer.status == status
        assert answer.headers["x-mm-call-id"] == "00f067aa0ba902b7"


def test_an_action_ends_when_the_caller_no_longer_waits(server: RunningServer) -> None:
    body = {"action": "slow", "request": {"context": {"delay_ms": 30_000}}}
    answer = server.post(body, X_MM_Timeout_Ms="60")
    assert_problem(answer, 504)
    assert answer.json["action"] == "slow"
