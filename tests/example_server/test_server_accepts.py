"""What the server must take, over real sockets."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import contract, example_files, faults, load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.example_server.running import Answer, RunningServer

_PARAMS = contract()["components"]["schemas"]["Params"]["properties"]
_SUCCESSES = [path for path in example_files() if load(path)["status"] < 300]
_OWN = [path for path in example_files() if load(path).get("sample_server")]


def _name(path: Path) -> str:
    return path.stem


def _texts(answer: Answer) -> list[str]:
    return [
        directive["payload"]["text"]
        for directive in answer.json["directives"]
        if directive["name"] == "reply"
    ]


def _entity(**members: Any) -> dict[str, Any]:
    return {
        "request": {"entities": [{"text": "x", "type": "store_name", **members}]},
        "action": "get_store_hours",
    }


@pytest.mark.parametrize("path", _SUCCESSES, ids=_name)
def test_every_request_of_the_examples_gets_a_valid_answer(server: RunningServer, path: Path) -> None:
    answer = server.post(load(path)["request"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert faults("Responder", answer.json) == []
    assert set(answer.json) == {"directives", "frame", "params", "slots"}
    assert None not in answer.json.values()
    assert set(answer.json["params"]) <= set(_PARAMS)
    assert None not in answer.json["params"].values()
    for directive in answer.json["directives"]:
        assert isinstance(directive["name"], str)
        assert directive["type"] in {"view", "action"}


@pytest.mark.parametrize("path", _OWN, ids=_name)
def test_the_server_answers_its_own_examples_to_the_letter(server: RunningServer, path: Path) -> None:
    case = load(path)
    answer = server.post(case["request"])
    assert answer.status == case["status"]
    assert answer.json == case["answer"]
    for name, value in case.get("headers", {}).items():
        assert answer.headers[name.lower()] == value


def test_the_body_of_an_answer_is_plain_utf8_json(server: RunningServer, invocation: dict[str, Any]) -> None:
    body = server.post({**invocation, "action": "caffè"}).body
    assert not body.startswith(b"\xef\xbb\xbf")
    assert "caffè" in body.decode("utf-8")
    json.loads(body, parse_constant=pytest.fail)


@pytest.mark.parametrize("path", ["/action", "/v2/action", "/", "/action/", "/v2/action/"])
def test_every_path_of_the_operation_answers_for_any_action(
    server: RunningServer, invocation: dict[str, Any], path: str
) -> None:
    answer = server.post({**invocation, "action": "action_restart"}, path)
    assert answer.status == 200
    assert _texts(answer) == ["Invoking action_restart on custom server."]


@pytest.mark.parametrize("timestamp", ["1546300800000", 1546300800000])
def test_a_timestamp_may_be_a_string_or_an_integer_and_comes_back_as_an_integer(
    server: RunningServer, invocation: dict[str, Any], timestamp: Any
) -> None:
    invocation["responder"]["params"]["timestamp"] = timestamp
    answer = server.post(invocation)
    assert answer.status == 200
    assert answer.json["params"] == {"timestamp": 1546300800000}


@pytest.mark.parametrize("value", [[{"cname": "Old Mill"}], {"cname": "Old Mill"}, "the mill", ["mill"], 2])
def test_an_entity_may_have_a_value_of_any_shape(server: RunningServer, value: Any) -> None:
    answer = server.post(_entity(text="mill", value=value))
    assert answer.status == 200
    assert _texts(answer)[0].startswith("Old Mill is open")


@pytest.mark.parametrize(
    "members", [{"value": []}, {"value": None}, {"value": [None]}, {"role": None}, {"span": {}}]
)
def test_an_entity_may_lack_what_an_action_looks_for(server: RunningServer, members: dict[str, Any]) -> None:
    assert _texts(server.post(_entity(**members))) == ["Which store do you mean?"]


def test_nothing_of_the_responder_it_was_sent_is_echoed(
    server: RunningServer, invocation: dict[str, Any]
) -> None:
    invocation["responder"] = {
        "directives": [{"name": "reply", "type": "view", "payload": {"text": "marker-directive"}}],
        "params": {"allowed_intents": ["marker.intent"], "dynamic_resource": {"marker": 1}},
        "frame": {"marker": 1},
        "slots": {"marker": 1},
    }
    for action in ("list_stores", "add_to_order", "anything"):
        assert b"marker" not in server.post({**invocation, "action": action}).body


def test_settings_that_stock_mindmeld_would_forget_are_repeated(
    server: RunningServer, invocation: dict[str, Any]
) -> None:
    kept = {
        "target_dialogue_state": "welcome",
        "time_zone": "Europe/Rome",
        "language": "it",
        "locale": "it_IT",
    }
    invocation["responder"]["params"].update(kept)
    assert server.post(invocation).json["params"] == kept


@pytest.mark.parametrize("text", ["\U0001f950 ☕", "مقهى", "a\u0000b", "e\u0301", "\u202eabc", '"\\/\b'])
def test_text_comes_through_intact(server: RunningServer, text: str) -> None:
    for ensure_ascii in (True, False):
        body = json.dumps({"action": text}, ensure_ascii=ensure_ascii).encode()
        assert _texts(server.post(body)) == [f"Invoking {text} on custom server."]


@pytest.mark.parametrize(
    "number", ["9007199254740993", "-1", "0.1", "1e308", "123456789012345678901234567890"]
)
def test_numbers_of_any_size_are_taken(server: RunningServer, number: str) -> None:
    body = f'{{"action": "add_to_order", "request": {{"frame": {{"order": {number}, "n": {number}}}}}}}'
    assert server.post(body.encode()).status == 200


def test_the_order_of_members_does_not_matter(server: RunningServer) -> None:
    request = load(next(path for path in example_files() if path.stem == "full"))["request"]
    expected = server.post(request).json
    shuffle = random.Random(5).shuffle

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        items = [(name, shuffled(member)) for name, member in value.items()]
        shuffle(items)
        return dict(items)

    assert server.post(shuffled(copy.deepcopy(request))).json == expected


def test_the_last_of_duplicate_members_counts(server: RunningServer) -> None:
    assert _texts(server.post(b'{"action": "a", "action": "b"}')) == ["Invoking b on custom server."]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_MM_Timeout_Ms": "2500"},
        {"X_Whatever": "1"},
        {"traceparent": "nonsense"},
        {"traceparent": ""},
        {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        {"Content_Type": "application/json; charset=utf-8"},
        {"Content_Type": 'Application/JSON;charset="UTF-8"'},
        {"Content_Encoding": "identity"},
    ],
)
def test_headers_it_does_not_need_do_no_harm(
    server: RunningServer, invocation: dict[str, Any], headers: dict[str, str]
) -> None:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(invocation).encode()
    answer = server.exchange("POST", "/action", body, {"Content-Type": "application/json", **given})
    assert answer.status == 200
