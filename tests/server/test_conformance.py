"""The rows that a custom action server must keep, over a real socket."""

from __future__ import annotations

import json
import random
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import faults
from tests.server.conftest import EXAMPLES, JSON, Served, assert_answered, assert_problem, invocation, read

if TYPE_CHECKING:
    pass

MEBIBYTE = 1024 * 1024


RECORDED = sorted((EXAMPLES).rglob("*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_c01_c05_to_c13_every_example_of_the_contract_is_taken(door: Served, path: Any) -> None:
    request = json.loads(path.read_text(encoding="utf-8"))["request"]
    assert_answered(door.post({**request, "action": "hello"}))


@pytest.mark.parametrize(
    "change",
    [
        {"request": {"params": {"timestamp": "1546300800000"}}},  # C06
        {"request": {"params": {"timestamp": 1546300800000}}},  # C07
        *(
            {member: {"params": {"timestamp": value}}}  # the contract names no type for it
            for member in ("request", "responder")
            for value in (True, "soon", 1.5, [], {"a": 1}, "9" * 30)
        ),
        {"request": {"params": dict.fromkeys(("time_zone", "timestamp", "allowed_intents"), None)}},  # C08
        *(
            {"request": {"entities": [{"type": "t", "value": value}]}}  # C09
            for value in ([], [1], {}, {"a": 1}, None, "x")
        ),
        {
            "request": {"entities": [{"role": None, "span": {"start": 0, "end": 1}, "children": [{"a": 1}]}]}
        },  # C10
        *(
            {"responder": {"directives": [{"name": "n", "type": "custom", **payload}]}}  # C11
            for payload in ({"payload": [1]}, {"payload": "x"}, {})
        ),
        {
            "odd": 1,
            "request": {"odd": 1, "params": {"odd": 1}, "entities": [{"odd": 1, "span": {"odd": 1}}]},
            "responder": {"odd": 1, "directives": [{"odd": 1}], "params": {"odd": 1}},
        },  # C12
        {"request": {}},  # C13
        {},
        {"request": None, "responder": None},
    ],
    ids=str,
)
def test_c06_to_c13_what_a_client_may_send_is_taken(door: Served, change: dict[str, Any]) -> None:
    assert_answered(door.post({"action": "hello", **change}))


def test_c18_c19_nothing_that_was_sent_is_echoed(door: Served) -> None:
    responder = {
        "directives": [{"name": "reply", "type": "view", "payload": {"text": "marker"}}],
        "frame": {"marker": 1},
        "params": {"allowed_intents": ["marker.intent"], "dynamic_resource": {"marker": 1}},
    }
    found = assert_answered(door.post({"action": "hello", "responder": responder}))
    assert "marker" not in json.dumps([found["directives"], found["frame"], found["params"]])


def test_c22_the_target_dialogue_state_is_repeated(door: Served) -> None:
    responder = {"params": {"target_dialogue_state": "next"}}
    found = assert_answered(door.post({"action": "hello", "responder": responder}))
    assert found["params"] == {"target_dialogue_state": "next"}


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/vnd.a+json"],
)
def test_c31_json_may_name_its_charset(door: Served, media_type: str) -> None:
    assert_answered(door.exchange("POST", "/action", b'{"action": "hello"}', {"Content-Type": media_type}))


def test_c33_a_mebibyte_of_history_is_taken(door: Served) -> None:
    payload = invocation()
    payload["request"]["history"] = [{"request": {"text": "x" * 900}, "directives": []}] * 1200
    assert len(json.dumps(payload)) > MEBIBYTE
    assert_answered(door.post(payload))


def test_nesting_short_of_the_limit_is_taken_wherever_it_is(door: Served) -> None:
    deep = b"[" * 400 + b"]" * 400
    for body in (
        b'{"action": "hello", "request": {"frame": {"a": %b}, "history": [{"a": %b}]}}' % (deep, deep),
        b'{"action": "hello", "responder": {"frame": {"a": %b}, "slots": {"b": %b}}}' % (deep, deep),
    ):
        assert_answered(door.post(body))


def test_c39_every_path_answers_directly(door: Served) -> None:
    for path in ("/action", "/v2/action", "/", "/action?x=1"):
        assert_answered(door.post({"action": "hello"}, path))


@pytest.mark.parametrize("text", ["\U0001f950 ☕", "مقهى", "a\u0000b", "e\u0301", "\u202eabc", '"\\/\b'])
def test_c40_text_comes_through_intact(door: Served, text: str) -> None:
    for ensure_ascii in (True, False):
        payload = {"action": "hello", "request": {"text": text}}
        body = json.dumps(payload, ensure_ascii=ensure_ascii).encode()
        assert assert_answered(door.post(body))["frame"]["text"] == text


@pytest.mark.parametrize("number", ["9007199254740993", "1.5", "1e308", "1e400", "1" * 40, "-0", "1e-400"])
def test_c41_numbers_of_any_size_are_taken_or_refused(door: Served, number: str) -> None:
    for where in ('"request": {"frame": {"n": %s}}', '"responder": {"frame": {"n": %s}}', '"odd": %s'):
        body = ('{"action": "hello", ' + where % number + "}").encode()
        assert door.post(body).status in {200, 400}


def test_c42_the_order_of_members_does_not_matter(door: Served) -> None:
    shuffle = random.Random(5).shuffle

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        items = [(name, shuffled(member)) for name, member in value.items()]
        shuffle(items)
        return dict(items)

    assert door.post(shuffled(invocation())).json == door.post(invocation()).json
    assert_answered(door.post(b'{"action": "fly", "action": "hello"}'))


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        ({"X_Whatever": "1"}, {200}),  # C43
        ({"traceparent": "nonsense"}, {200}),
        ({"traceparent": ""}, {200}),
        ({"X_MM_Hops": "many"}, {200}),
        ({"Idempotency_Key": ""}, {400}),
        ({"Idempotency_Key": "k" * 256}, {400}),
        ({"X_MM_Timeout_Ms": "2500"}, {200}),  # C44
        ({"Content_Encoding": "identity"}, {200}),
    ],
    ids=str,
)
def test_c43_c44_headers_do_no_harm(door: Served, headers: dict[str, str], statuses: set[int]) -> None:
    assert door.post({"action": "hello"}, **headers).status in statuses


