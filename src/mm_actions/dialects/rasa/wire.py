"""What travels to a Rasa action server and back, over HTTP as JSON; read leniently, written strictly.

Members are those of rasa_sdk 3.x. Null stands for an absent member, and members that we do not know are
passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from mm_actions.contract.codec import decode, encode
from mm_actions.errors import SchemaMismatch, Sent

logger = logging.getLogger("mm_actions.rasa")
OBJECT = (dict, Mapping)
"""What counts as an object of JSON; isinstance finds a dict first, in a third of the time of a Mapping."""
T = TypeVar("T")

_EVENT_TYPES = """
    user bot action slot entities user_featurization session_started session_ended restart undo rewind
    reset_slots active_loop form loop_interrupted form_validation action_execution_rejected
    followup pause resume reminder cancel_reminder export agent routing_session_ended stack error
    flow_started flow_interrupted flow_resumed flow_completed flow_cancelled
    agent_started agent_completed agent_interrupted agent_resumed agent_cancelled
"""
EVENT_TYPES: frozenset[str] = frozenset(_EVENT_TYPES.split())
"""The events that Rasa takes from an action. With one of another type, it refuses the whole answer."""


class RasaCall(msgspec.Struct, kw_only=True):
    """What an action server is sent.

    Attributes:
        next_action: The action to carry out; None where a server is only asked whether it listens.
        sender_id: Whose conversation it is.
        tracker: The conversation so far.
        domain: What the assistant knows; unset where the server has it by its digest.
        domain_digest: Names a state of the domain; opaque.
        version: The version of the caller.
    """

    next_action: str | None = None
    sender_id: str | None = None
    tracker: dict[str, Any] = msgspec.field(default_factory=dict)
    domain: dict[str, Any] | UnsetType = UNSET
    domain_digest: str | None = None
    version: str | None = None


class RasaAnswer(msgspec.Struct, kw_only=True):
    """What an action server answers.

    Attributes:
        events: What happened to the conversation, in order.
        responses: What to say, in order.
    """

    events: list[dict[str, Any]] = msgspec.field(default_factory=list)
    responses: list[dict[str, Any]] = msgspec.field(default_factory=list)


def read_call(body: bytes) -> RasaCall | None:
    """Read a call; None for one that is null.

    Raises:
        BadPayload: It is not JSON.
        SchemaMismatch: It is not of the shape of a call.
    """
    return _without_nulls(decode(body, _OBJECT), RasaCall)


def write_call(call: RasaCall) -> bytes:
    """Write a call.

    Raises:
        EncodingFailed: It holds a value that JSON cannot carry.
    """
    return encode(call)


def read_answer(body: bytes) -> RasaAnswer:
    """Read an answer; one that is null says nothing.

    Raises:
        BadPayload: It is not JSON.
        SchemaMismatch: It is not of the shape of an answer.
    """
    answer = _without_nulls(decode(body, _OBJECT), RasaAnswer)
    return RasaAnswer() if answer is None else answer


def write_answer(answer: RasaAnswer) -> bytes:
    """Write an answer.

    Raises:
        EncodingFailed: It holds a value that JSON cannot carry.
    """
    return encode(answer)


def fault_of(event: Mapping[str, Any]) -> str | None:
    """Say why Rasa would refuse an event; None where it takes it."""
    kind = event.get("event")
    if not isinstance(kind, str) or kind not in EVENT_TYPES:
        return f"{kind!r} is no type of event that Rasa knows"
    if kind == "slot" and not (isinstance(event.get("name"), str) and "value" in event):
        return "an event of type 'slot' needs `name` and `value`"
    timestamp = event.get("timestamp")
    if timestamp is not None and (isinstance(timestamp, bool) or not isinstance(timestamp, (int, float))):
        return f"the timestamp of an event of type {kind!r} is no number"
    metadata = event.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return f"the metadata of an event of type {kind!r} is no object"
    return None


def acceptable(answer: RasaAnswer) -> RasaAnswer:
    """Leave out the events that Rasa would refuse, each with a line in the log.

    Rasa refuses an answer as a whole, so one wrong event would cost the user all that the action said.
    """
    events = []
    for event in answer.events:
        fault = fault_of(event)
        if fault is None:
            events.append(event)
        else:
            logger.warning("an event was left out of an answer to Rasa: %s", fault)
    return (
        answer if len(events) == len(answer.events) else RasaAnswer(events=events, responses=answer.responses)
    )


def _without_nulls(members: dict[str, Any] | None, kind: type[T]) -> T | None:
    if members is None:
        return None
    try:
        return msgspec.convert({name: value for name, value in members.items() if value is not None}, kind)
    except msgspec.ValidationError as error:
        raise SchemaMismatch(f"not of the shape of Rasa's action server: {error}", sent=Sent.YES) from error


_OBJECT: Any = dict[str, Any] | None
