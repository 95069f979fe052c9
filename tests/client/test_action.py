"""CustomAction and CustomActionSequence, with an engine that follows a script."""

import asyncio
import json
import logging
import threading
import warnings
from contextvars import copy_context
from copy import deepcopy

import pytest

from mm_actions import (
    CustomAction,
    CustomActionException,
    CustomActionSequence,
    DialogueResponder,
    Params,
    Request,
    Secret,
    close_endpoints,
    invoke_custom_action,
    invoke_custom_action_async,
)
from mm_actions.client import endpoint
from mm_actions.config import HmacAuth, ServerSettings
from mm_actions.core import hops
from mm_actions.errors import (
    ActionNotFound,
    BadPayload,
    BadStatus,
    CircuitOpen,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    CorrelationMismatch,
    DeadlineExceeded,
    EncodingFailed,
    LoopDetected,
    Overloaded,
    RegistrationError,
    SchemaMismatch,
    Sent,
    ServerFailed,
)
from mm_actions.testing.scripted import ScriptedEngine, answer
from mm_actions.transports.http.auth import signature

URL = "http://server.example/action"
REPLY = {"name": "reply", "type": "view", "payload": {"text": "hi"}}


def config(engine, **more):
    return {"url": URL, "engine": engine, **more}


def refused():
    return ConnectFailed("refused", sent=Sent.NO)


@pytest.fixture(params=["sync", "async"])
def invoke(request):
    """Invoke anything in either colour."""
    if request.param == "sync":
        return lambda action, *turn: action.invoke(*turn)
    return lambda action, *turn: asyncio.run(action.invoke_async(*turn))


@pytest.fixture
def turn():
    return Request(text="hi", domain="d", intent="i"), DialogueResponder(frame={"kept": 1})


def test_a_success_is_true_and_its_answer_is_merged(invoke, turn):
    engine = ScriptedEngine({"directives": [REPLY], "frame": {"new": 2}})
    result = invoke(CustomAction("greet", config(engine)), *turn)
    assert result
    assert (result.kind, result.error, result.attempts, result.action, result.server) == (
        "ok", None, 1, "greet", "default",
    )  # fmt: skip
    assert result.answer.frame == {"new": 2}
    assert result.elapsed >= 0
    assert turn[1].frame == {"kept": 1, "new": 2}
    assert turn[1].directives == [REPLY]


def test_what_is_sent_is_mindmelds_payload(invoke, turn):
    engine = ScriptedEngine()
    action = CustomAction("greet", config(engine))
    invoke(action, *turn)
    sent = engine.requests[0]
    assert (sent.method, sent.url) == ("POST", URL)
    assert json.loads(sent.body) == json.loads(json.dumps(action.get_json_payload(*turn)))
    assert json.loads(sent.body)["action"] == "greet"
    assert json.loads(sent.body)["responder"]["frame"] == {"kept": 1}


def test_the_headers_say_what_the_contract_wants(invoke, turn):
    engine = ScriptedEngine()
    result = invoke(
        CustomAction("greet", config(engine, timeout=2, headers={"X-Team": "a"}, auth={"bearer": "t"})), *turn
    )
    headers = dict(engine.requests[0].headers)
    assert headers["Content-Type"] == "application/json"
    assert (headers["X-Team"], headers["Authorization"]) == ("a", "Bearer t")
    assert 1000 < int(headers["X-MM-Timeout-Ms"]) <= 2000
    version, trace, span, flags = headers["traceparent"].split("-")
    assert (version, trace, len(span), flags) == ("00", result.trace_id, 16, "01")
    assert "Idempotency-Key" not in headers


def test_a_signature_covers_time_and_body(turn):
    engine = ScriptedEngine()
    CustomAction("greet", config(engine, auth=HmacAuth(secret=Secret("s")))).invoke(*turn)
    sent = engine.requests[0]
    value = dict(sent.headers)["X-MM-Signature"]
    timestamp = int(value.partition(",")[0].removeprefix("t="))
    assert value == signature(b"s", sent.body, timestamp)
    assert signature(b"s", sent.body + b" ", timestamp) != value


def test_basic_credentials_are_encoded(turn):
    engine = ScriptedEngine()
    CustomAction("a", config(engine, auth={"basic": {"username": "ü", "password": "p"}})).invoke(*turn)
    assert dict(engine.requests[0].headers)["Authorization"] == "Basic w7w6cA=="


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answer(status=404), ActionNotFound),
        (answer(status=500), ServerFailed),
        (answer(status=206), BadStatus),
        (answer(b"[]"), SchemaMismatch),
        (answer({"frame": {"x": 1}, "params": {"allowed_intents": "a.b"}}), SchemaMismatch),
        (ConnectionLost("cut", sent=Sent.MAYBE), ConnectionLost),
    ],
)
def test_a_failure_is_false_and_leaves_the_responder_as_it_was(invoke, turn, script, error, caplog):
    before = deepcopy(dict(turn[1]))
    engine = ScriptedEngine(script)
    with caplog.at_level(logging.WARNING):
        result = invoke(CustomAction("greet", config(engine)), *turn)
    assert not result
    assert type(result.error) is error
    assert (result.kind, result.answer) == (error.kind, None)
    assert (result.error.action, result.error.server) == ("greet", "default")
    assert dict(turn[1]) == before
    assert [request.method for request in engine.requests].count("POST") == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert result.trace_id in caplog.text


