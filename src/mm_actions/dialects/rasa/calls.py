"""What an action is asked: our Request and Responder, and the call of Rasa that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.wire import Params as WireParams
from mm_actions.contract.wire import Wire
from mm_actions.core.params import NAMES
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.dialects.rasa.later import History
from mm_actions.dialects.rasa.past import (
    events_of_history,
    events_of_turn,
    history_of_events,
    parse_of,
    request_members,
    user_event,
)
from mm_actions.dialects.rasa.state import LISTEN, MEMBER, state_of_frame, state_of_tracker
from mm_actions.dialects.rasa.wire import OBJECT, RasaCall

if TYPE_CHECKING:
    from mm_actions.core.transport import Invocation

OURS = "mindmeld"
"""The member of a message's metadata that holds what Rasa has no words for."""
_WITHOUT_WORDS = (
    "domain",
    "params",
    "confidences",
    "nbest_transcripts_text",
    "nbest_transcripts_entities",
    "nbest_aligned_entities",
    "form",
)
_SENDERS = ("sender_id", "conversation_id", "user_id")
_CHANNEL = "input_channel"


def call_of(invocation: Invocation, history: int | None = None) -> RasaCall:
    """Say a turn as Rasa does; the domain is for others to add.

    Args:
        invocation: The action, and the turn; ours or MindMeld's.
        history: How many of the newest turns to tell; None for all.
    """
    request, responder = dict(invocation.request), invocation.responder
    if isinstance(responder, DialogueResponder):  # its history need not be serialised for the rest
        answered = {name: getattr(responder, name) for name in ("directives", "frame", "slots")}
    else:
        answered = dict(responder)
    slots = answered.get("slots") or {}
    context = request.get("context") or {}
    began_with = request.get("frame") or {}
    frame = answered.get("frame") or began_with
    state = state_of_frame(frame)
    state.slots |= slots
    if frame.get(MEMBER) == began_with.get(MEMBER) or state.latest_action_name is None:
        state.latest_action_name = LISTEN  # no action has been carried out in this turn
    sender = _sender_of(context, request.get("request_id"))
    message = parse_of(request)
    message["metadata"] = dict(context)
    ours = {name: request[name] for name in _WITHOUT_WORDS if request.get(name)}
    if "params" in ours:
        ours["params"] = {name: value for name, value in dict(ours["params"]).items() if value}
        if not ours["params"]:
            del ours["params"]
    if ours:
        message["metadata"][OURS] = ours
    turns = list(request.get("history") or ())
    now = _seconds(request.get("params"))
    channel = context.get(_CHANNEL)
    return RasaCall(
        next_action=invocation.action,
        sender_id=sender,
        tracker={
            "sender_id": sender,
            "slots": state.slots,
            "latest_message": message,
            "latest_event_time": now,
            "followup_action": None if state.followup_action == invocation.action else state.followup_action,
            "paused": state.paused,
            "events": [
                *events_of_history(turns if history is None else turns[:history]),
                user_event(message, now) | {_CHANNEL: channel},
                *events_of_turn(answered.get("directives"), slots),
            ],
            "latest_input_channel": channel,
            "active_loop": state.active_loop,
            "latest_action": {"action_name": state.latest_action_name},
            "latest_action_name": state.latest_action_name,
            "stack": [],
        },
    )


def turn_of(call: RasaCall) -> tuple[Request, DialogueResponder]:
    """Say a call of Rasa as the Request and the Responder of a turn, for an action of ours.

    What an action may change of them is not shared with the call, whose values are those of JSON. The history
    has the newest turns alone, and is told when somebody looks.
    """
    tracker = call.tracker
    message = tracker.get("latest_message")
    message = _copied(message) if isinstance(message, dict) else {}
    members = request_members(message)
    metadata = message.get("metadata")
    context = dict(metadata) if isinstance(metadata, dict) else {}
    members |= _members_of(context.pop(OURS, None))
    sender = call.sender_id or tracker.get("sender_id")
    if sender is not None and context.keys().isdisjoint(_SENDERS):
        context["sender_id"] = sender
    if tracker.get("latest_input_channel") is not None:
        context.setdefault(_CHANNEL, tracker["latest_input_channel"])
    events = tracker.get("events")
    frame = state_of_tracker(tracker).frame()
    request = Request(**members, context=context, frame=_copied(frame))
    responder = DialogueResponder(frame=_copied(frame), request=request)
    if events and isinstance(events, Sequence) and not isinstance(events, str):
        # Past their constructors, which would look.
        history: Any = History(partial(history_of_events, events))
        vars(request)["history"] = responder.history = history
    return request, responder


_copied = msgspec.to_builtins


class _Ours(Wire):
    """What stands under :data:`OURS`."""

    domain: str | None = None
    params: WireParams | None = None
    confidences: dict[str, Any] | None = None
    nbest_transcripts_text: list[str] | None = None
    nbest_transcripts_entities: list[list[dict[str, Any]]] | None = None
    nbest_aligned_entities: list[list[dict[str, Any]]] | None = None
    form: dict[str, Any] | None = None


def _members_of(ours: Any) -> dict[str, Any]:
    """Read what we wrote; what somebody else wrote under the same name is passed over."""
    if ours is None:
        return {}
    try:
        known = msgspec.convert(ours, _Ours)
    except msgspec.ValidationError:
        return {}
    members = {name: value for name in _WITHOUT_WORDS if (value := getattr(known, name)) is not None}
    if known.params is not None:
        members["params"] = {
            name: value for name in NAMES if (value := getattr(known.params, name)) is not None
        }
        timestamp = members["params"].pop("timestamp", None)
        if timestamp is not None and str(timestamp).isascii() and str(timestamp).isdecimal():
            members["params"]["timestamp"] = int(timestamp)
    return members


def _sender_of(context: Mapping[str, Any], request_id: Any) -> str:
    found = next((context[name] for name in _SENDERS if context.get(name)), request_id)
    return str(found) if found else "default"


def _seconds(params: Any) -> float | None:
    timestamp = params.get("timestamp") if isinstance(params, OBJECT) else None
    try:
        return int(timestamp) / 1000 if timestamp else None
    except (TypeError, ValueError):
        return None
