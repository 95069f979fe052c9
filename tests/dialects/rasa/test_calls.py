import json
import pickle
from copy import deepcopy

import pytest
from hypothesis import given
from tests.dialects.rasa.drawn import CALLS, LOOPS, MEMBERS, NAMES, SLOTS
from tests.mindmeld import imitation

from mm_actions import DialogueResponder, Request
from mm_actions.core.transport import Invocation
from mm_actions.dialects.rasa.calls import call_of, turn_of
from mm_actions.dialects.rasa.later import Events
from mm_actions.dialects.rasa.wire import RasaCall, read_call, write_call
from mm_actions.errors import BadPayload, EncodingFailed, SchemaMismatch

ENTITY = {
    "text": "elm street",
    "type": "store_name",
    "role": "origin",
    "value": [{"cname": "Elm Street", "score": 2.5}, {"cname": "Helm Street"}],
    "span": {"start": 3, "end": 12},
    "confidence": 0.5,
}


def tracker_of(request=None, responder=None, history=None):
    turn = Invocation(
        action="action_a", request=request or Request(), responder=responder or DialogueResponder()
    )
    return call_of(turn, history).tracker


def test_a_turn_becomes_the_latest_message_of_a_tracker():
    call = call_of(
        Invocation(
            action="action_close",
            request=Request(
                text="to elm street",
                domain="store",
                intent="close",
                entities=[ENTITY],
                confidences={"intents": {"open": 0.25, "close": 0.75}, "domains": {"store": 1.0}},
                context={"user_id": "u7", "device": "phone", "input_channel": "rest"},
                params={"timestamp": 1500, "language": "en"},
                request_id="r1",
            ),
            responder=DialogueResponder(),
        )
    )
    assert (call.next_action, call.sender_id, call.tracker["sender_id"]) == ("action_close", "u7", "u7")
    message = call.tracker["latest_message"]
    assert message["text"] == "to elm street"
    assert message["intent"] == {"name": "close", "confidence": 0.75}
    assert message["intent_ranking"] == [
        {"name": "close", "confidence": 0.75},
        {"name": "open", "confidence": 0.25},
    ]
    assert message["entities"] == [
        {
            "entity": "store_name",
            "value": "Elm Street",
            "role": "origin",
            "start": 3,
            "end": 13,
            "confidence_entity": 0.5,
            "extractor": "mindmeld",
            "mindmeld": ENTITY,
        }
    ]
    assert message["message_id"] == "r1"
    assert message["metadata"]["device"] == "phone"
    assert message["metadata"]["mindmeld"]["domain"] == "store"
    assert message["metadata"]["mindmeld"]["params"] == {"timestamp": "1500", "language": "en"}
    assert call.tracker["latest_input_channel"] == "rest"
    (event,) = call.tracker["events"]
    assert (event["event"], event["timestamp"], event["parse_data"]) == ("user", 1.5, message)
    assert read_call(write_call(call)) == call


@pytest.mark.parametrize(
    ("context", "request_id", "sender"),
    [
        ({"sender_id": "s", "conversation_id": "c", "user_id": "u"}, "r", "s"),
        ({"conversation_id": "c", "user_id": "u"}, "r", "c"),
        ({"user_id": 12}, "r", "12"),
        ({}, "r", "r"),
        ({}, None, "default"),
    ],
)
def test_the_sender_is_the_first_of_what_names_a_conversation(context, request_id, sender):
    assert tracker_of(Request(context=context, request_id=request_id))["sender_id"] == sender


@pytest.mark.parametrize(
    ("entity", "value"),
    [
        ({"value": [{"cname": "Elm"}], "text": "elm"}, "Elm"),
        ({"value": [{"value": "2026-01-01", "grain": "day"}], "text": "new year"}, "2026-01-01"),
        ({"value": {"value": 5}, "text": "five"}, 5),
        ({"value": "plain", "text": "x"}, "plain"),
        ({"value": 0, "text": "none"}, 0),
        ({"value": [], "text": "elm"}, "elm"),
        ({"text": "elm"}, "elm"),
    ],
)
def test_an_entity_has_the_one_value_that_rasa_has_room_for(entity, value):
    (found,) = tracker_of(Request(text="x", entities=[{"type": "t", **entity}]))["latest_message"]["entities"]
    assert found["value"] == value


def test_slots_are_the_frame_and_what_the_turn_has_set_without_the_reserved_member():
    request = Request(frame={"size": "small", "old": 1, "rasa": {"paused": True}})
    responder = DialogueResponder(
        frame={"size": "large", "none": None, "rasa": {"paused": True}}, slots={"n": 3}
    )
    tracker = tracker_of(request, responder)
    assert tracker["slots"] == {"size": "large", "none": None, "n": 3}
    assert tracker["paused"] is True
    assert tracker["events"][1:] == [{"event": "slot", "timestamp": None, "name": "n", "value": 3}]


