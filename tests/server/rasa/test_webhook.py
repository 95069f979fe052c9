"""``POST /webhook`` and its neighbours, as an assistant sees them."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import JSON, PATIENCE, assert_problem, until
from tests.server.rasa.conftest import MESSAGE, call_of, failed, native

from mm_actions.errors import ConfigurationError
from mm_actions.server import (
    ActionServer,
    BadRequest,
    BearerTokens,
    NotFound,
    Rejected,
    ServerOptions,
    Unprocessable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.rasa.conftest import RasaServed

    Serve = Callable[[], RasaServed]


def test_an_action_of_ours_answers_an_assistant_in_its_own_words(server: ActionServer, served: Serve) -> None:
    @server.action
    async def order(request, responder):
        responder.reply(f"{request.intent} from {request.frame['city']}")
        responder.suggest([{"text": "Yes", "payload": "/affirm", "type": "text"}])
        responder.frame["size"] = "large"

    answer = served().act("order")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json == {
        "events": [{"event": "slot", "timestamp": None, "name": "size", "value": "large"}],
        "responses": [
            {"text": "greet from Oslo", **MESSAGE, "buttons": [{"title": "Yes", "payload": "/affirm"}]}
        ],
    }


def test_what_an_action_says_in_rasas_words_travels_as_it_is(server: ActionServer, served: Serve) -> None:
    said = {"text": None, **MESSAGE, "response": "utter_greet", "template": "utter_greet", "name": "Bob"}
    event = {"event": "slot", "timestamp": None, "name": "name", "value": "Bob"}

    @native(server, "say")
    def say(call, responder):
        responder.events.append(event)
        responder.responses.append(said)

    assert served().act("say", domain={}).json == {"events": [event], "responses": [said]}


def test_an_action_that_declines_is_a_400_with_its_name(server: ActionServer, served: Serve) -> None:
    @server.action
    def decline(request, responder):
        raise Rejected("no thanks")

    assert failed(served().act("decline"), 400, "decline") == "no thanks"


def test_the_name_of_another_action_that_declined_is_told(server: ActionServer, served: Serve) -> None:
    @server.action
    def decline(request, responder):
        raise Rejected("no thanks", action="validate_form")

    assert failed(served().act("decline"), 400, "validate_form") == "no thanks"


def test_an_unknown_action_is_a_404_before_the_domain_is_asked_for(served: Serve) -> None:
    message = failed(served().act("nobody", domain_digest="unknown"), 404, "nobody")
    assert message == "No registered action found for name 'nobody'."


@pytest.mark.parametrize("error", [BadRequest("not so"), NotFound("no such order"), Unprocessable("not so")])
def test_an_actions_own_errors_are_not_taken_for_those_of_the_protocol(
    server: ActionServer, served: Serve, error: Exception
) -> None:
    @server.action
    def refuse(request, responder):
        raise error

    assert failed(served().act("refuse"), 422, "refuse") == str(error)


def test_what_an_exception_says_is_not_told_to_the_caller(
    server: ActionServer, served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    @server.action
    def fail(request, responder):
        raise RuntimeError("password=hunter2")

    answer = served().act("fail", tracker={"sender_id": "u1", "slots": {"secret": "s3cret"}})
    message = failed(answer, 500, "fail")
    assert b"hunter2" not in answer.body
    assert b"s3cret" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert "hunter2" in caplog.text
    assert message.rpartition(" ")[2].rstrip(".") in caplog.text  # the trace


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[1]", b'"text"', b"\xff", b"{}", b'{"x":' + b"[" * 100_000),
        *(
            b'{"next_action":1}',
            b'{"next_action":null}',
            b'{"tracker":[]}',
            b'{"next_action":"a","domain":[]}',
        ),
    ],
)
def test_a_body_that_is_no_call_is_a_400(served: Serve, body: bytes) -> None:
    failed(served().exchange("POST", "/webhook", body, JSON), 400)


def test_an_unknown_path_is_a_404_and_another_method_a_405(served: Serve) -> None:
    running = served()
    assert_problem(running.get("/nowhere"), 404)
    answer = running.get("/webhook")
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"
    assert_problem(running.post({}, "/health"), 405)


def test_an_answer_is_json_even_with_numbers_that_json_has_not(server: ActionServer, served: Serve) -> None:
    @native(server, "measure")
    def measure(call, responder):
        responder.events.append({"event": "slot", "name": "x", "value": float("nan"), "timestamp": None})
        responder.responses.append({"text": "inf", **MESSAGE, "custom": {"x": float("inf")}})

    answer = served().act("measure", domain={})
    found = json.loads(answer.body, parse_constant=pytest.fail)
    assert found["events"][0]["value"] is None
    assert found["responses"][0]["custom"] == {"x": None}


def test_events_that_an_assistant_would_refuse_are_left_out_and_logged(
    server: ActionServer, served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    good = {"event": "followup", "timestamp": None, "name": "action_next"}

    @native(server, "act")
    def act(call, responder):
        responder.events += [
            {"event": "invented"},
            {"event": "slot", "name": "x"},
            {"event": "pause", "timestamp": "now"},
            {"event": "resume", "metadata": []},
            good,
        ]

    assert served().act("act", domain={}).json["events"] == [good]
    assert caplog.text.count("left out") == 4


def test_no_answer_has_a_member_missing_domain(server: ActionServer, served: Serve) -> None:
    @server.action
    def act(request, responder):
        responder.frame["missing_domain"] = True
        responder.direct("missing_domain", "view", {"missing_domain": True})

    running = served()
    assert set(running.act("act").json) == {"events", "responses"}
    assert set(running.act("nobody").json) == {"error", "action_name"}


def test_the_list_of_actions_is_rasas_and_the_contracts_is_beside_it(
    server: ActionServer, served: Serve
) -> None:
    for name in ("one", "two"):
        server.action(name)(lambda request, responder: None)
    running = served()
    assert running.get("/actions").json == [{"name": "one"}, {"name": "two"}]
    assert [action["name"] for action in running.get("/v2/actions").json["actions"]] == ["one", "two"]
    assert running.get("/health").json == {"status": "ok"}
    paths = running.get("/openapi.json").json["paths"]
    assert "/actions" not in paths
    assert "/v2/actions" in paths


def test_without_the_setting_there_is_no_such_door(serve: Any) -> None:
    server = ActionServer(drain=0)
    server.action("one")(lambda request, responder: None)
    running = serve(server)
    assert_problem(running.post({}, "/webhook"), 404)
    assert_problem(running.get("/health"), 404)
    assert running.get("/actions").json["actions"]


def test_the_contract_is_served_on_the_same_port(server: ActionServer, served: Serve) -> None:
    @server.action
    async def hello(request, responder):
        responder.reply("hello")

    running = served()
    assert running.post({"action": "hello"}).json["directives"][0]["payload"] == {"text": "hello"}
    assert running.act("hello").json["responses"] == [{"text": "hello", **MESSAGE}]


def test_a_path_of_rasas_cannot_be_an_actions_too() -> None:
    assert ServerOptions(paths=("/webhook",)).paths == ("/webhook",)
    with pytest.raises(ConfigurationError, match="/webhook"):
        ServerOptions(paths=("/webhook",), rasa=True)


@pytest.mark.parametrize("path", ["/webhook", "/webhook/ack", "/actions"])
def test_callers_show_what_the_guards_ask_for(serve: Any, path: str) -> None:
    server = ActionServer(rasa=True, drain=0, guards=[BearerTokens("token-1")])
    server.action("one")(lambda request, responder: None)
    running = serve(server)
    method = "GET" if path == "/actions" else "POST"
    body = json.dumps({**call_of("one"), "response_id": "x"})
    answer = running.exchange(method, path, body, JSON)
    assert failed(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    bearer = {**JSON, "Authorization": "Bearer token-1"}
    assert running.exchange(method, path, body, bearer).status in {200, 204}
    assert running.exchange(method, f"{path}?token=token-1", body, JSON).status in {200, 204}
    failed(running.exchange(method, f"{path}?token=other", body, JSON), 401)
    assert running.get("/health").status == 200


def test_a_blocking_action_keeps_nobody_else_waiting(
    server: ActionServer, served: Serve, gate: threading.Event
) -> None:
    started = threading.Semaphore(0)

    @server.action
    def block(request, responder):
        started.release()
        assert gate.wait(PATIENCE)
        responder.reply("done")

    running = served()
    answers: list[Any] = []
    callers = [threading.Thread(target=lambda: answers.append(running.act("block"))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for _ in callers:
        assert started.acquire(timeout=PATIENCE)  # both at work at the same time
    assert running.get("/health").status == 200
    assert not answers
    gate.set()
    for caller in callers:
        caller.join(PATIENCE)
    assert [answer.json["responses"][0]["text"] for answer in answers] == ["done", "done"]


def test_an_action_ends_its_work_though_its_caller_has_left(
    server: ActionServer, served: Serve, gate: threading.Event
) -> None:
    started, ended = threading.Event(), threading.Event()

    @server.action
    async def work(request, responder):
        started.set()
        await until(gate.is_set)
        ended.set()

    running = served()
    connection = running.connect()
    connection.request("POST", "/webhook", json.dumps(call_of("work")), JSON)
    assert started.wait(PATIENCE)
    connection.close()
    assert running.get("/health").status == 200  # by now the server has seen it
    gate.set()
    assert ended.wait(PATIENCE)


def test_an_action_that_takes_too_long_is_a_504(server: ActionServer, served: Serve) -> None:
    @server.action(timeout=0.01)
    async def hang(request, responder):
        await until(lambda: False)

    failed(served().act("hang"), 504, "hang")


def test_an_answer_is_kept_by_its_key(server: ActionServer, served: Serve) -> None:
    runs = []

    @native(server, "pay")
    def pay(call, responder):
        runs.append(call.sender_id)
        responder.responses.append({"text": "paid", **MESSAGE})

    running = served()
    first = running.act("pay", domain={}, headers={"Idempotency-Key": "k"})
    second = running.act("pay", domain={}, headers={"Idempotency-Key": "k"})
    assert first.body == second.body
    assert runs == ["u1"]


def test_more_than_an_answer_may_hold_is_a_500(serve: Any) -> None:
    server = ActionServer(rasa=True, drain=0, max_answer=1000)
    server.action("talk")(lambda request, responder: responder.reply("x" * 2000))
    running = serve(server)
    failed(running.exchange("POST", "/webhook", json.dumps(call_of("talk")), JSON), 500, "talk")


def test_what_cannot_be_written_is_a_500_and_the_log_says_what(
    server: ActionServer, served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    @native(server, "act")
    def act(call, responder):
        responder.responses.append({"text": "x", "custom": {"x": object()}})

    assert "no valid answer" in failed(served().act("act", domain={}), 500, "act")
    assert "object is not a JSON type" in caplog.text


def test_a_domain_with_a_number_that_nobody_reads_is_a_400(server: ActionServer, served: Serve) -> None:
    native(server, "act")(lambda call, responder: None)
    body = json.dumps(call_of("act", domain={"x": "NUMBER"})).replace('"NUMBER"', "1e999")
    failed(served().exchange("POST", "/webhook", body, JSON), 400, "act")


def test_a_caller_that_may_not_call_is_told_so_though_there_is_no_room(
    serve: Any, gate: threading.Event
) -> None:
    server = ActionServer(rasa=True, drain=0, concurrency=1, guards=[BearerTokens("token-1")])
    started = threading.Event()

    @server.action
    def block(request, responder):
        started.set()
        assert gate.wait(PATIENCE)

    running = serve(server)
    body, known = json.dumps(call_of("block")), {**JSON, "Authorization": "Bearer token-1"}
    caller = threading.Thread(target=lambda: running.exchange("POST", "/webhook", body, known))
    caller.start()
    assert started.wait(PATIENCE)
    failed(running.exchange("POST", "/webhook", body, JSON), 401)
    failed(running.exchange("POST", "/webhook", body, known), 503)
    gate.set()
    caller.join(PATIENCE)


def test_more_calls_than_there_is_room_for_are_refused_at_once(serve: Any, gate: threading.Event) -> None:
    server = ActionServer(rasa=True, drain=0, concurrency=1)
    started = threading.Event()

    @server.action
    def block(request, responder):
        started.set()
        assert gate.wait(PATIENCE)

    running = serve(server)
    body = json.dumps(call_of("block"))
    caller = threading.Thread(target=lambda: running.exchange("POST", "/webhook", body, JSON))
    caller.start()
    assert started.wait(PATIENCE)
    answer = running.exchange("POST", "/webhook", body, JSON)
    failed(answer, 503)
    assert answer.headers["retry-after"] == "1"
    gate.set()
    caller.join(PATIENCE)
