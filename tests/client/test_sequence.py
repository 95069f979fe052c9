"""CustomActionSequence: one after the other, or all at once."""

import json
import threading

import pytest

from client.scripts import REPLY, config
from mm_actions import (
    CustomAction,
    CustomActionSequence,
    DialogueResponder,
    Request,
)
from mm_actions.errors import (
    CircuitOpen,
    DeadlineExceeded,
    Sent,
)
from mm_actions.testing.scripted import ScriptedEngine, answer


def test_a_turn_with_an_id_gives_the_same_keys_again_and_each_step_its_own():
    engine = ScriptedEngine()
    sequence = CustomActionSequence(["a", "b", "a"], config(engine, idempotent=True))
    for turn_id in ("t1", "t1", "t2", None):
        assert sequence.invoke(Request(text="hi", request_id=turn_id), DialogueResponder())
    keys = [dict(request.headers)["Idempotency-Key"] for request in engine.requests]
    assert keys[0:3] == keys[3:6]
    assert len(set(keys)) == 9


def test_a_sequence_goes_on_with_what_was_merged(invoke, turn):
    engine = ScriptedEngine(
        {"frame": {"first": 1}},
        lambda request: {"frame": {"seen": json.loads(request.body)["responder"]["frame"]}},
    )
    result = invoke(CustomActionSequence(["a", "b"], config(engine)), *turn)
    assert result
    assert [step.action for step in result.steps] == ["a", "b"]
    assert turn[1].frame["seen"] == {"kept": 1, "first": 1}


def test_a_sequence_stops_at_the_first_failure_and_keeps_what_was_done(invoke, turn):
    engine = ScriptedEngine({"frame": {"first": 1}}, answer(status=422), {"frame": {"third": 1}})
    result = invoke(CustomActionSequence(["a", "b", "c"], config(engine)), *turn)
    assert not result
    assert [bool(step) for step in result.steps] == [True, False]
    assert (result.error.action, result.error.status, result.answer) == ("b", 422, None)
    assert turn[1].frame == {"kept": 1, "first": 1}


def test_a_sequence_can_undo_what_was_done(invoke, turn):
    engine = ScriptedEngine({"frame": {"first": 1}, "directives": [REPLY]}, answer(status=422))
    result = invoke(CustomActionSequence(["a", "b"], config(engine), all_or_nothing=True), *turn)
    assert not result
    assert (turn[1].frame, turn[1].directives) == ({"kept": 1}, [])
    assert [bool(step) for step in result.steps] == [True, False]


def test_a_sequence_crosses_servers(invoke, turn):
    java, go = ScriptedEngine({"frame": {"java": 1}}), ScriptedEngine({"frame": {"go": 1}})
    settings = {
        "servers": {
            "java": {"url": "http://java/", "engine": java},
            "go": {"url": "http://go/", "engine": go},
        },
        "actions": {"a": "java", "b": "go"},
    }
    result = invoke(CustomActionSequence(["a", "b"], settings), *turn)
    assert result.server == "java, go"
    assert turn[1].frame == {"kept": 1, "java": 1, "go": 1}
    assert (len(java.requests), len(go.requests)) == (1, 1)


def test_actions_in_parallel_are_sent_at_once_and_merged_in_the_order_given(turn):
    first_may_answer = threading.Event()

    def slow(request):
        if json.loads(request.body)["action"] == "a":
            assert first_may_answer.wait(10)
            return {"frame": {"winner": "a", "a": 1}, "directives": [{"name": "a"}]}
        first_may_answer.set()
        return {"frame": {"winner": "b", "b": 1}, "directives": [{"name": "b"}]}

    result = CustomActionSequence(["a", "b"], config(ScriptedEngine(slow)), parallel=True).invoke(*turn)
    assert result
    assert turn[1].frame == {"kept": 1, "winner": "b", "a": 1, "b": 1}
    assert [directive["name"] for directive in turn[1].directives] == ["a", "b"]


def test_of_actions_in_parallel_those_that_succeed_are_merged(invoke, turn):
    def some(request):
        name = json.loads(request.body)["action"]
        return answer(status=500) if name == "b" else {"frame": {name: 1}}

    result = invoke(CustomActionSequence(["a", "b", "c"], config(ScriptedEngine(some)), parallel=True), *turn)
    assert not result
    assert result.error.action == "b"
    assert turn[1].frame == {"kept": 1, "a": 1, "c": 1}


def test_a_sequence_has_one_deadline(turn):
    engine = ScriptedEngine()
    actions = [CustomAction("a", config(engine, timeout=7)), CustomAction("b", config(engine, timeout=0.5))]
    assert CustomActionSequence(actions).invoke(*turn)
    first, second = (int(dict(request.headers)["X-MM-Timeout-Ms"]) for request in engine.requests)
    assert 6000 < first <= 7000
    assert second <= 500


def test_a_step_is_not_begun_when_the_time_is_up(turn):
    engine = ScriptedEngine(lambda _request: threading.Event().wait(0.02) or {}, {})
    result = CustomActionSequence(["a", "b"], config(engine, timeout=0.01)).invoke(*turn)
    assert isinstance(result.error, DeadlineExceeded)
    assert (result.error.action, result.error.sent, len(engine.requests)) == ("b", Sent.NO, 1)


@pytest.mark.parametrize(("quorum", "success"), [(0, True), (1, True), (2, True), (3, False), (None, False)])
def test_a_quorum_says_how_many_of_the_actions_in_parallel_must_succeed(invoke, turn, quorum, success):
    def some(request):
        name = json.loads(request.body)["action"]
        return answer(status=422) if name == "b" else {"frame": {name: 1}}

    sequence = CustomActionSequence(
        ["a", "b", "c"], config(ScriptedEngine(some)), parallel=True, quorum=quorum
    )
    result = invoke(sequence, *turn)
    assert bool(result) is success
    assert (result.error is None) is success
    assert [bool(step) for step in result.steps] == [True, False, True]
    assert turn[1].frame == {"kept": 1, "a": 1, "c": 1}


def test_nobody_need_succeed_where_the_quorum_is_none_of_them(invoke, turn):
    engine = ScriptedEngine(answer(status=422))
    assert invoke(CustomActionSequence(["a"], config(engine), parallel=True, quorum=0), *turn)


def test_a_sequence_can_look_at_all_circuits_before_its_first_step(invoke, turn):
    works, broken = ScriptedEngine(), ScriptedEngine(answer(status=500))
    settings = {
        "servers": {
            "one": {"url": "http://one/", "engine": works},
            "two": {"url": "http://two/", "engine": broken},
        },
        "actions": {"a": "one", "b": "two"},
    }
    for _ in range(5):
        CustomAction("b", settings).invoke(*turn)
    result = invoke(CustomActionSequence(["a", "b"], settings, precheck=True), *turn)
    assert isinstance(result.error, CircuitOpen)
    assert (result.error.action, works.requests) == ("b", [])
    assert invoke(CustomActionSequence(["a"], settings, precheck=True), *turn)
