"""What an action answers: Rasa's events and responses, and the directives, frame and slots that say the same.

``rasa_answer_of(answer_of(call, answer), call)`` is the answer again: what frame and slots do not wholly say
is kept as a directive of type ``event``.
"""

from __future__ import annotations

import logging
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mm_actions.contract.wire import Answer
from mm_actions.dialects.rasa.chunks import chunk_of_directive
from mm_actions.dialects.rasa.responses import (
    DEFAULTS,
    directive_of_response,
    directives_of_responses,
    responses_of_directives,
)
from mm_actions.dialects.rasa.state import MEMBER, State, after, state_of_frame, waiting_of
from mm_actions.dialects.rasa.wire import OBJECT, RasaAnswer, RasaCall

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EVENT", "answer_of", "directive_of_event", "directive_of_response", "rasa_answer_of"]

logger = logging.getLogger("mm_actions.rasa")

EVENT = "event"
"""The type of a directive that holds an event of Rasa."""
_PLAIN = {
    "slot": {"event", "timestamp", "name", "value"},
    "followup": {"event", "timestamp", "name"},
    "active_loop": {"event", "timestamp", "name"},
    "pause": {"event", "timestamp"},
    "resume": {"event", "timestamp"},
}
"""Events that a frame can say, and the members of one that has no more to it."""


def answer_of(call: RasaCall, answer: RasaAnswer) -> Answer:
    """Say what a Rasa action server answered as our contract does.

    Args:
        call: What was asked: the state that the events change.
        answer: What came.
    """
    state, changes = after(call, answer.events)
    frame = {name: value for name, value in changes.items() if name != MEMBER}
    kept, unchanged = state.kept(), after(call, [])[0].kept()
    unchanged["followup_action"] = waiting_of(call)
    if MEMBER in changes or kept != unchanged:
        frame[MEMBER] = kept  # whole, for frames are merged member by member
    return Answer(
        directives=[
            *directives_of_responses(answer.responses),
            *map(directive_of_event, _untold(call, answer.events, frame, changes)),
        ],
        frame=deepcopy(frame),  # what is changed in one place later must not change in another
        slots=changes,
    )


def rasa_answer_of(answer: Answer | Mapping[str, Any], call: RasaCall) -> RasaAnswer:
    """Say an action's changes as Rasa's events and responses.

    What is set in ``params`` has no counterpart, and stays behind. Chunks that were not told at once are
    replayed as messages.

    Args:
        answer: The changes alone: a member of frame or slots that is there was set.
        call: What was asked.
    """
    if isinstance(answer, Answer):
        directives, frame, slots, params = answer.directives, answer.frame, answer.slots, answer.params
    else:
        directives, frame, slots, params = (
            answer.get(name) for name in ("directives", "frame", "slots", "params")
        )
    if params:
        logger.debug("params that an action set stay behind: Rasa has none")
    events, views = [], []
    for directive in directives or ():
        event = event_of_directive(directive)
        chunk = chunk_of_directive(directive)
        if event is not None:
            events.append(event)
        elif chunk is None:
            views.append(directive)
        elif chunk[0] == "chunk":
            said = {name: value for name, value in chunk[1].items() if name != "response_id"}
            views += directive_of_response(DEFAULTS | said)
    return RasaAnswer(
        events=_events(call, events, frame or {}, slots or {}), responses=responses_of_directives(views)
    )


def directive_of_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an event as a directive."""
    kind = event.get("event")
    return {"name": kind if isinstance(kind, str) else "", "type": EVENT, "payload": dict(event)}


def event_of_directive(directive: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give the event of a directive; None where it is no event.

    The payload need not repeat what the directive is called:
    ``responder.direct("followup", "event", {"name": "action_next"})``.
    """
    payload = directive.get("payload") or {}
    if directive.get("type") != EVENT or not isinstance(payload, OBJECT):
        return None
    name = directive.get("name")
    return {"event": name, "timestamp": None, **payload} if name and "event" not in payload else dict(payload)


def _untold(
    call: RasaCall, events: list[dict[str, Any]], frame: dict[str, Any], slots: dict[str, Any]
) -> list[dict[str, Any]]:
    """Give the events that frame and slots do not say by themselves: none, the first ones, or all."""
    end = max((position for position, event in enumerate(events, 1) if not _is_plain(event)), default=0)
    first = events[:end]
    return first if _events(call, first, frame, slots) == events else events


def _is_plain(event: Mapping[str, Any]) -> bool:
    kind = event.get("event")
    members = _PLAIN.get(kind) if isinstance(kind, str) else None
    return members is not None and event.keys() == members and event["timestamp"] is None


def _events(
    call: RasaCall, told: list[dict[str, Any]], frame: Mapping[str, Any], slots: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Complete events with those that frame and slots tell of beyond them."""
    before, known = after(call, told)
    changed = state_of_frame(frame)
    events = [*told]
    if isinstance(frame.get(MEMBER), OBJECT):
        events += _loop_and_pause(before, changed)
        changed.slots.pop(MEMBER, None)  # the frame repeats it; where it was set, it is among the slots
    for name, value in {**changed.slots, **slots}.items():
        if name not in known or (known[name] is not value and known[name] != value):
            events.append({"event": "slot", "timestamp": None, "name": name, "value": value})
    followup = changed.followup_action
    if followup is not None and followup not in {before.followup_action, waiting_of(call)}:
        events.append({"event": "followup", "timestamp": None, "name": followup})
    return events


def _loop_and_pause(before: State, changed: State) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    name = changed.active_loop.get("name")
    if name != before.active_loop.get("name"):
        events.append({"event": "active_loop", "timestamp": None, "name": name})
    if changed.paused != before.paused:
        events.append({"event": "pause" if changed.paused else "resume", "timestamp": None})
    return events
