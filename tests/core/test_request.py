"""Request: what a turn is, and how it travels."""

import copy
import json
import pickle
from collections import UserDict

import pytest

from mm_actions import FrozenParams, Params, Request
from mm_actions.contract.codec import encode


def test_dict_of_an_empty_request_is_mindmelds_payload():
    assert dict(Request()) == {
        "params": {
            "dynamic_resource": {},
            "locale": None,
            "timestamp": None,
            "allowed_intents": (),
            "time_zone": None,
            "language": None,
            "target_dialogue_state": None,
        }
    }


def test_empty_members_are_left_out_and_params_keep_all_members():
    request = Request(text="hi", domain="", entities=[], frame={}, params={"timestamp": 1546300800000})
    payload = dict(request)
    assert set(payload) == {"text", "params"}
    assert payload["params"]["timestamp"] == "1546300800000"
    assert len(payload["params"]) == 7


def test_labels_to_allow_and_deny_travel_when_they_are_set():
    request = Request(params=FrozenParams(allow_nlp=["a.b"], deny_nlp=["c.d"]))
    assert dict(request)["params"]["allow_nlp"] == ("a.b",)
    assert dict(request)["params"]["deny_nlp"] == ("c.d",)


@pytest.mark.parametrize("name", ["text", "frame", "params", "entities"])
def test_a_member_cannot_be_set(name):
    with pytest.raises(AttributeError):
        setattr(Request(), name, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.update(a=2),
        lambda frame: frame.__setitem__("a", 2),
        lambda frame: frame.pop("a"),
        lambda frame: frame.clear(),
        lambda frame: frame.setdefault("b", 1),
        lambda frame: frame.__delitem__("a"),
        lambda frame: frame.popitem(),
        lambda frame: frame.__ior__({"b": 1}),
    ],
)
def test_a_frame_of_a_request_cannot_be_changed_and_says_what_to_do(change):
    request = Request(frame={"a": 1})
    with pytest.raises(TypeError, match=r"responder\.frame"):
        change(request.frame)
    assert request.frame == {"a": 1}


def test_params_of_a_request_cannot_be_changed():
    request = Request(params={"language": "en"})
    with pytest.raises(AttributeError, match=r"responder\.params"):
        request.params.language = "de"
    with pytest.raises(AttributeError):
        del request.params.language
    with pytest.raises(TypeError):
        request.params.dynamic_resource["x"] = 1
    assert request.params == Params(language="en")


def test_params_are_taken_in_every_form():
    class Pairs:
        def __iter__(self):
            return iter({"language": "en"}.items())

    wanted = FrozenParams(language="en")
    for given in (wanted, Params(language="en"), {"language": "en"}, Pairs()):
        assert Request(params=given).params == wanted
    assert Request(params=None).params == FrozenParams()


def test_none_stands_for_empty_and_any_mapping_is_taken():
    request = Request(frame=None, entities=None, history=None, context=UserDict(a=1))
    assert request.frame == {}
    assert request.entities == request.history == ()
    assert request.context == {"a": 1}


def test_a_request_can_be_copied_and_pickled():
    request = Request(text="hi", frame={"a": [1]}, entities=[{"type": "x"}], params={"language": "en"})
    for twin in (copy.copy(request), copy.deepcopy(request), pickle.loads(pickle.dumps(request))):
        assert twin == request
        assert dict(twin) == dict(request)
    assert copy.deepcopy(request).frame["a"] is not request.frame["a"]
    assert copy.copy(request.frame) is request.frame


def test_a_request_is_written_as_json():
    request = Request(text="hi", entities=[{"type": "x"}], nbest_transcripts_entities=[[{"type": "y"}]])
    assert json.loads(encode(dict(request)))["nbest_transcripts_entities"] == [[{"type": "y"}]]


def test_requests_with_the_same_members_are_equal():
    assert Request(text="a", frame={"b": 1}) == Request(text="a", frame={"b": 1})
    assert Request(text="a") != Request(text="b")
