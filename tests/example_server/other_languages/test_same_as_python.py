"""The actions do what those of the Python server do."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from example_server.actions import carry_out, catalogue
from example_server.problems import RefusedError
from example_server.turn import Turn
from tests.example_server.running import JSON, RunningServer, exchange_over


def _invocations() -> Iterator[dict[str, Any]]:
    """Turns of the coffee shops, the same in each run: names known and unknown, well and badly shaped."""
    choose = random.Random(20260105)
    entities: list[dict[str, Any]] = [
        {"type": "store_name", "text": "the mill", "value": [{"cname": "Old Mill", "id": "3"}]},
        {"type": "store", "text": "Juniper Square"},
        {"type": "store_name", "text": "nowhere", "value": []},
        {"type": "drink", "text": "lattes", "value": [{"cname": "latte", "id": "latte"}]},
        {"type": "item", "text": "scone", "value": {"value": "scone"}},
        {"type": "drink", "text": "petrol", "value": None},
        {"type": "size", "text": "LARGE"},
        {"type": "size", "text": "small", "value": [{"cname": "small"}]},
        {"type": "milk", "text": "oat", "value": [{"cname": "oat milk"}]},
        {"type": "milk", "text": "whole milk"},
        {"type": "sys_number", "text": "two", "value": [{"value": 2}]},
        {"type": "quantity", "text": "many", "value": 700},
        {"type": "number", "text": "3", "value": "3"},
        {"type": "sys_number", "text": "some", "value": [{"value": True}]},
        {"type": "sys_time", "text": "then", "value": [{"value": "2026-01-03T09:00:00.000-08:00"}]},
        {"type": "sys_time", "text": "then", "value": [{"value": "2026-01-05T17:30:00"}]},
        {"type": "sys_time", "text": "whenever"},
        {"type": "language", "text": "Spanish", "value": "es"},
        {"type": "time_zone", "text": "Rome", "value": [{"cname": "Europe/Rome"}]},
        {"type": "taste", "text": "cold"},
        {"type": "constructor", "text": "toString"},
    ]
    lines = [
        {"item": "latte", "size": "large", "milk": "oat milk", "quantity": 2, "price": 5.35},
        {"item": "mocha", "quantity": 99},
        {"item": "petrol"},
        "espresso",
        None,
        {"item": "scone", "quantity": "2"},
    ]
    frames: list[Any] = [
        {},
        {"store": "Harbour View"},
        {"order": {"items": lines[:1], "store": "Old Mill", "note": {"kept": [1, None]}}},
        {"order": {"items": lines, "status": "open"}, "store": 5},
        {"order": []},
        {"order": {"items": "none"}},
    ]
    contexts: list[Any] = [
        {},
        {"user": {"id": "u-1"}},
        {"user": {"id": "u-2"}},
        {"user": {"name": "Cy"}, "next_state": "ask"},
        {"user": [], "delay_ms": 0},
        {"user": {"id": "constructor"}},
    ]
    params: list[Any] = [
        None,
        {"timestamp": "1546300800000", "language": "it", "time_zone": None},
        {"timestamp": 1546300800000, "target_dialogue_state": "welcome", "locale": ""},
        {"timestamp": True, "allowed_intents": ["marker"], "dynamic_resource": {"a": 1}},
    ]
    names = [each["name"] for each in catalogue()["actions"] if each["name"] != "slow"]
    for name in [*names, "anything"]:
        for _ in range(12):
            yield {
                "action": name,
                "request": {
                    "entities": choose.sample(entities, choose.randint(0, 6)),
                    "frame": choose.choice(frames),
                    "context": choose.choice(contexts),
                },
                "responder": {"frame": choose.choice([{}, *frames]), "params": choose.choice(params)},
            }


def test_it_says_what_the_python_server_says(server: RunningServer) -> None:
    connection = server.connect()
    try:
        for invocation in _invocations():
            sent = json.dumps(invocation).encode()
            answer = exchange_over(connection, "POST", "/action", sent, JSON)
            try:
                expected, status = carry_out(Turn(invocation=invocation)), 200
            except RefusedError as refused:
                expected, status = refused.problem.members(), refused.problem.status
            assert (answer.status, answer.json) == (status, expected), invocation
    finally:
        connection.close()
