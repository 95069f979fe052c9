"""An answer into the Responder: all of it or none of it, and absent means no change."""

from copy import deepcopy
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mm_actions import DialogueResponder, FrozenParams, Params
from mm_actions.client.merge import Snapshot, apply
from mm_actions.contract.codec import decode_answer, encode
from mm_actions.contract.wire import Answer


def answer(**members):
    return decode_answer(encode(members))


def filled():
    return DialogueResponder(
        frame={"a": 1, "b": {"c": 2}},
        slots={"s": 1},
        directives=[{"name": "reply", "type": "view", "payload": {"text": "first"}}],
        params=Params(
            allowed_intents=["a.b"],
            target_dialogue_state="state",
            time_zone="Europe/Berlin",
            timestamp=1546300800000,
            language="de",
            locale="de_DE",
            dynamic_resource={"x": 1},
            allow_nlp=["n"],
            deny_nlp=["m"],
        ),
    )


def state(responder):
    return deepcopy(
        (responder.frame, responder.slots, responder.directives, dict(responder.params.to_wire()))
    )


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize(
    "nothing",
    [
        {},
        {"frame": None, "slots": None, "directives": None, "params": None},
        {"params": {}},
        {
            "params": dict.fromkeys(
                ("language", "time_zone", "locale", "timestamp", "allowed_intents", "allow_nlp")
            )
        },
        {"params": {"dynamic_resource": None, "target_dialogue_state": None, "unknown": 5}},
    ],
)
def test_what_is_absent_or_null_changes_nothing(merge, nothing):
    responder = filled()
    before = state(responder)
    apply(answer(**nothing), responder, merge=merge)
    assert state(responder) == before


def test_merging_appends_updates_and_sets():
    responder = filled()
    directive = {"name": "listen", "type": "action"}
    apply(
        answer(
            frame={"a": 5, "n": 6},
            slots={"t": 2},
            directives=[directive],
            params={
                "allowed_intents": ["c.d"],
                "dynamic_resource": {"y": 2},
                "language": "en",
                "allow_nlp": ["o"],
                "deny_nlp": [],
                "timestamp": "1600000000000",
            },
        ),
        responder,
    )
    assert responder.frame == {"a": 5, "b": {"c": 2}, "n": 6}
    assert responder.slots == {"s": 1, "t": 2}
    assert [each["name"] for each in responder.directives] == ["reply", "listen"]
    assert responder.params == Params(
        allowed_intents=["a.b", "c.d"],
        target_dialogue_state="state",
        time_zone="Europe/Berlin",
        timestamp=1600000000000,
        language="en",
        locale="de_DE",
        dynamic_resource={"x": 1, "y": 2},
        allow_nlp=["n", "o"],
        deny_nlp=["m"],
    )


def test_without_merging_each_member_that_is_there_replaces():
    responder = filled()
    apply(
        answer(frame={}, directives=[], params={"allowed_intents": ["c.d"], "dynamic_resource": {}}),
        responder,
        merge=False,
    )
    assert (responder.frame, responder.directives, responder.slots) == ({}, [], {"s": 1})
    assert responder.params.allowed_intents == ("c.d",)
    assert responder.params.dynamic_resource == {}
    assert responder.params.language == "de"


def test_merging_keeps_the_objects_that_handlers_hold():
    responder = filled()
    frame, directives = responder.frame, responder.directives
    apply(answer(frame={"n": 1}, directives=[{"name": "x"}]), responder)
    assert responder.frame is frame
    assert responder.directives is directives


def test_frozen_params_on_a_responder_give_way_to_params_that_can_change():
    responder = filled()
    responder.params = FrozenParams(language="de", time_zone="Europe/Berlin")
    apply(answer(params={"language": "en"}), responder)
    assert responder.params == Params(language="en", time_zone="Europe/Berlin")
    responder.params.language = "fr"


@dataclass(frozen=True)
class ForeignFrozenParams:
    allowed_intents: list = field(default_factory=lambda: ["a.b"])
    language: str = "de"


class ForeignResponder:
    """Like MindMeld's, with what a careless handler may have left in it."""

    def __init__(self):
        self.frame = MappingProxyType({"a": 1})
        self.slots = None
        self.directives = ({"name": "first"},)
        self.params = ForeignFrozenParams()


def test_a_foreign_responder_is_merged_whatever_its_members_are():
    responder = ForeignResponder()
    before = responder.params
    apply(
        answer(
            frame={"b": 2}, slots={"s": 1}, directives=[{"name": "second"}],
            params={"allowed_intents": ["c.d"], "language": "en"},
        ),
        responder,
    )  # fmt: skip
    assert responder.frame == {"a": 1, "b": 2}
    assert responder.slots == {"s": 1}
    assert [each["name"] for each in responder.directives] == ["first", "second"]
    assert (responder.params.allowed_intents, responder.params.language) == (["a.b", "c.d"], "en")
    assert before == ForeignFrozenParams()


def test_a_snapshot_brings_back_what_was():
    responder = filled()
    before = state(responder)
    snapshot = Snapshot(responder)
    responder.frame["b"]["c"] = 99
    apply(
        answer(frame={"z": 1}, slots={"z": 1}, directives=[{}], params={"language": "x"}),
        responder,
        merge=False,
    )
    snapshot.restore()
    assert state(responder) == before


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers()),
    st.dictionaries(st.sampled_from("abc"), st.integers()),
)
def test_merging_twice_is_merging_once_for_what_is_updated(first, second):
    responder = DialogueResponder(frame=dict(first))
    for _ in range(2):
        apply(Answer(frame=dict(second)), responder)
    assert responder.frame == first | second