def test_the_frame_of_the_request_counts_where_the_responder_has_none():
    assert tracker_of(Request(frame={"size": "small"}))["slots"] == {"size": "small"}


def test_a_frame_with_a_member_rasa_of_its_own_has_a_slot_of_that_name():
    assert tracker_of(Request(frame={"rasa": "a slot"}))["slots"] == {"rasa": "a slot"}


def test_earlier_turns_and_what_was_answered_are_events_in_the_order_in_which_they_happened():
    def turn(text, *directives, **slots):
        return {"request": {"text": text, "intent": "i"}, "directives": list(directives), "slots": slots}

    reply = {"name": "reply", "type": "view", "payload": {"text": "hello"}}
    undo = {"name": "undo", "type": "event", "payload": {"event": "undo", "timestamp": None}}
    history = [turn("second", undo, reply, size="large"), turn("first", reply)]
    responder = DialogueResponder(directives=[reply], slots={"n": 1})
    told = tracker_of(Request(text="third", history=history), responder)["events"]
    assert [(each["event"], each.get("text") or each.get("name")) for each in told] == [
        ("user", "first"),
        ("bot", "hello"),
        ("user", "second"),
        ("bot", "hello"),
        ("undo", None),
        ("slot", "size"),
        ("user", "third"),
        ("bot", "hello"),
        ("slot", "n"),
    ]
    newest = tracker_of(Request(text="third", history=history), history=1)["events"]
    assert [each["text"] for each in newest if each["event"] == "user"] == ["second", "third"]
    assert len(tracker_of(Request(text="third", history=history), history=0)["events"]) == 1


def test_the_classes_of_mindmeld_say_the_same_as_ours():
    members = {
        "text": "hi",
        "domain": "store",
        "intent": "greet",
        "frame": {"size": "large"},
        "context": {"sender_id": "s"},
        "history": (),
    }
    theirs = imitation.Request(
        **{
            name: imitation.Map(value) if isinstance(value, dict) else value
            for name, value in members.items()
        }
    )
    responder = imitation.DialogueResponder(frame={"size": "small"}, slots={"n": 1}, request=theirs)
    ours = DialogueResponder(frame={"size": "small"}, slots={"n": 1})
    call = call_of(Invocation(action="a", request=theirs, responder=responder))
    assert write_call(call) == write_call(
        call_of(Invocation(action="a", request=Request(**members), responder=ours))
    )


@given(slots=SLOTS, loop=LOOPS, followup=NAMES)
def test_the_state_of_a_tracker_comes_back_from_a_turn(slots, loop, followup):
    tracker = {"slots": slots, "active_loop": loop, "paused": True, "followup_action": followup}
    request, responder = turn_of(RasaCall(next_action="action_a", tracker=tracker))
    back = tracker_of(request, responder)
    assert json.dumps(back["slots"], sort_keys=True) == json.dumps(slots, sort_keys=True)
    assert (back["active_loop"], back["paused"]) == (loop, True)
    assert back["followup_action"] == followup


def test_a_turn_comes_back_from_a_call_of_ours_as_it_was():
    request = Request(
        text="to elm street",
        domain="store",
        intent="close",
        entities=[ENTITY],
        frame={"size": "large", "none": None},
        params={"timestamp": 1500, "language": "en", "allowed_intents": ["store.close"]},
        context={"sender_id": "s", "device": {"kind": "phone"}},
        confidences={"intents": {"close": 1.0}, "domains": {"store": 1.0}},
        nbest_transcripts_text=["to elm street"],
        nbest_aligned_entities=[[ENTITY]],
        form={"entities": []},
        request_id="r1",
    )
    call = call_of(Invocation(action="a", request=request, responder=DialogueResponder()))
    back, responder = turn_of(read_call(write_call(call)))
    frame = dict(back.frame)
    assert frame.pop("rasa")["latest_action_name"] == "action_listen"
    assert frame == request.frame
    for name in (
        "text",
        "domain",
        "intent",
        "entities",
        "params",
        "context",
        "confidences",
        "form",
        "request_id",
    ):
        assert getattr(back, name) == getattr(request, name), name
    assert back.nbest_aligned_entities == request.nbest_aligned_entities
    assert responder.frame == back.frame


