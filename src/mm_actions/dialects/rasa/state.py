"""What Rasa's tracker keeps between turns, which we keep in the frame: its member ``rasa``.

Slots are members of the frame itself. All else that an event can change, and that a later call needs, stands
under ``rasa``: ``active_loop``, ``followup_action``, ``paused``, ``latest_action_name``, and ``slots`` for a
slot that is itself called ``rasa``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.dialects.rasa.wire import OBJECT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.dialects.rasa.wire import RasaCall

MEMBER = "rasa"
"""The member of the frame that is reserved."""
LISTEN = "action_listen"
"""The action in which an assistant waits for the user; the last one when a turn begins."""
_RESETS = frozenset(("reset_slots", "restart", "session_started"))


class State(msgspec.Struct, kw_only=True):
    """A tracker's state, apart from its events.

    Attributes:
        slots: Values of slots by name.
        active_loop: The form in progress, as Rasa describes it; empty where there is none.
        followup_action: The action that is to come next.
        paused: Whether the assistant leaves the conversation to somebody else.
        latest_action_name: The action whose answer set all of this.
    """

    slots: dict[str, Any] = msgspec.field(default_factory=dict)
    active_loop: dict[str, Any] = msgspec.field(default_factory=dict)
    followup_action: str | None = None
    paused: bool = False
    latest_action_name: str | None = None

    def kept(self) -> dict[str, Any]:
        """Give what stands in the frame under ``rasa``."""
        kept: dict[str, Any] = {
            "active_loop": self.active_loop,
            "followup_action": self.followup_action,
            "paused": self.paused,
            "latest_action_name": self.latest_action_name,
        }
        if MEMBER in self.slots:
            kept["slots"] = {MEMBER: self.slots[MEMBER]}
        return kept

    def frame(self) -> dict[str, Any]:
        """Give the frame that says all of this."""
        return {name: value for name, value in self.slots.items() if name != MEMBER} | {MEMBER: self.kept()}


def state_of_tracker(tracker: Mapping[str, Any]) -> State:
    """Read the state of a tracker."""
    slots, loop = tracker.get("slots"), tracker.get("active_loop")
    return State(
        slots=dict(slots) if isinstance(slots, OBJECT) else {},
        active_loop=dict(loop) if isinstance(loop, OBJECT) else {},
        followup_action=_text(tracker.get("followup_action")),
        paused=tracker.get("paused") is True,
        latest_action_name=_text(tracker.get("latest_action_name")),
    )


def waiting_of(call: RasaCall) -> str | None:
    """Give the follow-up action that was waiting when a call was made."""
    return _text(call.tracker.get("followup_action"))


def state_of_frame(frame: Mapping[str, Any]) -> State:
    """Read the state that a frame keeps. A member ``rasa`` that is no object is a slot like any other."""
    kept = frame.get(MEMBER)
    if not isinstance(kept, OBJECT):
        return State(slots=dict(frame))
    slots = {name: value for name, value in frame.items() if name != MEMBER}
    own = kept.get("slots")
    if isinstance(own, OBJECT) and MEMBER in own:
        slots[MEMBER] = own[MEMBER]
    state = state_of_tracker(kept)
    state.slots = slots
    return state


def after(call: RasaCall, events: Sequence[Mapping[str, Any]]) -> tuple[State, dict[str, Any]]:
    """Tell the state after an action, and the slots that were set.

    The state is what the call began with, and what the events of the answer made of it. A follow-up action
    that was waiting has had its turn.

    Args:
        call: The call that was answered.
        events: Those of the answer, in order.
    """
    state = state_of_tracker(call.tracker)
    state.followup_action = None
    state.latest_action_name = call.next_action or state.latest_action_name
    changes: dict[str, Any] = {}
    for event in events:
        changes |= _apply(event, state, call)
        state.slots |= changes
    return state, changes


def _apply(event: Mapping[str, Any], state: State, call: RasaCall) -> dict[str, Any]:
    """Have an event change all but the slots, and give those."""
    kind, name = event.get("event"), event.get("name")
    if kind == "slot" and isinstance(name, str):
        return {name: event.get("value")}
    if kind in _RESETS:
        if kind != "reset_slots":
            state.active_loop, state.followup_action, state.paused = {}, None, False
        return dict.fromkeys(state.slots)
    if kind in {"active_loop", "form"}:
        state.active_loop = _begun(name, call) if isinstance(name, str) else {}
    elif kind in {"pause", "resume"}:
        state.paused = kind == "pause"
    elif kind == "followup":
        state.followup_action = _text(name)
    elif kind == "action":
        state.latest_action_name = _text(name)
    elif state.active_loop:
        if kind == "action_execution_rejected" and name == state.active_loop.get("name"):
            state.active_loop["rejected"] = True
        elif kind == "loop_interrupted":
            state.active_loop["is_interrupted"] = event.get("is_interrupted") is True
        elif kind == "form_validation":
            state.active_loop["is_interrupted"] = event.get("validate") is False
    return {}


def _begun(name: str, call: RasaCall) -> dict[str, Any]:
    """Describe a form that has just begun, as Rasa's tracker does."""
    message = call.tracker.get("latest_message")
    trigger = None
    if isinstance(message, OBJECT):
        trigger = {member: message.get(member) for member in ("text", "intent", "entities", "message_id")}
    return {"name": name, "is_interrupted": False, "rejected": False, "trigger_message": trigger}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
