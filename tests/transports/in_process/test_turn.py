"""What a handler is given shares nothing that it could change."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from faults.mutations import OBJECTS
from mm_actions import DialogueResponder, Request
from mm_actions.core.earlier import earlier
from mm_actions.core.payload import payload_of
from mm_actions.core.transport import Invocation
from mm_actions.transports.in_process.turn import Turn


def spoil(value: Any) -> None:
    """Change whatever can be changed, to the last list."""
    if isinstance(value, dict):
        for item in value.values():
            spoil(item)
        try:
            value["spoilt"] = True
        except TypeError:
            assert type(value).__name__ == "FrozenDict"
    elif isinstance(value, (list, tuple)):
        for item in value:
            spoil(item)
        if isinstance(value, list):
            value.append("spoilt")


@given(OBJECTS, OBJECTS, st.booleans())
def test_whatever_a_turn_holds_the_applications_own_stays_as_it_is(
    ours: dict[str, Any], others: dict[str, Any], kept: bool
) -> None:
    past = {"frame": others, "directives": [ours]}
    request = Request(
        entities=[ours, {"value": [others]}],
        frame=others,
        context=ours,
        history=[earlier(past) if kept else past],
        nbest_transcripts_entities=[[ours]],
        form=others,
        params={"dynamic_resource": ours, "allowed_intents": ["a.b"]},
    )
    responder = DialogueResponder(frame=deepcopy(ours), slots=deepcopy(others), directives=[deepcopy(ours)])
    responder.params.dynamic_resource = deepcopy(others)
    invocation = Invocation(action="greet", request=request, responder=responder)
    before = deepcopy(payload_of(invocation))

    turn = Turn(invocation, None)
    for _ in range(2):
        arrived = turn.read(b"")
        given_turn = Invocation(action="greet", request=arrived.request, responder=arrived.responder)
        assert payload_of(given_turn) == before
        for value in (*vars(arrived.request).values(), arrived.request.params.dynamic_resource):
            spoil(list(value) if not isinstance(value, (dict, list, tuple, str, type(None))) else value)
        for value in (arrived.responder.frame, arrived.responder.slots, arrived.responder.directives):
            spoil(value)
        spoil(arrived.responder.params.dynamic_resource)
        assert payload_of(invocation) == before


@given(st.integers(0, 5))
def test_as_many_turns_are_handed_over_as_the_settings_say(most: int) -> None:
    request = Request(history=[{"frame": {"turn": turn}} for turn in range(3)])
    invocation = Invocation(action="greet", request=request, responder=DialogueResponder())
    arrived = Turn(invocation, most).read(b"")
    assert list(arrived.request.history) == list(request.history)[:most]
    assert list(arrived.responder.history) == list(request.history)[:most]