def test_c45_concurrent_calls_get_their_own_answers(door: Served) -> None:
    def call(marker: int) -> Any:
        payload = invocation()
        payload["request"]["context"] = {"marker": marker}
        return assert_answered(door.post(payload))["slots"]["marker"]

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(call, range(50))) == list(range(50))


def test_c46_a_connection_serves_many_calls(door: Served) -> None:
    connection = door.connect()
    try:
        for _ in range(100):
            connection.request("POST", "/action", json.dumps(invocation()), JSON)
            assert_answered(read(connection))
    finally:
        connection.close()


def test_c47_a_body_may_come_in_chunks(door: Served) -> None:
    body = json.dumps(invocation()).encode()
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    assert_answered(door.exchange("POST", "/action", iter(pieces), JSON, encode_chunked=True))


def test_c47_a_client_may_ask_before_it_sends(door: Served) -> None:
    body = json.dumps(invocation()).encode()
    with door.raw() as sock:
        sock.sendall(
            b"POST /action HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 100 ")
        sock.sendall(body)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_c51_to_c55_the_optional_operations_are_there(door: Served) -> None:
    for path in ("/actions", "/v2/actions"):
        catalogue = door.get(path)
        assert catalogue.status == 200
        assert faults("ActionCatalogue", catalogue.json) == []
        assert [action["name"] for action in catalogue.json["actions"]] == ["hello"]
    for path in ("/healthz", "/readyz"):
        assert door.get(path).json == {"status": "pass"}
        assert door.exchange("HEAD", path).status == 200
        assert_problem(door.exchange("POST", path), 405)


@pytest.mark.parametrize("sent", [0.1, 0.5, 1.0])
def test_c61_a_client_may_leave_at_any_moment(door: Served, sent: float) -> None:
    body = json.dumps(invocation()).encode()
    request = (
        b"POST /action HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
    )
    for _ in range(10):
        with door.raw() as sock:
            sock.sendall(request[: int(len(request) * sent)])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert_answered(door.post(invocation()))
