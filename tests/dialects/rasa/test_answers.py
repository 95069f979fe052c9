import json
import logging

import pytest
from tests.dialects.rasa.drawn import CALLS

from mm_actions import DialogueResponder, Request
from mm_actions.client.merge import apply
from mm_actions.contract.wire import Answer
from mm_actions.core.transport import Invocation
from mm_actions.dialects.rasa.answers import (
    answer_of,
    directive_of_event,
    directive_of_response,
    rasa_answer_of,
)
from mm_actions.dialects.rasa.calls import call_of, turn_of
from mm_actions.dialects.rasa.responses import DEFAULTS
from mm_actions.dialects.rasa.wire import (
    EVENT_TYPES,
    RasaAnswer,
    RasaCall,
    acceptable,
    fault_of,
    read_answer,
    read_call,
    write_answer,
)
from mm_actions.errors import BadPayload, SchemaMismatch

CALL = RasaCall(
    next_action="action_a",
    tracker={
        "slots": {"size": "small", "none": None},
        "latest_message": {"text": "hi", "intent": {"name": "greet"}},
        "latest_action_name": "action_a",
    },
)


def slot(name, value):
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


def after(*events, call=CALL):
    return answer_of(call, RasaAnswer(events=list(events)))


def test_plain_slots_are_said_by_frame_and_slots_alone():
    answer = after(slot("size", "large"), slot("n", None))
    assert (answer.frame, answer.slots) == ({"size": "large", "n": None},) * 2
    assert answer.directives == []


def test_an_answer_that_changes_nothing_leaves_the_reserved_member_alone():
    call = RasaCall(next_action="action_b", tracker={"paused": True, "latest_action_name": "action_a"})
    assert (after(call=call).frame, after(slot("n", 1), call=call).frame) == ({}, {"n": 1})
    told = after({"event": "action", "name": "action_c"}, call=call)
    assert told.frame["rasa"]["latest_action_name"] == "action_c"


def test_what_is_set_in_the_frame_and_in_the_slots_is_not_one_object():
    answer = after(slot("cart", ["a"]))
    answer.frame["cart"].append("b")
    assert answer.slots == {"cart": ["a"]}


def test_the_last_of_several_values_counts_and_all_events_are_kept():
    events = [slot("size", "large"), slot("size", "small")]
    answer = after(*events)
    assert answer.frame == {"size": "small"}
    assert answer.directives == [directive_of_event(event) for event in events]


def test_an_event_that_says_more_is_kept_beside_what_it_changes():
    event = slot("size", "large") | {"metadata": {"by": "rule"}}
    answer = after(event, slot("n", 1))
    assert answer.frame == {"size": "large", "n": 1}
    assert answer.directives == [{"name": "slot", "type": "event", "payload": event}]


def test_reset_slots_empties_every_slot_that_is_known():
    answer = after(slot("n", 1), {"event": "reset_slots", "timestamp": None}, slot("size", "large"))
    assert answer.frame == {"n": None, "size": "large", "none": None}
    assert [directive["name"] for directive in answer.directives] == ["slot", "reset_slots"]


def test_a_slot_called_rasa_has_a_place_of_its_own():
    answer = after(slot("rasa", 5))
    assert answer.frame["rasa"]["slots"] == {"rasa": 5}
    assert answer.slots == {"rasa": 5}
    call = call_of(Invocation(action="a", request=Request(frame=answer.frame), responder=DialogueResponder()))
    assert call.tracker["slots"] == {"rasa": 5}
    later = after({"event": "pause", "timestamp": None}, call=call)
    assert later.frame["rasa"]["slots"] == {"rasa": 5}
    assert later.slots == {}


def test_a_form_begins_and_ends_under_the_reserved_member():
    begun = after({"event": "active_loop", "timestamp": None, "name": "pizza_form"})
    loop = begun.frame["rasa"]["active_loop"]
    assert (loop["name"], loop["is_interrupted"], loop["rejected"]) == ("pizza_form", False, False)
    assert loop["trigger_message"]["text"] == "hi"
    assert begun.directives == []
    call = RasaCall(next_action="action_b", tracker={"active_loop": loop})
    rejected = after({"event": "action_execution_rejected", "name": "pizza_form"}, call=call)
    assert rejected.frame["rasa"]["active_loop"]["rejected"] is True
    interrupted = after({"event": "loop_interrupted", "is_interrupted": True}, call=call)
    assert interrupted.frame["rasa"]["active_loop"]["is_interrupted"] is True
    assert after({"event": "form_validation", "validate": False}, call=call).frame["rasa"]["active_loop"][
        "is_interrupted"
    ]
    ended = after({"event": "active_loop", "timestamp": None, "name": None}, call=call)
    assert ended.frame["rasa"]["active_loop"] == {}


