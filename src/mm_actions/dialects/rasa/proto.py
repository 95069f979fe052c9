"""Calls and answers as messages of Rasa's gRPC service, and back.

What HTTP carries and the messages cannot is mended here, the same way in both directions: whole numbers stay
whole, a form in progress keeps the values that are no texts, plain names in the domain arrive as names, and
members that protobuf drops because they are empty are there again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import UNSET

from mm_actions.contract.codec import encode
from mm_actions.dialects.rasa.descriptors import CLASSES, METHODS, SERVICE
from mm_actions.dialects.rasa.later import Events
from mm_actions.dialects.rasa.struct_codec import decode_struct, encode_struct
from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall
from mm_actions.errors import EncodingFailed

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = [
    "METHODS",
    "SERVICE",
    "ActionsRequest",
    "ActionsResponse",
    "Empty",
    "StreamChunkAck",
    "WebhookRequest",
    "WebhookResponse",
    "WebhookStreamEvent",
    "action_names_of_message",
    "actions_message",
    "answer_of_message",
    "call_of_message",
    "event_of_message",
    "request_message",
    "response_message",
    "stream_message",
]

ActionsRequest, ActionsResponse, Empty = (
    CLASSES["ActionsRequest"],
    CLASSES["ActionsResponse"],
    CLASSES["Empty"],
)
StreamChunkAck, WebhookRequest = CLASSES["StreamChunkAck"], CLASSES["WebhookRequest"]
WebhookResponse, WebhookStreamEvent = CLASSES["WebhookResponse"], CLASSES["WebhookStreamEvent"]

EventKind = Literal["chunk_start", "chunk", "chunk_end", "final_result", "error"]
_EVENT_KINDS: tuple[EventKind, ...] = ("chunk_start", "chunk", "chunk_end", "final_result", "error")
_NAMES = {"intents": "Intent", "entities": "Entity", "actions": "Action"}
_GROUPS = ("config", "session_config", "slots", "responses", "forms")
_TEXTS = ("response_id", "text", "image", "attachment")
_E2E = "action_text"


def request_message(call: RasaCall) -> Message:
    """Make the message of a call.

    Raises:
        EncodingFailed: It holds a value that no message can carry.
    """
    try:
        message = WebhookRequest(
            next_action=call.next_action or "",
            sender_id=call.sender_id or "",
            version=call.version or "",
            domain_digest=call.domain_digest,
            tracker=_tracker_message(call),
        )
        if call.domain is not UNSET:
            message.domain.CopyFrom(_domain_message(call.domain))
    except (TypeError, ValueError) as error:
        raise _unwritable(error) from error
    return message  # type: ignore[no-any-return] # its class is made at run time


def call_of_message(message: Any, *, read_event: Callable[[bytes], Any] | None = None) -> RasaCall:
    """Read the message of a call.

    Args:
        message: The message.
        read_event: Reads an event of the tracker when somebody looks at it; None to read all of them now.

    Raises:
        BadPayload: A Struct in it is none.
        PayloadTooDeep: A Struct in it is nested too deeply.
    """
    sent = message.tracker
    return RasaCall(
        next_action=message.next_action or None,
        sender_id=message.sender_id or sent.sender_id or None,
        version=message.version or None,
        domain_digest=message.domain_digest if message.HasField("domain_digest") else None,
        domain=_domain_of(message.domain) if message.HasField("domain") else UNSET,
        tracker={
            "sender_id": sent.sender_id or message.sender_id or None,
            "slots": decode_struct(sent.slots),
            "latest_message": decode_struct(sent.latest_message),
            "events": [*map(decode_struct, sent.events)]
            if read_event is None
            else Events(sent.events, read_event),
            "paused": sent.paused,
            "followup_action": sent.followup_action if sent.HasField("followup_action") else None,
            "active_loop": _loop_of(sent.active_loop),
            "latest_action_name": sent.latest_action_name if sent.HasField("latest_action_name") else None,
            "stack": [*map(decode_struct, sent.stack)],
            "user_id": sent.user_id if sent.HasField("user_id") else None,
        },
    )


def response_message(answer: RasaAnswer) -> Message:
    """Make the message of an answer.

    Raises:
        EncodingFailed: It holds a value that no message can carry.
    """
    return WebhookResponse(  # type: ignore[no-any-return] # its class is made at run time
        events=map(encode_struct, answer.events), responses=map(encode_struct, answer.responses)
    )


def answer_of_message(message: Any) -> RasaAnswer:
    """Read the message of an answer.

    Raises:
        BadPayload: A Struct in it is none.
        PayloadTooDeep: A Struct in it is nested too deeply.
    """
    return RasaAnswer(
        events=[*map(decode_struct, message.events)], responses=[*map(decode_struct, message.responses)]
    )


def stream_message(kind: EventKind, body: RasaAnswer | Mapping[str, Any]) -> Message:
    """Make the message of one event of a stream.

    Args:
        kind: Which one it is.
        body: An answer for the ``final_result``; otherwise the members: ``response_id`` and what a chunk
            says, or ``action_name`` and ``message`` of an error.

    Raises:
        EncodingFailed: It holds a value that no message can carry.
    """
    if isinstance(body, RasaAnswer):
        return WebhookStreamEvent(final_result=response_message(body))  # type: ignore[no-any-return] # as above
    members: dict[str, Any] = dict(body)
    if kind == "chunk":
        members = {name: str(value) for name in _TEXTS if (value := body.get(name)) is not None}
        if (custom := body.get("custom")) is not None:
            members["custom"] = encode_struct(custom)
        for name in ("buttons", "elements"):
            if values := body.get(name):
                members[name] = [*map(encode_struct, values)]
    try:
        return WebhookStreamEvent(**{kind: members})  # type: ignore[no-any-return] # as above
    except (TypeError, ValueError) as error:
        raise _unwritable(error) from error


def event_of_message(message: Any) -> tuple[EventKind, Any] | None:
    """Read one event of a stream: its kind, and a :class:`RasaAnswer` for the last one, or a dict.

    None stands for an event of a kind that is not known.

    Raises:
        BadPayload: A Struct in it is none.
        PayloadTooDeep: A Struct in it is nested too deeply.
    """
    kind: EventKind | None = next((kind for kind in _EVENT_KINDS if message.HasField(kind)), None)
    if kind is None:
        return None
    body = getattr(message, kind)
    if kind == "final_result":
        return kind, answer_of_message(body)
    if kind == "error":
        return kind, {"action_name": body.action_name, "message": body.message}
    members: dict[str, Any] = {"response_id": body.response_id}
    if kind == "chunk":
        members |= {name: value for name in _TEXTS[1:] if (value := getattr(body, name))}
        if body.custom:
            members["custom"] = decode_struct(body.custom)
        for name in ("buttons", "elements"):
            if values := getattr(body, name):
                members[name] = [*map(decode_struct, values)]
    return kind, members


def actions_message(names: Iterable[str]) -> Message:
    """Make the message that names the actions of a server."""
    return ActionsResponse(actions=[encode_struct({"name": name}) for name in names])  # type: ignore[no-any-return] # as above


def action_names_of_message(message: Any) -> list[str]:
    """Read the names of a server's actions."""
    return [str(found["name"]) for found in map(decode_struct, message.actions) if "name" in found]


