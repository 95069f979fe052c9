import json
import subprocess
import sys
import textwrap
from datetime import date

import msgspec
import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from tests.dialects.rasa.drawn import CALLS, EVENTS, LOOPS, MEMBERS, SLOTS, VALUES

from mm_actions.dialects.rasa import proto
from mm_actions.dialects.rasa.struct_codec import decode_struct, encode_struct
from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall, read_call
from mm_actions.errors import BadPayload, EncodingFailed, PayloadTooDeep


def plain(value):
    """Say a value as a Struct does: a double without a fraction is whole."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    exact = isinstance(value, float) and value.is_integer() and abs(value) <= 2.0**53
    return int(value) if exact else value


def written(value):
    return json.dumps(value, sort_keys=True)


def arrived(message):
    return type(message).FromString(message.SerializeToString())


@given(members=st.dictionaries(st.text(max_size=200), VALUES, max_size=6))
def test_a_struct_is_the_same_for_protobuf_and_for_us(members):
    ours = encode_struct(members)
    theirs = json_format.ParseDict(members, struct_pb2.Struct())
    assert struct_pb2.Struct.FromString(ours) == theirs
    for body in (ours, theirs.SerializeToString()):
        assert written(decode_struct(body)) == written(plain(members))


def test_whole_numbers_stay_whole_as_far_as_a_double_tells_them():
    numbers = [0, 5, -3, 2**53, -(2**53), 1.5, 1e300, 2**60]
    back = decode_struct(encode_struct({"n": numbers}))["n"]
    assert back == numbers
    assert [type(number) for number in back] == [int] * 5 + [float] * 3
    assert decode_struct(encode_struct({"n": 2**53 + 1})) == {"n": 2**53}  # the nearest double


def test_members_keep_their_order():
    names = [f"name{number}" for number in range(50)]
    assert list(decode_struct(encode_struct(dict.fromkeys(reversed(names))))) == names[::-1]


def test_what_json_has_no_word_for_is_written_as_in_json():
    members = {"when": date(2026, 1, 2), "nan": float("nan"), "set": {1}, "tuple": (1, 2), 5: "five"}
    assert decode_struct(encode_struct(members)) == {
        "when": "2026-01-02",
        "nan": None,
        "set": [1],
        "tuple": [1, 2],
        "5": "five",
    }


def test_what_cannot_be_written_is_a_typed_error():
    circle = {}
    circle["self"] = circle
    for members in ({"a": object()}, {"a": "\ud800"}, {"a": 10**400}, circle):
        with pytest.raises(EncodingFailed):
            encode_struct(members)


@given(body=st.binary(max_size=40))
def test_any_bytes_are_read_as_protobuf_reads_them(body):
    try:
        theirs = json_format.MessageToDict(struct_pb2.Struct.FromString(body))
    except Exception:  # noqa: BLE001 - whatever protobuf says of it
        theirs = None
    try:
        ours = decode_struct(body)
    except BadPayload:
        assert theirs is None
    else:
        assert theirs is None or written(ours) == written(plain(theirs))


@given(members=MEMBERS, data=st.data())
def test_a_struct_that_was_damaged_on_its_way_is_read_as_protobuf_reads_it(members, data):
    body = bytearray(encode_struct({"first": members, "second": [members]}))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        theirs = struct_pb2.Struct.FromString(bytes(body))
    except Exception:  # noqa: BLE001 - whatever protobuf says of it
        with pytest.raises(BadPayload):
            decode_struct(bytes(body))
    else:
        ours = decode_struct(bytes(body))
        assert struct_pb2.Struct.FromString(encode_struct(ours)).fields.keys() == theirs.fields.keys()


def test_a_struct_that_is_nested_too_deeply_is_a_typed_error():
    body = b""
    for _ in range(3000):
        inner = b"\x2a" + proto_length(body)
        entry = b"\x0a\x01a\x12" + proto_length(inner)
        body = b"\x0a" + proto_length(entry)
    with pytest.raises(PayloadTooDeep):
        decode_struct(body)


def proto_length(body):
    size, written = len(body), bytearray()
    while size > 127:
        written.append(size & 127 | 128)
        size >>= 7
    return bytes([*written, size]) + body


@given(slots=SLOTS, loop=LOOPS, events=EVENTS, domain=st.booleans())
def test_a_call_comes_back_from_its_message(slots, loop, events, domain):
    call = RasaCall(
        next_action="action_a",
        sender_id="u1",
        tracker={
            "sender_id": "u1",
            "slots": slots,
            "latest_message": {"text": "hi"},
            "events": events,
            "paused": True,
            "followup_action": "",
            "active_loop": loop if loop.get("name") else {},
            "latest_action_name": "action_listen",
            "stack": [{"frame": 1}],
            "user_id": None,
        },
        version="3.21.1",
        domain_digest="d",
    )
    if domain:
        call.domain = {
            "config": {"store_entities_as_slots": True},
            "session_config": {"session_expiration_time": 60},
            "intents": ["greet", {"x": {"use_entities": []}}],
            "entities": ["city", {"n": {"roles": ["a"]}}],
            "slots": {"name": {"type": "text"}},
            "responses": {"utter_greet": [{"text": "hi"}]},
            "actions": ["action_a", {"action_b": {"send_domain": True}}],
            "forms": {},
            "e2e_actions": ["says this", {"other": 1}],
        }
    back = proto.call_of_message(arrived(proto.request_message(call)))
    assert written(msgspec.to_builtins(back)) == written(plain(msgspec.to_builtins(call)))


def test_what_is_empty_is_there_again():
    back = proto.call_of_message(arrived(proto.request_message(RasaCall())))
    assert (back.next_action, back.sender_id, back.version, back.domain_digest) == (None,) * 4
    assert back.tracker == {
        "sender_id": None,
        "slots": {},
        "latest_message": {},
        "events": [],
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": None,
        "stack": [],
        "user_id": None,
    }
    assert proto.call_of_message(proto.WebhookRequest()).tracker == back.tracker


@given(events=EVENTS, responses=st.lists(MEMBERS, max_size=3))
def test_an_answer_comes_back_from_its_message(events, responses):
    back = proto.answer_of_message(
        arrived(proto.response_message(RasaAnswer(events=events, responses=responses)))
    )
    assert written([back.events, back.responses]) == written(plain([events, responses]))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("chunk_start", {"response_id": "1"}),
        ("chunk", {"response_id": "1", "text": "Hel"}),
        (
            "chunk",
            {
                "response_id": "1",
                "image": "http://i",
                "attachment": "http://a",
                "custom": {"k": 1},
                "buttons": [{"title": "A", "payload": "/a"}],
                "elements": [{"title": "el"}],
            },
        ),
        ("chunk_end", {"response_id": "1"}),
        ("final_result", RasaAnswer(events=[{"event": "pause"}], responses=[{"text": "hi"}])),
        ("final_result", RasaAnswer()),
        ("error", {"action_name": "action_a", "message": "no"}),
    ],
)
def test_an_event_of_a_stream_comes_back_from_its_message(kind, body):
    assert proto.event_of_message(arrived(proto.stream_message(kind, body))) == (kind, body)


def test_an_event_of_a_kind_that_nobody_knows_is_none():
    assert proto.event_of_message(proto.WebhookStreamEvent()) is None


def test_the_names_of_actions_come_back_from_their_message():
    assert proto.action_names_of_message(arrived(proto.actions_message(["a", "b"]))) == ["a", "b"]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
def test_every_call_of_a_real_rasa_can_go_by_grpc(name, call):
    sent = read_call(json.dumps(call["request"]).encode())
    back = proto.call_of_message(arrived(proto.request_message(sent)))
    for member in ("slots", "latest_message", "events", "active_loop", "paused", "latest_action_name"):
        assert written(plain(back.tracker[member])) == written(plain(sent.tracker[member])), member
    if "domain" in call["request"]:
        for member in ("intents", "entities", "slots", "actions", "forms", "responses"):
            assert written(back.domain[member]) == written(
                plain(sent.domain.get(member, back.domain[member]))
            )


BESIDE = """
import json, warnings
{first}
warnings.simplefilter("ignore")  # of rasa_sdk's own imports
{second}
from google.protobuf.json_format import MessageToDict, ParseDict
from rasa_sdk.grpc_py import action_webhook_pb2 as theirs
from mm_actions.dialects.rasa import proto as ours
from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall

