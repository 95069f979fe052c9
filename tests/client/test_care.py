"""What a call does when things go wrong: attempts, keys, refusals, circles."""

import threading
import warnings
from contextvars import copy_context

import pytest

from client.scripts import REPLY, config, refused
from mm_actions import (
    CustomAction,
    CustomActionSequence,
    DialogueResponder,
    Request,
)
from mm_actions.core import hops
from mm_actions.errors import (
    ActionNotFound,
    BadPayload,
    CircuitOpen,
    ConnectFailed,
    ConnectionLost,
    CorrelationMismatch,
    LoopDetected,
    Overloaded,
    Sent,
)
from mm_actions.testing.scripted import ScriptedEngine, answer


def test_a_call_that_was_not_sent_is_tried_again(invoke, turn):
    engine = ScriptedEngine(refused(), {"directives": [REPLY]})
    result = invoke(CustomAction("greet", config(engine)), *turn)
    assert (bool(result), result.attempts, len(engine.requests)) == (True, 2, 2)
    assert turn[1].directives == [REPLY]


def test_a_call_that_may_have_been_sent_is_tried_again_only_with_a_key(invoke, turn):
    lost = lambda _request: ConnectionLost("cut", sent=Sent.MAYBE)  # noqa: E731
    without = ScriptedEngine(lost, {})
    assert not invoke(CustomAction("greet", config(without)), *turn)
    assert len(without.requests) == 1
    with_key = ScriptedEngine(lost, {})
    assert invoke(CustomAction("greet", config(with_key, idempotent=True)), *turn)
    keys = [dict(request.headers)["Idempotency-Key"] for request in with_key.requests]
    assert keys[0] == keys[1] != ""


def test_no_retry_is_made_when_none_is_wanted(invoke, turn):
    engine = ScriptedEngine(refused())
    result = invoke(CustomAction("greet", config(engine, retries=0)), *turn)
    assert (bool(result), len(engine.requests), result.error.attempt) == (False, 1, 1)


def test_a_server_that_keeps_failing_is_left_alone(invoke, turn):
    engine = ScriptedEngine(answer(status=500))
    action = CustomAction("greet", config(engine))
    results = [invoke(action, *turn) for _ in range(10)]
    assert len(engine.requests) == 5
    assert isinstance(results[-1].error, CircuitOpen)


def test_an_unknown_action_is_told_what_the_server_has(invoke, turn):
    def serve(request):
        if request.method == "GET":
            return {"actions": [{"name": "greet_user"}, {"name": "fly"}]}
        return answer(status=404)

    engine = ScriptedEngine(serve)
    result = invoke(CustomAction("greet_usr", config(engine)), *turn)
    assert isinstance(result.error, ActionNotFound)
    assert str(result.error).endswith("The server has 'greet_user'")
    assert engine.requests[1].url == "http://server.example/actions"


@pytest.mark.parametrize(
    "catalogue", [answer(status=404), answer(b"{"), ConnectFailed("refused"), {"actions": []}]
)
def test_an_unknown_action_on_a_server_without_a_catalogue_is_still_one_error(invoke, turn, catalogue):
    engine = ScriptedEngine(lambda request: catalogue if request.method == "GET" else answer(status=404))
    result = invoke(CustomAction("greet", config(engine)), *turn)
    assert isinstance(result.error, ActionNotFound)
    assert "GET /actions" in str(result.error)


def test_an_answer_to_another_call_is_refused(invoke, turn):
    echo = lambda request: answer({}, headers=[("X-MM-Call-Id", dict(request.headers)["X-MM-Call-Id"])])  # noqa: E731
    assert invoke(CustomAction("a", config(ScriptedEngine(echo))), *turn)
    other = ScriptedEngine(answer({"frame": {"x": 1}}, headers=[("X-MM-Call-Id", "other")]))
    result = invoke(CustomAction("a", config(other)), *turn)
    assert isinstance(result.error, CorrelationMismatch)
    assert turn[1].frame == {"kept": 1}


def test_two_members_of_one_name_are_refused_where_that_is_asked_for(invoke, turn):
    body = b'{"frame": {"a": 1, "b": {"c": 1, "c": 2}}}'
    assert invoke(CustomAction("a", config(ScriptedEngine(answer(body)))), *turn)
    result = invoke(CustomAction("a", config(ScriptedEngine(answer(body)), strict=True)), *turn)
    assert isinstance(result.error, BadPayload)
    assert "'c'" in str(result.error)
    assert invoke(CustomAction("a", config(ScriptedEngine({"frame": {"a": [{}]}}), strict=True)), *turn)