def _unwritable(error: Exception) -> EncodingFailed:
    """Give what protobuf says of a text that is none, or cannot be written, the name that we have for it."""
    return EncodingFailed(f"the turn cannot be written as protobuf: {error}")


def _tracker_message(call: RasaCall) -> Any:
    tracker = call.tracker
    return CLASSES["Tracker"](
        sender_id=tracker.get("sender_id") or call.sender_id or "",
        slots=encode_struct(tracker.get("slots") or {}),
        latest_message=encode_struct(tracker.get("latest_message") or {}),
        events=map(encode_struct, tracker.get("events") or ()),
        paused=bool(tracker.get("paused")),
        followup_action=tracker.get("followup_action"),
        active_loop=_loop_entries(tracker.get("active_loop") or {}),
        latest_action_name=tracker.get("latest_action_name"),
        stack=map(encode_struct, tracker.get("stack") or ()),
        user_id=tracker.get("user_id"),
    )


def _loop_entries(loop: Mapping[str, Any]) -> list[Any]:
    """Write a form in progress as texts, which is all there is room for: what is no text, as JSON.

    What is false or null is left out: a reader that does not know of this takes any text for true.
    """
    entry = CLASSES["LoopEntry"]
    return [
        entry(key=name, value=value if isinstance(value, str) else encode(value).decode())
        for name, value in loop.items()
        if value is not None and value is not False
    ]


def _loop_of(entries: Iterable[Any]) -> dict[str, Any]:
    """Read a form in progress; whatever is not the name of something may be JSON."""
    found = {entry.key: entry.value for entry in entries}
    if not found.get("name"):
        return {}
    loop: dict[str, Any] = {
        "name": found.pop("name"),
        "is_interrupted": False,
        "rejected": False,
        "trigger_message": None,
    }
    return loop | {name: _json(value) for name, value in found.items()}


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"True": True, "False": False, "None": None}.get(text, text)  # as Python's str() has it


def _domain_message(domain: Mapping[str, Any]) -> Any:
    message = CLASSES["Domain"](**{name: encode_struct(domain.get(name) or {}) for name in _GROUPS})
    for name, kind in _NAMES.items():
        getattr(message, name).extend(_named(CLASSES[kind], each) for each in domain.get(name) or ())
    message.e2e_actions.extend(
        encode_struct(each if isinstance(each, Mapping) else {_E2E: each})
        for each in domain.get("e2e_actions") or ()
    )
    return message


def _named(kind: Any, value: Any) -> Any:
    return (
        kind(dict_value=encode_struct(value)) if isinstance(value, Mapping) else kind(string_value=str(value))
    )


def _domain_of(message: Any) -> dict[str, Any]:
    """Read a domain. Names that arrive as nothing, as those that Rasa sends, are left out."""
    domain: dict[str, Any] = {name: decode_struct(getattr(message, name)) for name in _GROUPS}
    for name in _NAMES:
        domain[name] = [
            each.string_value if each.HasField("string_value") else decode_struct(each.dict_value)
            for each in getattr(message, name)
            if each.HasField("string_value") or each.HasField("dict_value")
        ]
    found = map(decode_struct, message.e2e_actions)
    domain["e2e_actions"] = [each[_E2E] if each.keys() == {_E2E} else each for each in found]
    return domain