def test_a_restart_forgets_everything():
    call = RasaCall(
        next_action="a", tracker={"slots": {"n": 1}, "paused": True, "active_loop": {"name": "f"}}
    )
    answer = after({"event": "restart", "timestamp": None}, call=call)
    assert answer.frame["n"] is None
    assert answer.frame["rasa"] == {
        "active_loop": {},
        "followup_action": None,
        "paused": False,
        "latest_action_name": "a",
    }


def test_a_follow_up_waits_until_an_action_has_been_carried_out():
    answer = after({"event": "followup", "timestamp": None, "name": "action_next"})
    assert answer.frame["rasa"]["followup_action"] == "action_next"
    frame = Request(frame=answer.frame)
    waiting = call_of(Invocation(action="action_other", request=frame, responder=DialogueResponder()))
    assert waiting.tracker["followup_action"] == "action_next"
    having_its_turn = call_of(Invocation(action="action_next", request=frame, responder=DialogueResponder()))
    assert having_its_turn.tracker["followup_action"] is None
    assert after(call=waiting).frame["rasa"]["followup_action"] is None


@pytest.mark.parametrize(
    ("response", "directives"),
    [
        (
            {"text": "Hello", "foo": "bar"},
            [{"name": "reply", "type": "view", "payload": {"text": "Hello", "foo": "bar"}}],
        ),
        (
            {"text": "Sure?", "buttons": [{"title": "Yes", "payload": "/affirm"}]},
            [
                {"name": "reply", "type": "view", "payload": {"text": "Sure?"}},
                {
                    "name": "suggestions",
                    "type": "view",
                    "payload": [{"text": "Yes", "payload": "/affirm", "type": "text"}],
                },
            ],
        ),
        (
            {"response": "utter_greet", "template": "utter_greet", "name": "Bob"},
            [{"name": "utter", "type": "view", "payload": {"response": "utter_greet", "name": "Bob"}}],
        ),
        ({"custom": {"k": 1}}, [{"name": "custom", "type": "view", "payload": {"k": 1}}]),
        ({"image": "http://i"}, [{"name": "image", "type": "view", "payload": {"image": "http://i"}}]),
        (
            {"attachment": "http://a"},
            [{"name": "attachment", "type": "view", "payload": {"attachment": "http://a"}}],
        ),
        ({"elements": [{"title": "el"}]}, [{"name": "list", "type": "view", "payload": [{"title": "el"}]}]),
        (
            {"custom": {"k": 1}, "foo": "bar"},
            [{"name": "response", "type": "view", "payload": {"custom": {"k": 1}, "foo": "bar"}}],
        ),
        ({}, [{"name": "response", "type": "view"}]),
    ],
)
def test_a_response_is_named_by_what_it_shows(response, directives):
    assert directive_of_response(DEFAULTS | response) == directives
    back = rasa_answer_of({"directives": directives}, CALL)
    assert back.responses == [DEFAULTS | response]


def test_buttons_that_are_a_response_of_their_own_do_not_go_to_the_text_before_them():
    responses = [DEFAULTS | {"text": "a"}, DEFAULTS | {"buttons": [{"title": "b", "payload": "b"}]}]
    ours = answer_of(CALL, RasaAnswer(responses=responses))
    assert [directive["name"] for directive in ours.directives] == ["reply", "suggestions"]
    assert rasa_answer_of(ours, CALL).responses == responses


def test_an_action_of_ours_says_to_rasa_what_it_did():
    responder = DialogueResponder()
    responder.frame["size"] = "large"
    responder.slots["n"] = 2
    responder.reply("Which one?")
    responder.suggest([{"text": "first", "type": "text"}, "second"])
    responder.list([{"title": "el"}])
    responder.speak("Which one?")
    responder.direct("followup", "event", {"name": "action_next"})
    answer = rasa_answer_of(dict(responder), CALL)
    assert answer.events == [
        {"event": "followup", "timestamp": None, "name": "action_next"},
        slot("size", "large"),
        slot("n", 2),
    ]
    assert answer.responses == [
        DEFAULTS
        | {
            "text": "Which one?",
            "buttons": [{"title": "first", "payload": "first"}, {"title": "second", "payload": "second"}],
        },
        DEFAULTS | {"elements": [{"title": "el"}]},
        DEFAULTS
        | {"custom": {"directive": {"name": "speak", "type": "action", "payload": {"text": "Which one?"}}}},
    ]


def test_an_action_of_ours_changes_the_state_by_the_reserved_member():
    _, responder = turn_of(CALL)
    responder.frame["rasa"] |= {
        "active_loop": {"name": "pizza_form"},
        "paused": True,
        "followup_action": "action_next",
    }
    answer = rasa_answer_of(Answer(frame={"rasa": responder.frame["rasa"]}), CALL)
    assert answer.events == [
        {"event": "active_loop", "timestamp": None, "name": "pizza_form"},
        {"event": "pause", "timestamp": None},
        {"event": "followup", "timestamp": None, "name": "action_next"},
    ]