def test_actions_that_call_each_other_in_a_circle_are_stopped(invoke):
    def serve(request):
        hops.arrived(dict(request.headers)[hops.HEADER])
        return {
            "frame": {"inner": bool(CustomAction("a", config(engine)).invoke(Request(), DialogueResponder()))}
        }

    engine = ScriptedEngine(serve)

    def work():
        responder = DialogueResponder()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a served action that blocks, in an event loop
            invoke(CustomAction("a", config(engine)), Request(), responder)
        return responder

    assert copy_context().run(work).frame == {"inner": True}
    assert [dict(request.headers)["X-MM-Hops"] for request in engine.requests] == list("12345678")


@pytest.mark.parametrize(
    ("header", "hop"), [(None, 1), ("3", 4), ("-1", 1), ("x", 1), ("1" * 50, 1), (" 2 ", 3)]
)
def test_a_hop_counter_that_is_no_number_counts_as_none(header, hop):
    def work():
        hops.arrived(header)
        return hops.next_hop()

    assert copy_context().run(work) == hop


def test_an_endless_circle_is_a_typed_error(invoke, turn):
    def work():
        hops.arrived("8")
        return invoke(CustomAction("a", config(ScriptedEngine())), *turn)

    result = copy_context().run(work)
    assert isinstance(result.error, LoopDetected)
    assert result.error.sent is Sent.NO


def test_a_server_that_is_gone_is_called_once_and_told_of_loudly(invoke, turn, caplog):
    engine = ScriptedEngine(answer(status=410))
    action = CustomAction("a", config(engine))
    for _ in range(3):
        result = invoke(action, *turn)
    assert len(engine.requests) == 1
    assert isinstance(result.error, CircuitOpen)
    assert [record.levelname for record in caplog.records if record.name == "mm_actions.server"] == ["ERROR"]


def test_the_figures_of_resilience_are_settings(invoke, turn):
    engine = ScriptedEngine(answer(status=500))
    figures = {"breaker": {"failures": 2}, "retry": {"base": 0.001}, "bulkhead": {"limit": 1, "queue": 0}}
    action = CustomAction("a", config(engine, resilience=figures))
    for _ in range(5):
        invoke(action, *turn)
    assert len(engine.requests) == 2


def test_a_call_beyond_the_bulkhead_is_refused_at_once(turn):
    entered, leave = threading.Event(), threading.Event()

    def slow(_request):
        entered.set()
        assert leave.wait(10)
        return {}

    figures = {"bulkhead": {"limit": 1, "queue": 0}}
    action = CustomAction("a", config(ScriptedEngine(slow), resilience=figures))
    thread = threading.Thread(target=action.invoke, args=(Request(), DialogueResponder()))
    thread.start()
    assert entered.wait(10)
    result = action.invoke(*turn)
    leave.set()
    thread.join(10)
    assert isinstance(result.error, Overloaded)
    assert result.error.sent is Sent.NO


def test_a_call_that_queues_is_admitted_when_there_is_room_or_ends_with_its_time(invoke, turn):
    entered, leave = threading.Event(), threading.Event()

    def slow(_request):
        entered.set()
        assert leave.wait(10)
        return {}

    engine = ScriptedEngine(slow)
    figures = {"bulkhead": {"limit": 1, "queue": 2}}
    patient = CustomAction("a", config(engine, resilience=figures))
    impatient = CustomActionSequence([patient])
    impatient.timeout = 0.05
    first = threading.Thread(target=patient.invoke, args=(Request(), DialogueResponder()))
    first.start()
    assert entered.wait(10)
    refused_in_time = invoke(impatient, *turn)
    assert isinstance(refused_in_time.error, Overloaded)
    assert len(engine.requests) == 1
    threading.Timer(0.05, leave.set).start()
    assert invoke(patient, *turn)
    first.join(10)


def test_single_actions_may_be_declared_to_honour_keys(invoke, turn):
    engine = ScriptedEngine()
    settings = config(engine, idempotent=["pay"])
    assert invoke(CustomAction("pay", settings), *turn)
    assert invoke(CustomAction("greet", settings), *turn)
    assert ["Idempotency-Key" in dict(request.headers) for request in engine.requests] == [True, False]
