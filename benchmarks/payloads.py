"""What is sent: an invocation of the contract, and as much in rasa_sdk's form."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def of_size(make: Callable[[list[Any]], Any], size: int) -> bytes:
    """Make a body with as many turns of history as fit."""
    turn = len(json.dumps(_turn(0))) + 2
    count = max(0, (size - len(json.dumps(make([])))) // turn)
    return json.dumps(make([_turn(number) for number in range(count)])).encode()


def _turn(number: int) -> dict[str, Any]:
    return {
        "event": "user", "timestamp": 1_546_300_800.5 + number,
        "text": f"a large coffee with milk, number {number}",
        "domain": "coffee", "intent": "order", "entities": [{"type": "size", "text": "large", "role": None}],
        "parse_data": {"intent": {"name": "order", "confidence": 0.98}, "entities": []}, "metadata": {},
    }  # fmt: skip


def invocation(history: list[Any]) -> dict[str, Any]:
    entity = {"type": "size", "text": "large", "role": None, "value": [{"cname": "large", "score": 0.9}],
              "span": {"start": 2, "end": 6}}  # fmt: skip
    params: dict[str, Any] = {
        "allowed_intents": [], "target_dialogue_state": None, "time_zone": None, "language": "en",
        "locale": None, "timestamp": None, "dynamic_resource": {},
    }  # fmt: skip
    return {
        "action": "hello",
        "request": {
            "text": "a large coffee", "domain": "coffee", "intent": "order", "entities": [entity],
            "history": history, "params": params, "context": {"user": "u1"}, "frame": {"step": 3},
            "confidences": {"domains": {"coffee": 0.98, "other": 0.02}},
        },
        "responder": {"directives": [], "frame": {"step": 3}, "slots": {}, "params": params},
    }  # fmt: skip


def tracker(events: list[Any]) -> dict[str, Any]:
    return {
        "next_action": "action_hello", "sender_id": "u1", "version": "3.21.1",
        "tracker": {
            "sender_id": "u1", "slots": {"step": 3},
            "latest_message": {
                "intent": {"name": "order", "confidence": 0.98}, "entities": [], "text": "a large coffee",
                "message_id": "m1", "metadata": {}, "intent_ranking": [],
            },
            "latest_event_time": 1.0, "followup_action": None, "paused": False, "events": events,
            "latest_input_channel": "rest",
            "active_loop": {}, "latest_action": {"action_name": "action_listen"},
            "latest_action_name": "action_listen", "stack": [], "user_id": None,
        },
        "domain": {
            "config": {}, "session_config": {}, "intents": ["order"], "entities": ["size"],
            "slots": {"step": {"type": "any", "mappings": []}}, "responses": {},
            "actions": ["action_hello"], "forms": {}, "e2e_actions": [],
        },
    }  # fmt: skip