call = RasaCall(
    next_action="a", sender_id="s", version="3", domain_digest="d",
    tracker={{
        "sender_id": "s", "slots": {{"n": 1.5, "none": None}}, "latest_message": {{"text": "hi"}},
        "events": [{{"event": "x", "flag": True, "list": [1.5, "a", {{}}]}}], "paused": True,
        "followup_action": "f", "latest_action_name": "l", "stack": [{{"a": "b"}}], "user_id": "u",
        "active_loop": {{"name": "form", "rejected": True}},
    }},
    domain={{
        "config": {{"a": 1.5}}, "session_config": {{}}, "intents": ["i", {{"j": {{}}}}], "entities": ["e"],
        "slots": {{"s": {{}}}}, "responses": {{}}, "actions": ["a"], "forms": {{}},
        "e2e_actions": [{{"e": "f"}}],
    }},
)
there = theirs.WebhookRequest.FromString(ours.request_message(call).SerializeToString())
seen = MessageToDict(there, preserving_proto_field_name=True)
tracker, domain = seen["tracker"], seen["domain"]
names = "next_action", "sender_id", "version", "domain_digest"
assert [seen[name] for name in names] == ["a", "s", "3", "d"]
assert tracker["active_loop"] == {{"name": "form", "rejected": "true"}}, tracker
for name in set(call.tracker) - {{"active_loop"}}:
    assert tracker[name] == call.tracker[name], name
assert domain["intents"] == [{{"string_value": "i"}}, {{"dict_value": {{"j": {{}}}}}}]
assert domain["e2e_actions"] == [{{"e": "f"}}] and domain["config"] == {{"a": 1.5}}
back = ours.call_of_message(ours.WebhookRequest.FromString(there.SerializeToString()))
expected = dict(call.tracker, active_loop=back.tracker["active_loop"])
assert back.tracker == expected and back.domain == call.domain, back
assert back.tracker["active_loop"] == {{
    "name": "form", "is_interrupted": False, "rejected": True, "trigger_message": None
}}

