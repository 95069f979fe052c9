"""Repeated requests, the catalogue, health, streams."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from example_server.actions import catalogue
from tests.contract.openapi_schemas import faults
from tests.example_server.other_languages.hosting import assert_problem
from tests.example_server.running import RunningServer


def test_the_same_key_and_body_get_the_same_answer(server: RunningServer) -> None:
    body = {"action": "add_to_order", "request": {"entities": [{"type": "item", "text": "mocha"}]}}
    for path in ("/action", "/action/stream"):
        first, second = (server.post(body, path, Idempotency_Key="order-1") for _ in range(2))
        assert first.status == 200
        assert first.body == second.body


def test_the_same_key_with_another_body_is_refused(server: RunningServer) -> None:
    assert server.post({"action": "a"}, Idempotency_Key="two bodies").status == 200
    answer = server.post({"action": "b"}, Idempotency_Key="two bodies")
    assert_problem(answer, 422)
    assert answer.json["type"] == "urn:mm-actions:problem:idempotency-mismatch"


def test_the_same_key_while_the_first_request_runs_is_a_conflict(server: RunningServer) -> None:
    body = {"action": "slow", "request": {"context": {"delay_ms": 1500}}}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: server.post(body, Idempotency_Key="at once"), range(2)))
    assert sorted(answer.status for answer in answers) == [200, 409]


def test_a_key_is_free_again_after_the_action_failed(server: RunningServer) -> None:
    assert server.post({"action": "fail"}, Idempotency_Key="failed").status == 500
    assert server.post({"action": "a"}, Idempotency_Key="failed").status == 200


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_an_idempotency_key_outside_the_contract_is_a_bad_request(server: RunningServer, key: str) -> None:
    assert_problem(server.post({"action": "a"}, Idempotency_Key=key), 400)


def test_the_catalogue_lists_the_actions_of_the_python_server(server: RunningServer) -> None:
    answer = server.exchange("GET", "/actions")
    assert answer.status == 200
    assert faults("ActionCatalogue", answer.json) == []

    def facts(listed: dict[str, Any]) -> list[Any]:
        keys = ("name", "idempotent", "intents", "timeout_ms")
        return [[action.get(key) for key in keys] for action in listed["actions"]]

    assert facts(answer.json) == facts(catalogue())
    assert all(action["description"].endswith(".") for action in answer.json["actions"])


def test_the_server_says_that_it_is_well(server: RunningServer) -> None:
    for path in ("/healthz", "/readyz"):
        answer = server.exchange("GET", path)
        assert (answer.status, answer.json) == (200, {"status": "pass"})


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


def test_a_failed_action_streams_nothing_but_its_problem(server: RunningServer) -> None:
    assert_problem(server.post({"action": "fail"}, "/action/stream"), 500)
