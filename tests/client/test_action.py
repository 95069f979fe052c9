"""CustomAction, with an engine that follows a script."""

import asyncio
import json
import logging
import threading
from copy import deepcopy

import pytest

from client.scripts import REPLY, URL, config
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
from mm_actions.errors import (
    ActionNotFound,
    BadStatus,
    ConfigurationError,
    ConnectionLost,
    EncodingFailed,
    RegistrationError,
    SchemaMismatch,
    Sent,
    ServerFailed,
)
from mm_actions.testing.scripted import ScriptedEngine, answer
from mm_actions.transports.http.auth import signature


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
