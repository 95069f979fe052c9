"""How the server behaves on connections: many, long, cut, chunked; and how it repeats itself."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.openapi_schemas import faults
from tests.example_server.running import JSON, exchange_over

if TYPE_CHECKING:
    from tests.example_server.running import RunningServer


def _receive_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_fifty_concurrent_requests_each_get_their_own_answer(server: RunningServer) -> None:
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: server.post({"action": f"marker_{number}"}), range(50)))
    assert [answer.json["directives"][0]["payload"]["text"] for answer in answers] == [
        f"Invoking marker_{number} on custom server." for number in range(50)
    ]


def test_a_hundred_requests_share_one_connection(server: RunningServer, invocation: dict[str, Any]) -> None:
    connection = server.connect()
    body = json.dumps(invocation).encode()
    try:
        connection.connect()
        first = connection.sock
        for _ in range(100):
            assert exchange_over(connection, "POST", "/action", body, JSON).status == 200
            assert connection.sock is first
    finally:
        connection.close()


def test_a_connection_survives_a_refused_body(server: RunningServer) -> None:
    connection = server.connect()
    try:
        assert exchange_over(connection, "POST", "/action", b'{"action": "\xff"}', JSON).status == 400
        first = connection.sock
        assert exchange_over(connection, "POST", "/action", b'{"action": "a"}', JSON).status == 200
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
        assert _receive_all(connection).startswith(b"HTTP/1.1 200 ")


def test_the_answer_is_never_compressed_nor_a_redirect(
    server: RunningServer, invocation: dict[str, Any]
) -> None:
    for path in ("/action", "/action/", "/"):
        answer = server.post(invocation, path, Accept_Encoding="gzip, br")
        assert answer.status == 200
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("sent", [b"POST /action HTTP/1.1\r\nHost: l\r\nContent-Len", b'{"action": "list_'])
def test_a_client_that_leaves_early_does_no_harm(server: RunningServer, sent: bytes) -> None:
    head = (
        b"POST /action HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    )
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(sent if sent.startswith(b"POST") else head + sent)
    assert server.post({"action": "a"}).status == 200


def test_bytes_that_are_no_http_are_refused(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert _receive_all(connection).startswith(b"HTTP/1.1 400 ")
    assert server.post({"action": "a"}).status == 200


def test_the_same_key_and_body_get_the_same_answer(server: RunningServer) -> None:
    body = {"action": "add_to_order", "request": {"entities": [{"type": "item", "text": "mocha"}]}}
    first, second = (server.post(body, Idempotency_Key="order-1") for _ in range(2))
    assert first.status == 200
    assert first == second


def test_the_same_key_with_another_body_is_refused(server: RunningServer) -> None:
    assert server.post({"action": "a"}, Idempotency_Key="two bodies").status == 200
    answer = server.post({"action": "b"}, Idempotency_Key="two bodies")
    assert answer.status == 422
    assert answer.json["type"] == "urn:mm-actions:problem:idempotency-mismatch"


def test_the_same_key_while_the_first_request_runs_is_a_conflict(server: RunningServer) -> None:
    body = {"action": "slow", "request": {"context": {"delay_ms": 1500}}}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: server.post(body, Idempotency_Key="at once"), range(2)))
    assert sorted(answer.status for answer in answers) == [200, 409]
    conflict = max(answers, key=lambda answer: answer.status)
    assert faults("Problem", conflict.json) == []


def test_a_key_is_free_again_after_the_action_failed(server: RunningServer) -> None:
    assert server.post({"action": "fail"}, Idempotency_Key="failed").status == 500
    assert server.post({"action": "a"}, Idempotency_Key="failed").status == 200


def test_the_catalogue_lists_actions_with_unique_names(server: RunningServer) -> None:
    answer = server.exchange("GET", "/actions")
    assert answer.status == 200
    assert faults("ActionCatalogue", answer.json) == []
    names = [action["name"] for action in answer.json["actions"]]
    assert len(names) == len(set(names))
    assert {"get_store_hours", "list_stores", "charge_card", "slow"} <= set(names)
    assert all(action["description"].endswith(".") for action in answer.json["actions"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v2/healthz"])
def test_the_server_says_that_it_is_well(server: RunningServer, path: str) -> None:
    answer = server.exchange("GET", path)
    assert answer.status == 200
    assert answer.json == {"status": "pass"}


def test_a_stream_ends_with_the_result_that_its_directives_add_up_to(server: RunningServer) -> None:
    answer = server.post({"action": "list_stores"}, "/action/stream")
    assert answer.status == 200
    assert answer.media_type == "application/x-ndjson"
    events = [json.loads(line) for line in answer.body.splitlines()]
    assert [fault for event in events for fault in faults("StreamEvent", event)] == []
    *directives, result = events
    assert {event["event"] for event in directives} == {"directive"}
    assert result["event"] == "result"
    assert [event["directive"] for event in directives] == result["responder"]["directives"]
    assert result["responder"] == server.post({"action": "list_stores"}).json


def test_an_upgrade_to_websockets_is_passed_over(server: RunningServer, invocation: dict[str, Any]) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    answer = server.exchange("GET", "/action", headers={**upgrade, "Sec-WebSocket-Version": "13"})
    assert answer.status == 405
