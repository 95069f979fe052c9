"""Turns as events, oldest first, and events as turns, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.dialects.rasa.answers import rasa_answer_of
from mm_actions.dialects.rasa.entities import entity_of, rasa_entity_of
from mm_actions.dialects.rasa.responses import directives_of_responses
from mm_actions.dialects.rasa.wire import OBJECT, RasaCall

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TURNS = 20
"""Turns that an action of ours is shown of a conversation with Rasa, whose tracker has all of them."""
_DATA = ("elements", "quick_replies", "buttons", "attachment", "image", "custom")
_NOWHERE = RasaCall()


def parse_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Say how a turn was understood, as Rasa does; ``request`` is ``dict(request)``."""
    intent, confidences = request.get("intent"), request.get("confidences") or {}
    intents = confidences.get("intents") if isinstance(confidences, OBJECT) else None
    scores = {
        name: score
        for name, score in (intents.items() if isinstance(intents, OBJECT) else ())
        if isinstance(score, (int, float))
    }
    if intent is not None:
        scores.setdefault(intent, 1.0)
    ranking = sorted(scores.items(), key=lambda each: -each[1])
    return {
        "text": request.get("text"),
        "intent": {"name": intent, "confidence": scores.get(intent, 0.0)},
        "intent_ranking": [{"name": name, "confidence": score} for name, score in ranking],
        "entities": [rasa_entity_of(entity) for entity in request.get("entities") or ()],
        "message_id": request.get("request_id"),
        "metadata": {},
    }


def events_of_history(history: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Tell earlier turns, each as ``dict(responder)``, newest first, as events, oldest first."""
    for turn in reversed(history):
        yield user_event(parse_of(turn.get("request") or {}), None)
        yield from events_of_turn(turn.get("directives"), turn.get("slots"))


def user_event(message: Mapping[str, Any], timestamp: float | None) -> dict[str, Any]:
    """Tell that the user said something."""
    return {
        "event": "user",
        "timestamp": timestamp,
        "text": message["text"],
        "parse_data": message,
        "input_channel": None,
        "message_id": message["message_id"],
        "metadata": message["metadata"],
    }


def events_of_turn(
    directives: Sequence[Mapping[str, Any]] | None, slots: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """Tell what was answered, as Rasa's tracker has it: what was said first, then what changed."""
    answer = rasa_answer_of({"directives": directives, "slots": slots}, _NOWHERE)
    for response in answer.responses:
        metadata = {
            name: value for name, value in response.items() if name not in _DATA and name != "text" and value
        }
        if "response" in metadata:
            metadata["utter_action"] = metadata.pop("response")
            metadata.pop("template", None)
        yield {
            "event": "bot",
            "timestamp": None,
            "text": response["text"],
            "data": {name: response.get(name) or None for name in _DATA},
            "metadata": metadata,
        }
    yield from answer.events


def history_of_events(events: Sequence[Any]) -> list[dict[str, Any]]:
    """Tell the turns before the latest one as a Request's history does."""
    turns: list[dict[str, Any]] = []
    later: list[Mapping[str, Any]] = []
    current = True
    for event in reversed(events):
        if not isinstance(event, OBJECT):
            continue
        if event.get("event") != "user":
            later.append(event)
            continue
        if not current:
            turns.append(_turn_of(event, later[::-1]))
            if len(turns) == TURNS:
                break
        current, later = False, []
    return turns


def request_members(message: Mapping[str, Any]) -> dict[str, Any]:
    """Give the members of a Request that say how Rasa understood a message."""
    text, intent = message.get("text"), message.get("intent")
    text = text if isinstance(text, str) else None
    name = intent.get("name") if isinstance(intent, OBJECT) else None
    members: dict[str, Any] = {"text": text}
    if isinstance(name, str):
        members["intent"] = name
    entities = message.get("entities")
    if entities and isinstance(entities, list):
        members["entities"] = [entity_of(each, text) for each in entities if isinstance(each, OBJECT)]
    ranking = message.get("intent_ranking")
    if ranking and isinstance(ranking, list):
        scores = {
            each["name"]: each.get("confidence")
            for each in ranking
            if isinstance(each, OBJECT) and isinstance(each.get("name"), str)
        }
        members["confidences"] = {"intents": scores}
    if isinstance(message.get("message_id"), str):
        members["request_id"] = message["message_id"]
    return members


def _turn_of(user: Mapping[str, Any], events: list[Mapping[str, Any]]) -> dict[str, Any]:
    message = user.get("parse_data")
    request = request_members({"text": user.get("text"), **(message if isinstance(message, OBJECT) else {})})
    responses = [
        {"text": event.get("text")}
        | {name: value for name, value in (event.get("data") or {}).items() if value}
        for event in events
        if event.get("event") == "bot"
    ]
    slots = {
        event["name"]: event.get("value")
        for event in events
        if event.get("event") == "slot" and isinstance(event.get("name"), str)
    }
    return {"request": request, "slots": slots, "directives": directives_of_responses(responses)}
