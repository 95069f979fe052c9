"""What goes wrong in MindMeld's own client when an answer is applied, and does not here.

Each docstring gives the number of the defect and its name.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy

import pytest
from tests.example_server.running import ROOT
from tests.mindmeld.conftest import texts

from mm_actions import (
    Application,
    CustomAction,
    CustomActionSequence,
    FrozenParams,
    Params,
    Request,
    Responder,
)
from mm_actions.application.failure import APOLOGY
from mm_actions.errors import BadContentType, BadPayload, SchemaMismatch, ServerFailed
from mm_actions.testing import Answer, FaultServer

TURN = Request(text="hi", domain="d", intent="i")
SET = {
    "time_zone": "Asia/Kolkata",
    "language": "en",
    "locale": "en_IN",
    "target_dialogue_state": "next",
    "timestamp": 1546300800000,
    "allowed_intents": ("d.i",),
    "dynamic_resource": {"a": 1},
}


@pytest.fixture
def answered(invoke):
    """Have an action answer with a JSON value, and give the result and the responder."""

    def answered(body, responder=None, **arguments):
        responder = Responder() if responder is None else responder
        answer = body if isinstance(body, Answer) else Answer(json=body)
        with FaultServer(answer) as server:
            action = CustomAction("a", {"url": server.url}, **arguments)
            return invoke(action, TURN, responder), responder

    return answered


@pytest.mark.parametrize("answer", [{}, {"params": {}}, {"params": {"language": None}}, {"params": None}])
@pytest.mark.parametrize("merge", [True, False])
def test_params_that_an_answer_leaves_out_stay(answered, answer, merge):
    """Defect 10, wiped params: an answer without params unsets language, time zone and all the others."""
    result, responder = answered(answer, Responder(params=Params(**SET)), merge=merge)
    assert result
    assert responder.params == Params(**SET)


def test_params_that_an_answer_has_are_set(answered):
    """Defect 10, wiped params: one member changes one member."""
    result, responder = answered({"params": {"language": "de"}}, Responder(params=Params(**SET)))
    assert result
    assert responder.params == Params(**{**SET, "language": "de"})


def test_labels_to_allow_and_to_deny_are_sent_and_merged(invoke):
    """Defect 11, `allow_nlp` and `deny_nlp`: they are neither sent nor merged."""
    with FaultServer(Answer(json={"params": {"allow_nlp": ["c.d"], "deny_nlp": ["e.f"]}})) as server:
        responder = Responder(params=Params(allow_nlp=["a.b"]))
        request = Request(params={"deny_nlp": ["g.h"]})
        assert invoke(CustomAction("a", {"url": server.url}), request, responder)
        sent = server.requests[0].json()
    assert sent["responder"]["params"]["allow_nlp"] == ["a.b"]
    assert sent["request"]["params"]["deny_nlp"] == ["g.h"]
    assert list(responder.params.allow_nlp) == ["a.b", "c.d"]
    assert list(responder.params.deny_nlp) == ["e.f"]


def test_a_member_of_params_that_is_not_known_is_passed_over(answered):
    """Defect 12, unknown params: TypeError, after frame and directives were applied already."""
    result, responder = answered({"frame": {"a": 1}, "params": {"language": "de", "of_tomorrow": 1}})
    assert result
    assert (responder.frame, responder.params.language) == ({"a": 1}, "de")


def test_an_answer_that_cannot_be_applied_changes_nothing(answered):
    """Defect 12, unknown params: here it is all of an answer or nothing."""
    before = Responder(frame={"kept": 1}, params=Params(**SET))
    answer = {"frame": {"a": 1}, "directives": [{"name": "x", "type": "view"}], "params": {"language": 5}}
    result, responder = answered(answer, deepcopy(before))
    assert not result
    assert isinstance(result.error, SchemaMismatch)
    assert "/params/language" in str(result.error)
    assert dict(responder) == dict(before)


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        {"frame": None, "directives": None, "slots": None, "params": None},
        {"params": {"allowed_intents": None, "dynamic_resource": None}},
    ],
)
def test_null_changes_nothing(answered, answer, merge):
    """Defect 13, null members: TypeError, though the contract allows null."""
    responder = Responder(frame={"kept": 1}, slots={"name": "Bo"}, params=Params(**SET))
    responder.reply("before")
    before = deepcopy(dict(responder))
    result, responder = answered(answer, responder, merge=merge)
    assert result, result.error
    assert dict(responder) == before


def test_the_responder_can_be_used_after_nulls(answered):
    """Defect 13, null members: without merge they are stored, and the next reply crashes."""
    _, responder = answered({"directives": None, "frame": None, "slots": None}, merge=False)
    responder.reply("hi")
    responder.frame["a"] = responder.slots["b"] = 1
    assert texts(responder) == ["hi"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(body=b"<html>"), BadPayload),
        (Answer(body=b'{"frame": {'), BadPayload),
        (Answer(body=b""), BadPayload),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html"}), BadContentType),
        (Answer(json=[]), SchemaMismatch),
        (Answer(json="done"), SchemaMismatch),
        (Answer(json=None), SchemaMismatch),
        (Answer(json={"directives": {"name": "reply", "type": "view"}}), SchemaMismatch),
        (Answer(json={"directives": "reply"}), SchemaMismatch),
        (Answer(json={"directives": ["reply"]}), SchemaMismatch),
        (Answer(json={"params": {"allowed_intents": "a.b"}}), SchemaMismatch),
        (Answer(json={"frame": [["a", 1]]}), SchemaMismatch),
    ],
)
def test_an_answer_that_is_none_is_a_falsy_result_with_a_typed_error(answered, answer, error):
    """Defect 14, answers of another shape: exceptions of libraries, or letters and keys as directives."""
    result, responder = answered(answer, Responder(frame={"kept": 1}))
    assert not result
    assert type(result.error) is error
    assert dict(responder) == dict(Responder(frame={"kept": 1}))


def test_the_contract_says_that_an_answer_holds_new_directives_alone():
    """Defect 15, echoes: a server that sends back what it was sent doubles it, and nothing tells it not to.

    A client cannot tell an echo from a second directive that says the same, so appending stays; here the
    contract says so to whoever writes a server, and the sample server abides by it.
    """
    import yaml

    contract = yaml.safe_load((ROOT / "openapi" / "custom_action.yaml").read_text("utf-8"))
    text = " ".join(contract["info"]["description"].split())
    assert "never with an echo of the directives" in text


def test_the_sample_server_does_not_echo(invoke, sample_server):
    """Defect 15, echoes: three actions make three replies, each of them once."""
    responder = Responder(params=Params(allowed_intents=["d.i"]), frame={"a": 1}, slots={"b": 2})
    responder.reply("I can help you")
    assert invoke(CustomAction("one", {"url": f"{sample_server}/"}), TURN, responder, times=3)
    assert texts(responder) == ["I can help you", *["Invoking one on custom server."] * 3]
    assert list(responder.params.allowed_intents) == ["d.i"]


@pytest.fixture
def half_broken():
    """A server whose first action succeeds, and whose others fail with a reason."""

    def answer(request, number):
        if request.json()["action"] == "good":
            return Answer(json={"frame": {"good": True}})
        problem = {"title": "Sold out", "detail": "No scones are left.", "status": 500}
        return Answer(status=500, json=problem, headers={"Content-Type": "application/problem+json"})

    with FaultServer(answer) as server:
        yield {"url": server.url}


def test_the_result_of_a_sequence_says_which_step_failed_and_why(invoke, half_broken):
    """Defect 16, failed sequences: what the server said of the failure is dropped."""
    result = invoke(CustomActionSequence(["good", "bad", "never"], half_broken), TURN, Responder())
    assert not result
    assert [bool(step) for step in result.steps] == [True, False]
    assert isinstance(result.error, ServerFailed)
    assert (result.error.action, result.error.status) == ("bad", 500)
    assert (result.error.problem.title, result.error.problem.detail) == ("Sold out", "No scones are left.")


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize(
    ("arguments", "reply", "frame"),
    [
        ({}, APOLOGY, {"good": True}),
        ({"on_failure": "Only half of it worked."}, "Only half of it worked.", {"good": True}),
        ({"on_failure": "Nothing was done.", "all_or_nothing": True}, "Nothing was done.", {}),
    ],
)
def test_the_user_is_answered_when_a_sequence_fails(half_broken, colour, arguments, reply, frame):
    """Defect 16, failed sequences: the result is ignored, and the user gets an empty answer."""
    app = Application(__name__)
    app.custom_action(intent="i", actions=["good", "bad"], config=half_broken, **arguments)
    responder = app.process(TURN) if colour == "sync" else asyncio.run(app.process_async(TURN))
    assert texts(responder) == [reply]
    assert responder.frame == frame


def test_frozen_params_on_the_responder_can_be_merged_into(answered):
    """Defect 17, frozen params: FrozenInstanceError."""
    params = FrozenParams(language="en", allowed_intents=["d.i"], dynamic_resource={"a": 1})
    answer = {"params": {"language": "de", "allowed_intents": ["d.j"], "dynamic_resource": {"b": 2}}}
    result, responder = answered(answer, Responder(params=params))
    assert result, result.error
    assert responder.params == Params(
        language="de", allowed_intents=["d.i", "d.j"], dynamic_resource={"a": 1, "b": 2}
    )
    assert params.language == "en"
    responder.params.language = "fr"


def test_a_server_can_remove_keys_of_the_frame_where_the_client_does_not_merge(answered):
    """Defect 17, frozen params: with merge, a server can only add keys; without, the frame is its own."""
    result, responder = answered({"frame": {"b": 2}}, Responder(frame={"a": 1}, slots={"s": 1}), merge=False)
    assert result
    assert (responder.frame, responder.slots) == ({"b": 2}, {"s": 1})