def test_what_somebody_else_wrote_under_our_name_is_passed_over():
    for foreign in ("x", 5, {"params": "none", "domain": 7}, {"params": {"timestamp": "soon"}}):
        message = {"text": "hi", "metadata": {"mindmeld": foreign}}
        request, _ = turn_of(RasaCall(tracker={"latest_message": message}))
        assert (request.text, request.domain, request.params.timestamp) == ("hi", None, None)


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_every_call_of_a_real_rasa_is_a_turn(name, call):
    sent = call["request"]
    body = json.dumps(sent).encode()
    read = read_call(body)
    before = deepcopy(read)
    request, responder = turn_of(read)
    message = sent["tracker"]["latest_message"]
    assert request.text == message["text"]
    assert request.intent == message["intent"].get("name")
    assert request.request_id == message["message_id"]
    assert request.context["sender_id"] == sent["sender_id"]
    slots = {member: value for member, value in responder.frame.items() if member != "rasa"}
    assert slots == sent["tracker"]["slots"]
    responder.frame["rasa"]["active_loop"]["name"] = "changed"
    assert "changed" not in str(request.frame)
    users = [each for each in sent["tracker"]["events"] if each["event"] == "user"]
    texts = [turn["request"]["text"] for turn in request.history]
    assert texts == [each["text"] for each in users[-2::-1]][: len(texts)]
    assert len(texts) == min(len(users[:-1]), 20)
    assert read == before
    assert (
        call_of(Invocation(action="a", request=request, responder=responder)).tracker["latest_message"][
            "entities"
        ]
        == message["entities"]
    )


def test_nothing_of_a_turn_is_shared_with_its_call():
    slots = {"list": [1, {"a": None}], "none": None, "tuple": (1, [2])}
    message = {"text": "hi", "entities": [{"entity": "city", "value": ["Oslo"]}], "metadata": {"device": {}}}
    call = RasaCall(tracker={"slots": slots, "latest_message": message, "active_loop": {"name": "form"}})
    before = deepcopy(call)
    request, responder = turn_of(call)
    responder.frame["list"].append(2)
    responder.frame["tuple"][1].append(3)
    responder.frame["rasa"]["active_loop"]["name"] = "other"
    assert request.frame["list"] == [1, {"a": None}]
    assert request.frame["tuple"] == (1, [2])
    request.frame["list"].append(4)
    request.context["device"]["kind"] = "phone"
    request.entities[0]["rasa"]["value"].append("Bergen")
    assert call == before


def test_events_are_read_when_history_is_looked_at_and_no_further_back_than_it_goes():
    seen = []

    def read(number):
        seen.append(number)
        return {"event": "user", "text": str(number)}

    request, responder = turn_of(RasaCall(tracker={"events": Events(range(1000), read)}))
    assert seen == []
    assert [turn["request"]["text"] for turn in request.history] == [
        str(number) for number in range(998, 978, -1)
    ]
    assert seen == [*range(999, 978, -1)]
    assert responder.history == request.history
    assert request.history[0]["request"] == {"text": "998"}
    assert len(seen) == 21  # what was read once is kept
    assert pickle.loads(pickle.dumps(request.history)) == tuple(request.history)


def test_events_are_a_sequence_of_their_own():
    events = Events([b"1", b"2", b"3"], int)
    assert (len(events), events[-1], events[1:], [*events], 3 in events) == (3, 3, [2, 3], [1, 2, 3], True)
    assert deepcopy(events) == [1, 2, 3]
    assert write_call(RasaCall(tracker={"events": events})) == write_call(
        RasaCall(tracker={"events": [1, 2, 3]})
    )


@given(members=MEMBERS)
def test_a_tracker_of_any_shape_is_a_turn(members):
    names = ("slots", "latest_message", "events", "active_loop", "paused", "latest_input_channel")
    for tracker in (members, *({name: value} for name in names for value in members.values())):
        request, responder = turn_of(RasaCall(tracker=tracker))
        assert responder.request is request
        assert len(request.history) <= 20


def test_a_call_is_read_leniently_and_null_is_absent():
    assert read_call(b"null") is None
    call = read_call(b'{"next_action": null, "tracker": null, "domain": null, "unknown": 1}')
    assert call == RasaCall()
    assert b"domain" not in write_call(call).replace(b"domain_digest", b"")
    with pytest.raises(SchemaMismatch, match="tracker"):
        read_call(b'{"tracker": []}')
    with pytest.raises(SchemaMismatch):
        read_call(b"[]")
    with pytest.raises(BadPayload):
        read_call(b"{")
    with pytest.raises(EncodingFailed):
        write_call(RasaCall(tracker={"slots": {"a": object()}}))
