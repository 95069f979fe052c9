"""The Request that handlers get freezes its members when they are looked at; nobody can tell."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import pickle
from typing import Any

import pytest

from mm_actions import DialogueResponder, Request
from mm_actions.core.frozen import FrozenDict
from mm_actions.core.params import FrozenParams
from mm_actions.server.calls.arrival import read

TURN: dict[str, Any] = {
    "text": "a large coffee",
    "domain": "coffee",
    "intent": "order",
    "entities": [{"type": "size", "text": "large", "value": [{"cname": "large"}]}],
    "history": [{"frame": {"step": 2}}, {"frame": {"step": 1}}],
    "frame": {"step": 3},
    "context": {"user": "u1"},
    "params": {"language": "en", "timestamp": 1_546_300_800_000, "dynamic_resource": {"gazetteers": {}}},
    "confidences": {"domains": {"coffee": 0.98}},
    "nbest_transcripts_text": ["a large coffee", "a large toffee"],
    "nbest_transcripts_entities": [[{"type": "size", "text": "large"}], []],
    "nbest_aligned_entities": [[{"type": "size", "text": "large"}]],
    "form": {"name": "coffee"},
    "request_id": "r1",
}
MEMBERS = tuple(member.name for member in dataclasses.fields(Request))


def arrived(**responder: Any) -> tuple[Request, DialogueResponder]:
    call = read(json.dumps({"action": "hello", "request": TURN, "responder": responder}).encode())
    return call.request, call.responder


@pytest.fixture
def request_() -> Request:
    return arrived()[0]


def test_it_equals_the_request_of_the_same_members_both_ways(request_):
    plain = Request(**TURN)

    assert request_ == plain
    assert plain == request_
    assert request_ == arrived()[0]
    assert request_ != Request(**{**TURN, "text": "tea"})
    assert request_ != TURN
    for name in MEMBERS:
        assert getattr(request_, name) == getattr(plain, name), name


def test_it_is_shown_and_sent_on_as_the_plain_request_is(request_):
    plain = Request(**TURN)

    assert repr(request_).replace("<2 earlier turns>", repr(plain.history)) == repr(plain)
    assert dict(request_) == dict(plain)


@pytest.mark.parametrize("name", MEMBERS)
def test_no_member_can_be_set_or_removed_looked_at_or_not(name):
    for look in (False, True):
        request, _ = arrived()
        if look:
            getattr(request, name)
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(request, name, None)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(request, name)


def test_what_is_inside_is_frozen_and_stays_the_same_object(request_):
    for name in ("frame", "context", "confidences", "form"):
        assert type(getattr(request_, name)) is FrozenDict
        assert getattr(request_, name) is getattr(request_, name)
    assert type(request_.params) is FrozenParams
    groups = (request_.entities, *request_.nbest_transcripts_entities, *request_.nbest_aligned_entities)
    for entity in itertools.chain(*groups):
        assert type(entity) is FrozenDict
    with pytest.raises(TypeError):
        request_.frame["step"] = 4
    with pytest.raises(dataclasses.FrozenInstanceError):
        request_.params.language = "de"


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda request: pickle.loads(pickle.dumps(request))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_are_plain_requests_of_the_same_members(request_, copied):
    assert type(copied(request_)) is Request
    assert copied(request_) == request_


def test_a_member_can_be_replaced_in_a_copy(request_):
    other = dataclasses.replace(request_, text="tea", frame={})

    assert (other.text, other.frame, other.intent) == ("tea", {}, "order")
    assert request_.text == "a large coffee"


def test_a_request_without_members_is_that_of_the_constructor():
    request = read(b'{"action": "hello", "request": {"params": {}}}').request

    assert request == Request()
    assert dict(request) == dict(Request())


def test_the_responder_is_made_like_that_of_the_constructor():
    request, responder = arrived(
        frame={"step": 3}, slots={"size": "large"}, params={"language": "en", "allowed_intents": ["a.b"]}
    )
    plain = DialogueResponder(
        frame={"step": 3},
        slots={"size": "large"},
        params={"language": "en", "allowed_intents": ["a.b"]},
        request=request,
        history=TURN["history"],
    )

    assert vars(responder) == vars(plain)
    assert dict(responder) == dict(plain)
