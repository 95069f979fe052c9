"""Bodies of the kind that MindMeld applications send."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

MARKER = "mm-conformance"
"""What begins every text that must not, or must intact, come back."""

_NO_PARAMS: dict[str, Any] = {
    "dynamic_resource": {},
    "locale": None,
    "timestamp": None,
    "allowed_intents": [],
    "time_zone": None,
    "language": None,
    "target_dialogue_state": None,
}
#: Every one of the seven null, as some applications send them.
NULL_PARAMS: dict[str, Any] = dict.fromkeys(_NO_PARAMS)

ENTITY = {
    "text": "elm street",
    "type": "store_name",
    "role": None,
    "value": [{"id": "1", "cname": "23 Elm Street", "score": 27.0, "top_synonym": "23 Elm"}],
    "display_text": "elm street",
    "confidence": 0.97,
    "span": {"start": 16, "end": 25},
}
_CHILD = {"text": "large", "type": "size", "role": None, "value": [{"cname": "large"}]}
#: Dependent entities, and a role that is null.
NESTED = {**ENTITY, "children": [{**_CHILD, "span": {"start": 0, "end": 4}}]}
_TIME = {
    "text": "tomorrow at 9",
    "type": "sys_time",
    "role": "start",
    "value": [{"grain": "hour", "value": "2026-11-21T09:00:00.000-08:00"}],
    "confidence": None,
    "span": {"start": 27, "end": 39},
}
_TURN = {
    "dialogue_state": "welcome",
    "directives": [{"name": "reply", "type": "view", "payload": {"text": "Hello"}}],
    "frame": {},
    "slots": {},
    "form": None,
    "params": _NO_PARAMS,
    "request": {"text": "hi", "domain": "greetings", "intent": "greet"},
}
_FULL = {
    "text": "are you open on elm street tomorrow at 9",
    "domain": "store_info",
    "intent": "get_store_hours",
    "entities": [ENTITY, _TIME],
    "history": [_TURN],
    "frame": {"order": {"items": ["latte"]}},
    "context": {"device": "kiosk", "user": {"id": "u-1"}},
    "confidences": {
        "domains": {"store_info": 0.99, "greetings": 0.01},
        "intents": {"get_store_hours": 0.98},
    },
    "nbest_transcripts_text": ["are you open on elm street", "are you open on helm street"],
    "nbest_transcripts_entities": [[ENTITY]],
    "nbest_aligned_entities": [[{"text": "elm street", "type": "store_name"}]],
    "form": {
        "entities": [{"entity": "store_name", "role": None, "responses": ["Where?"], "default_eval": True}],
        "max_retries": 1,
    },
    "params": {
        "dynamic_resource": {"gazetteers": {"store_name": {"elm street": 1.0}}},
        "locale": "en_US",
        "timestamp": None,
        "allowed_intents": ["store_info.get_store_hours"],
        "time_zone": "America/Los_Angeles",
        "language": "en",
        "target_dialogue_state": "get_store_hours",
    },
}
DIRECTIVES: list[dict[str, Any]] = [
    {"name": "reply", "type": "view", "payload": {"text": "Hello Bo"}},
    {"name": "list", "type": "view", "payload": [{"title": "Elm", "desc": "open"}, {"title": "Oak"}]},
    {"name": "suggestions", "type": "view", "payload": [{"text": "yes"}, {"text": "no"}]},
    {"name": "listen", "type": "action"},
    {"name": "speak", "type": "action", "payload": "a string"},
    {"name": "play", "type": "custom", "payload": ["a", 1, None]},
]


def invocation(
    action: str,
    *,
    text: str = "hi",
    request: dict[str, Any] | None = None,
    responder: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the body that a bare request of an application has.

    Args:
        action: The action's name.
        text: What the user said.
        request: Members of the request to set.
        responder: Members of the responder to set.
    """
    return {
        "request": {
            "params": deepcopy(_NO_PARAMS),
            "text": text,
            "domain": "greetings",
            "intent": "greet",
            **(request or {}),
        },
        "responder": {
            "frame": {},
            "directives": [],
            "params": deepcopy(_NO_PARAMS),
            "slots": {},
            **(responder or {}),
        },
        "action": action,
    }


def empty(action: str) -> dict[str, Any]:
    """Make the body of a request that has nothing but params."""
    body = invocation(action)
    return {**body, "request": {"params": body["request"]["params"]}}


def full(action: str) -> dict[str, Any]:
    """Make a body with every member that an application can send."""
    responder = {
        "frame": {"order": {"items": ["latte"]}},
        "slots": {"store": "23 Elm Street"},
        "params": deepcopy(_FULL["params"]),
    }
    return invocation(action, request=deepcopy(_FULL), responder=responder)


def with_unknown_members(action: str) -> dict[str, Any]:
    """Make a body that has a member nobody knows at every level."""
    odd = {"x_unknown": {"of": ["another", "time"]}}
    body = full(action)
    for level in (
        body,
        body["request"],
        body["responder"],
        body["request"]["params"],
        body["responder"]["params"],
        body["request"]["entities"][0],
        body["request"]["entities"][0]["span"],
        body["request"]["history"][0],
    ):
        level.update(odd)
    body["responder"]["directives"] = [{**DIRECTIVES[0], **odd}]
    return body