def test_chunks_that_were_not_told_at_once_are_replayed_as_messages():
    directives = [
        {"name": "chunk_start", "type": "stream", "payload": {"response_id": "1"}},
        {"name": "chunk", "type": "stream", "payload": {"response_id": "1", "text": "Hel"}},
        {"name": "chunk", "type": "stream", "payload": {"response_id": "1", "custom": {"k": 1}}},
        {"name": "chunk_end", "type": "stream", "payload": {"response_id": "1"}},
    ]
    answer = rasa_answer_of({"directives": directives}, CALL)
    assert answer.responses == [DEFAULTS | {"text": "Hel"}, DEFAULTS | {"custom": {"k": 1}}]


def test_params_stay_behind_with_a_line_in_the_log(caplog):
    with caplog.at_level(logging.DEBUG, logger="mm_actions.rasa"):
        assert rasa_answer_of({"params": {"language": "en"}}, CALL) == RasaAnswer()
    assert "params that an action set stay behind" in caplog.text


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_every_answer_to_a_real_rasa_can_be_merged_and_comes_back_as_it_was(name, call):
    if call["status"] != 200:
        assert set(call["response"]) >= {"error"}
        return
    asked = read_call(json.dumps(call["request"]).encode())
    answer = read_answer(json.dumps(call["response"]).encode())
    ours = answer_of(asked, answer)
    assert json.dumps(rasa_answer_of(ours, asked).events) == json.dumps(call["response"]["events"])
    assert rasa_answer_of(ours, asked).responses == call["response"]["responses"]
    _, responder = turn_of(asked)
    apply(ours, responder)
    for event in answer.events:
        if event["event"] == "slot" and event["name"] != "rasa":
            assert event["name"] in responder.frame
    if "rasa" in ours.frame:
        assert responder.frame["rasa"]["latest_action_name"] == call["request"]["next_action"]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"event": "no_such_event"}, "'no_such_event' is no type of event"),
        ({}, "None is no type"),
        ({"event": ["slot"]}, "is no type"),
        ({"event": "slot", "name": "a"}, "needs `name` and `value`"),
        ({"event": "slot", "value": 1}, "needs `name` and `value`"),
        ({"event": "pause", "timestamp": "now"}, "timestamp"),
        ({"event": "pause", "timestamp": True}, "timestamp"),
        ({"event": "pause", "metadata": []}, "metadata"),
    ],
)
def test_an_event_that_rasa_would_refuse_is_left_out_and_the_rest_is_said(event, why, caplog):
    good = [slot("a", None) | {"timestamp": 1.5, "metadata": {}}, {"event": "pause", "timestamp": None}]
    answer = acceptable(RasaAnswer(events=[good[0], event, good[1]], responses=[{"text": "hi"}]))
    assert answer == RasaAnswer(events=good, responses=[{"text": "hi"}])
    assert why in caplog.text
    assert acceptable(answer) is answer


def test_every_type_of_event_that_rasa_knows_is_taken():
    members = {"name": "n", "value": 1}
    assert {kind for kind in EVENT_TYPES if fault_of({"event": kind, **members}) is None} == EVENT_TYPES
    assert len(EVENT_TYPES) == 37


def test_an_answer_is_read_leniently_and_null_says_nothing():
    for body in (b"null", b"{}", b'{"events": null, "responses": null, "unknown": 1}'):
        assert read_answer(body) == RasaAnswer()
    assert read_answer(write_answer(RasaAnswer(events=[slot("a", 1)]))) == RasaAnswer(events=[slot("a", 1)])
    for body in (b"[]", b'{"events": {}}', b'{"responses": ["hi"]}'):
        with pytest.raises(SchemaMismatch):
            read_answer(body)
    with pytest.raises(BadPayload):
        read_answer(b"<html>")


def test_the_events_of_an_older_rasa_say_the_same():
    begun = after({"event": "form", "timestamp": None, "name": "pizza_form"})
    assert begun.frame["rasa"]["active_loop"]["name"] == "pizza_form"


def test_a_directive_that_is_almost_a_response_goes_to_rasa_whole():
    almost = [
        {"name": "reply", "type": "view", "payload": {"image": "http://i"}},
        {"name": "reply", "type": "view", "payload": "hello"},
        {"name": "reply", "type": "view", "payload": {"text": "hello"}, "more": 1},
        {"name": "list", "type": "view", "payload": {"title": "el"}},
        {"name": "suggestions", "type": "view"},
        {"name": "custom", "type": "view", "payload": {"directive": {"name": "speak", "type": "action"}}},
    ]
    answer = rasa_answer_of({"directives": almost}, CALL)
    assert answer.responses == [DEFAULTS | {"custom": {"directive": directive}} for directive in almost]
    assert answer_of(CALL, answer).directives == almost
