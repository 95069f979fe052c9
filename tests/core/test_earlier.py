"""Earlier turns: they stay as they are, whatever their holders do, and travel as they were first written."""

import copy
import json
import pickle
from datetime import UTC, datetime

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.contract.codec import MAX_DEPTH, encode
from mm_actions.core.earlier import EarlierTurn, earlier
from mm_actions.core.payload import payload_of, written
from mm_actions.core.transport import Invocation
from mm_actions.errors import EncodingFailed


@pytest.fixture
def turn():
    return {
        "request": {"text": "héllo", "params": {"allowed_intents": ("a.b",)}},
        "frame": {"order": {"sizes": ["large"]}},
        "directives": [{"name": "reply", "payload": {"text": "hi"}}],
        "form": None,
    }


def payload(history):
    request = Request(text="now", history=history, frame={"a": 1})
    responder = DialogueResponder(request=request, history=request.history)
    return payload_of(Invocation(action="act", request=request, responder=responder))


def nested(levels):
    value = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_an_earlier_turn_equals_the_turn_and_is_written_alike(turn):
    made = earlier(turn)
    assert made == turn
    assert isinstance(made["frame"]["order"], dict)
    assert isinstance(made["directives"], list)
    assert made.written() == encode(made) == encode(turn)
    assert json.loads(json.dumps(made)) == json.loads(encode(turn))
    assert earlier(made) is made


@pytest.mark.parametrize(
    "change",
    [
        lambda turn: turn.update(form={}),
        lambda turn: turn.pop("form"),
        lambda turn: turn["frame"].__setitem__("a", 1),
        lambda turn: turn["frame"]["order"].setdefault("milk", True),
        lambda turn: turn["frame"]["order"]["sizes"].append("small"),
        lambda turn: turn["directives"][0].__delitem__("name"),
        lambda turn: turn["directives"].sort(),
        lambda turn: turn["directives"].__iadd__([1]),
        lambda turn: turn["directives"].__setitem__(0, {}),
    ],
)
def test_nothing_in_an_earlier_turn_can_be_changed(turn, change):
    made = earlier(turn)
    with pytest.raises(TypeError, match="deepcopy"):
        change(made)
    assert made == turn


def test_what_it_was_made_of_may_change_without_changing_it(turn):
    before = copy.deepcopy(turn)
    made = earlier(turn)
    turn["frame"]["order"]["sizes"].append("small")
    turn["directives"].clear()
    assert made == before
    assert made.written() == encode(before)


def test_a_deep_copy_is_plain_and_can_be_changed(turn):
    copied = copy.deepcopy(earlier(turn))
    copied["frame"]["order"]["sizes"].append("small")
    copied["directives"][0]["name"] = "speak"
    assert type(copied) is type(copied["frame"]) is dict
    frame = copy.deepcopy(dict(earlier(turn)["frame"]))
    frame["order"]["sizes"] += ["small"]
    assert frame == {"order": {"sizes": ["large", "small"]}}


def test_it_can_be_pickled(turn):
    made = earlier(turn)
    made.written()
    loaded = pickle.loads(pickle.dumps(made))
    assert type(loaded) is EarlierTurn
    assert loaded == made
    with pytest.raises(TypeError):
        loaded["frame"]["order"].clear()


class Mutable:
    """Something that a program may keep in a frame, and change."""


@pytest.mark.parametrize("value", [{1, 2}, datetime(2026, 1, 1, tzinfo=UTC), Mutable()])
def test_a_turn_with_what_may_change_stays_what_it_is_and_is_written_every_time(value):
    turn = {"frame": {"value": value}}
    assert earlier(turn) is turn


def test_a_turn_that_contains_itself_stays_what_it_is():
    turn = {"frame": {}}
    turn["frame"]["turn"] = turn
    assert earlier(turn) is turn


def test_a_payload_with_earlier_turns_is_the_same_json_as_with_plain_ones(turn):
    plain = [turn, {"frame": {"n": 2}}]
    for history in ([earlier(each) for each in plain], [earlier(turn), plain[1]], plain, []):
        expected = payload(plain[: len(history)])
        for _ in range(2):
            assert json.loads(written(payload(history))) == json.loads(encode(expected))


def test_turns_may_not_be_nested_more_deeply_for_having_been_written_before():
    fits, beyond = ({"frame": nested(MAX_DEPTH - 3 - 1 + more)} for more in (0, 1))
    assert len(json.loads(written(payload([earlier(fits)])))["request"]["history"]) == 1
    encode(payload([fits]))
    for history in ([beyond], [earlier(beyond)]):
        with pytest.raises(EncodingFailed, match="nested deeper"):
            written(payload(history))