# What Rasa's own ParseDict makes of plain names: nothing is known of them.
broken = theirs.WebhookRequest()
ParseDict({{"domain": {{"intents": ["a", "b"]}}}}, broken, ignore_unknown_fields=True)
read = ours.call_of_message(ours.WebhookRequest.FromString(broken.SerializeToString()))
assert read.domain["intents"] == [], read

answer = RasaAnswer(events=[{{"event": "slot", "value": 5}}], responses=[{{"text": None, "buttons": []}}])
there = theirs.WebhookResponse.FromString(ours.response_message(answer).SerializeToString())
assert MessageToDict(there) == {{"events": answer.events, "responses": answer.responses}}
assert ours.answer_of_message(ours.WebhookResponse.FromString(there.SerializeToString())) == answer

chunk = {{"response_id": "1", "text": "t", "image": "i", "custom": {{"k": 1.5}}, "attachment": "a",
    "buttons": [{{"title": "b"}}], "elements": [{{"title": "e"}}]}}
for kind, body in (
    ("chunk_start", {{"response_id": "1"}}), ("chunk", chunk), ("chunk_end", {{"response_id": "1"}}),
    ("error", {{"action_name": "a", "message": "m"}}), ("final_result", answer),
):
    there = theirs.WebhookStreamEvent.FromString(ours.stream_message(kind, body).SerializeToString())
    assert there.WhichOneof("event") == kind
    if isinstance(body, dict):
        assert MessageToDict(there, preserving_proto_field_name=True) == {{kind: body}}
    back = ours.WebhookStreamEvent.FromString(there.SerializeToString())
    assert ours.event_of_message(back) == (kind, body)
names = theirs.ActionsResponse.FromString(ours.actions_message(["a", "b"]).SerializeToString())
assert MessageToDict(names) == {{"actions": [{{"name": "a"}}, {{"name": "b"}}]}}
ack = ours.StreamChunkAck(response_id="r").SerializeToString()
assert theirs.StreamChunkAck.FromString(ack).response_id == "r"
service = theirs.DESCRIPTOR.services_by_name["ActionService"]
assert ours.SERVICE == service.full_name
assert ours.METHODS == {{m.name: f"/{{service.full_name}}/{{m.name}}" for m in service.methods}}
print("same")
"""
OURS = "from mm_actions.dialects.rasa import proto"
THEIRS = "from rasa_sdk.grpc_py import action_webhook_pb2"


@pytest.mark.parametrize(
    ("first", "second"), [(OURS, THEIRS), ("", THEIRS)], ids=["ours first", "theirs first"]
)
def test_our_messages_are_those_of_rasa_sdk_in_the_same_process(first, second):
    program = textwrap.dedent(BESIDE).format(first=first, second=second)
    ended = subprocess.run(  # rasa_sdk warns at import, and loads a web server
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "same"


def test_a_loop_that_somebody_else_wrote_as_texts_is_read():
    message = proto.WebhookRequest()
    for name, value in {"name": "f", "is_interrupted": "True", "rejected": "false", "other": "text"}.items():
        message.tracker.active_loop.add(key=name, value=value)
    assert proto.call_of_message(message).tracker["active_loop"] == {
        "name": "f",
        "is_interrupted": True,
        "rejected": False,
        "trigger_message": None,
        "other": "text",
    }
    nameless = proto.WebhookRequest()
    nameless.tracker.active_loop.add(key="rejected", value="false")
    assert proto.call_of_message(nameless).tracker["active_loop"] == {}


def test_more_names_than_are_remembered_are_written_all_the_same():
    members = {f"a name {number}": number for number in range(5000)}
    assert decode_struct(encode_struct(members)) == members


def test_without_protobuf_the_error_names_the_extra():
    program = (
        "import sys; sys.modules['google.protobuf'] = None\n"
        "from mm_actions.dialects.rasa import calls, answers, chunks, domain, wire\n"
        "try: from mm_actions.dialects.rasa import proto\n"
        "except ValueError as error: print(error)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True
    )
    assert ended.stdout == "gRPC needs protobuf: pip install 'mm_actions[grpc]'\n"


@pytest.mark.parametrize(
    "call",
    [
        RasaCall(next_action="a", sender_id="\ud800"),
        RasaCall(next_action="a", tracker={"latest_action_name": 5}),
        RasaCall(next_action="a", tracker={"active_loop": {"name": "\ud800"}}),
        RasaCall(next_action="a", tracker={"slots": {"a": object()}}),
    ],
)
def test_a_call_that_cannot_be_written_is_a_typed_error(call):
    with pytest.raises(EncodingFailed):
        proto.request_message(call)


def test_a_chunk_that_cannot_be_written_is_a_typed_error():
    with pytest.raises(EncodingFailed):
        proto.stream_message("chunk", {"text": "\ud800"})