def test_a_failure_is_raised_where_that_is_asked_for(invoke, turn):
    action = CustomAction("greet", config(ScriptedEngine(answer(status=500))), raise_on_failure=True)
    with pytest.raises(ServerFailed) as caught:
        invoke(action, *turn)
    assert isinstance(caught.value, CustomActionException)


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


def test_a_turn_with_an_id_gives_the_same_keys_again_and_each_step_its_own():
    engine = ScriptedEngine()
    sequence = CustomActionSequence(["a", "b", "a"], config(engine, idempotent=True))
    for turn_id in ("t1", "t1", "t2", None):
        assert sequence.invoke(Request(text="hi", request_id=turn_id), DialogueResponder())
    keys = [dict(request.headers)["Idempotency-Key"] for request in engine.requests]
    assert keys[0:3] == keys[3:6]
    assert len(set(keys)) == 9


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


def test_a_turn_that_json_cannot_carry_is_not_sent(invoke):
    engine = ScriptedEngine()
    result = invoke(CustomAction("a", config(engine)), Request(), DialogueResponder(frame={"a": object()}))
    assert isinstance(result.error, EncodingFailed)
    assert engine.requests == []


@pytest.mark.parametrize(("history", "count"), [("all", 3), ("none", 0), (2, 2)])
def test_so_much_of_the_history_is_sent_as_the_settings_say(turn, history, count):
    engine = ScriptedEngine()
    request = Request(text="hi", history=[{"turn": number} for number in range(3)])
    CustomAction("a", config(engine, history=history)).invoke(request, turn[1])
    sent = json.loads(engine.requests[0].body)["request"].get("history", [])
    assert sent == [{"turn": number} for number in range(count)]


def test_servers_with_equal_settings_share_connections_and_others_do_not():
    settings = ServerSettings(url="http://shared.example/action")
    assert CustomAction("a", settings)._endpoint is CustomAction("b", settings)._endpoint
    other = ServerSettings(url="http://other.example/action")
    assert CustomAction("a", settings)._endpoint is not CustomAction("a", other)._endpoint
    close_endpoints()


def test_only_so_many_servers_are_kept(monkeypatch):
    close_endpoints()
    monkeypatch.setattr(endpoint, "KEPT", 2)
    for port in (1, 2, 3):
        CustomAction("a", ServerSettings(url=f"http://localhost:{port}/"))
    assert len(endpoint._endpoints) == 2
    close_endpoints()
    assert not endpoint._endpoints


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


def test_the_helpers_do_the_same(turn):
    engine = ScriptedEngine({"frame": {"x": 1}})
    assert invoke_custom_action("a", config(engine), *turn)
    assert asyncio.run(invoke_custom_action_async("a", config(engine), *turn, merge=False))
    assert turn[1].frame == {"x": 1}


def test_async_mode_gives_a_coroutine(turn):
    action = CustomAction("a", config(ScriptedEngine({"frame": {"x": 1}})))
    assert asyncio.run(action.invoke(*turn, async_mode=True))
    assert turn[1].frame == {"kept": 1, "x": 1}


def test_invoking_in_an_event_loop_works_and_warns(turn):
    action = CustomAction("a", config(ScriptedEngine()))

    async def handler():
        with pytest.warns(RuntimeWarning, match="invoke_async"):
            return action.invoke(*turn)

    assert asyncio.run(handler())


def test_many_threads_share_an_action():
    engine = ScriptedEngine(lambda request: {"frame": {"text": json.loads(request.body)["request"]["text"]}})
    action = CustomAction("a", config(engine))
    wrong = []

    def work(number):
        for turn in range(20):
            responder = DialogueResponder()
            action.invoke(Request(text=f"{number}-{turn}"), responder)
            if responder.frame != {"text": f"{number}-{turn}"}:
                wrong.append((number, turn, responder.frame))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(engine.requests) == 320


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CustomAction("a", {}), ConfigurationError, "names no server"),
        (lambda: CustomAction("a", None), ConfigurationError, "not a dict"),
        (lambda: CustomAction("", {"url": URL}), RegistrationError, "not empty"),
        (lambda: CustomAction(5, {"url": URL}), RegistrationError, "5"),
        (lambda: CustomActionSequence("abc", {"url": URL}), RegistrationError, r"actions=\['abc'\]"),
        (lambda: CustomActionSequence([], {"url": URL}), RegistrationError, "at least one"),
        (lambda: CustomActionSequence(["a"]), RegistrationError, "config"),
        (lambda: CustomAction("a", {"url": URL, "engine": 5}), ConfigurationError, "engine"),
    ],
)
def test_a_mistake_is_an_error_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_the_names_show():
    action = CustomAction("a", {"url": URL})
    assert (repr(action), str(action), action.url, action.server) == ("a", "a", URL, "default")
    sequence = CustomActionSequence(["a", action], {"url": URL})
    assert (repr(sequence), str(sequence)) == ("[a, a]", "action_seq=[a, a]")


def test_the_payload_has_the_four_members_of_the_responder(turn):
    payload = CustomAction("a", {"url": URL}).get_json_payload(*turn)
    assert set(payload["responder"]) == {"frame", "directives", "params", "slots"}
    assert payload["responder"]["params"] == Params().to_wire()


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
