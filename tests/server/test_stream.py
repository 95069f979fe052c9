"""POST /action/stream, over real sockets."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.contract.openapi_schemas import faults
from tests.server.conftest import JSON, PATIENCE, Served, assert_problem, invocation, read
from tests.server.stream_calls import KINDS, Streaming, events_of, gated, text

from mm_actions.server import ActionError, ActionServer
from mm_actions.server.calls.streaming import CallAbandoned

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[[ActionServer], Served]


@pytest.mark.parametrize("kind", KINDS)
def test_a_directive_leaves_while_its_handler_is_at_work(
    serve: Serve, gate: threading.Event, kind: str
) -> None:
    server = ActionServer(drain=0)
    gated(server, kind, gate)
    served = serve(server)
    with Streaming(served, {"action": "act"}, X_MM_Call_Id="call-1") as call:
        assert call.response.status == 200
        assert call.response.headers["Content-Type"] == "application/x-ndjson"
        assert call.response.headers["X-MM-Call-Id"] == "call-1"
        assert text(call.line()) == "first"
        assert not gate.is_set()
        gate.set()
        second, result = call.rest()
        assert text(second) == "second"
        assert result["event"] == "result"
        whole = served.post({"action": "act"})
        assert result["responder"] == whole.json
        assert len(whole.json["directives"]) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_events_add_up_to_the_result_and_the_result_is_the_answer(
    serve: Serve, gate: threading.Event, kind: str
) -> None:
    server = ActionServer(drain=0)
    gate.set()
    gated(server, kind, gate)
    served = serve(server)
    sent = invocation("act")
    events = events_of(served.post(sent, "/action/stream"))
    assert [text(event) for event in events[:-1]] == ["first", "second"]
    assert events[-1]["responder"] == served.post(sent).json


def test_an_action_that_never_flushes_is_streamed_too(serve: Serve) -> None:
    server = ActionServer(drain=0)

    @server.action
    def order(request, responder):
        responder.reply("One.")
        return {"frame": {"order": 1}}

    server.action("nothing")(lambda request, responder: None)
    served = serve(server)
    connection = served.connect()
    for _ in range(3):
        connection.request("POST", "/action/stream", json.dumps({"action": "order"}), JSON)
        directive, result = events_of(read(connection))
        assert text(directive) == "One."
        assert result["responder"]["frame"] == {"order": 1}
    connection.close()
    (result,) = events_of(served.post({"action": "nothing"}, "/action/stream"))
    assert result["responder"]["directives"] == []


def test_a_connection_serves_further_calls_after_a_stream(serve: Serve) -> None:
    server = ActionServer(drain=0)

    @server.action
    async def words(request, responder):
        for word in ("a", "b", "c"):
            responder.reply(word)
            yield

    served = serve(server)
    connection = served.connect()
    for _ in range(5):
        connection.request("POST", "/action/stream", json.dumps({"action": "words"}), JSON)
        assert len(events_of(read(connection))) == 4
        connection.request("POST", "/action", json.dumps({"action": "words"}), JSON)
        assert len(read(connection).json["directives"]) == 3
    connection.close()


def test_every_path_has_its_stream(serve: Serve) -> None:
    server = ActionServer(drain=0, paths=("/", "/v3/action", "/hooks/", "/taken", "/taken/stream"))
    server.action("hello")(lambda request, responder: responder.reply("Hello."))
    served = serve(server)
    for path in ("/stream", "/v3/action/stream", "/hooks/stream"):
        assert len(events_of(served.post({"action": "hello"}, path))) == 2
    assert served.post({"action": "hello"}, "/taken/stream").json["directives"]
    assert_problem(served.post({"action": "hello"}, "/action/stream"), 404)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_the_first_directive_is_on_the_wire_within_20_ms(serve: Serve, kind: str) -> None:
    server = ActionServer(drain=0, loop_alarm=5)
    produced: list[float] = []

    if kind == "plain":

        @server.action("act")
        def act(request, responder):
            produced.append(time.perf_counter())
            responder.reply("first")
            responder.flush()

    else:

        @server.action("act")
        async def act_async(request, responder):
            produced.append(time.perf_counter())
            responder.reply("first")
            await responder.flush()

    served = serve(server)
    spent = []
    for _ in range(50):
        with Streaming(served, {"action": "act"}) as call:
            assert text(call.line()) == "first"
            spent.append((time.perf_counter() - produced[-1]) * 1000)
    median = statistics.median(spent)
    sys.stdout.write(f"\nfirst directive, {kind}: median {median:.2f} ms, worst {max(spent):.2f} ms\n")
    assert median <= 20


def test_server_sent_events_for_those_who_ask_for_them(serve: Serve) -> None:
    server = ActionServer(drain=0)

    @server.action
    def lines(request, responder):
        responder.reply("two\nlines")
        responder.flush()
        if request.text:
            raise ActionError(409)

    served = serve(server)
    answer = served.post({"action": "lines"}, "/action/stream", Accept="text/event-stream")
    assert answer.headers["content-type"] == "text/event-stream"
    directive, result, end = answer.body.decode().split("\n\n")
    assert end == ""
    for event, kind in ((directive, "directive"), (result, "result")):
        name, data = event.split("\n")
        assert name == f"event: {kind}"
        assert json.loads(data.removeprefix("data: "))["event"] == kind
    failed = served.post(
        {"action": "lines", "request": {"text": "x"}}, "/action/stream", Accept="text/event-stream"
    )
    assert failed.body.split(b"\n\n")[1].startswith(b"event: error\n")
    both = "text/event-stream, application/x-ndjson"
    for accept in (both, "*/*", "application/json"):
        assert len(events_of(served.post({"action": "lines"}, "/action/stream", Accept=accept))) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_after_the_first_line_is_the_last_line(serve: Serve, kind: str) -> None:
    server = ActionServer(drain=0)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    def known(request, responder):
        responder.reply("first")
        responder.flush()
        raise ActionError(422, "Sold out", "No cake is left.", kind="urn:shop:sold-out")

    async def unknown(request, responder):
        responder.reply("first")
        await responder.flush()
        raise ValueError("swordfish")

    def generator(request, responder):
        responder.reply("first")
        yield
        raise ValueError("swordfish")

    async def async_generator(request, responder):
        responder.reply("first")
        yield
        raise ValueError("swordfish")

    handlers = dict(zip(KINDS, (known, unknown, generator, async_generator), strict=True))
    server.action("fail")(handlers[kind])
    answer = serve(server).post(
        {"action": "fail"}, "/action/stream", traceparent=f"00-{trace}-00f067aa0ba902b7-01"
    )
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
    first, last = (json.loads(line) for line in answer.body.splitlines())
    assert text(first) == "first"
    assert faults("StreamEvent", last) == []
    assert last["event"] == "error"
    assert last["problem"]["trace_id"] == trace
    assert last["problem"]["status"] == (422 if kind == "plain" else 500)
    assert b"swordfish" not in answer.body


@pytest.mark.parametrize("kind", KINDS)
def test_a_deadline_in_a_stream_is_its_last_line(serve: Serve, gate: threading.Event, kind: str) -> None:
    server = ActionServer(drain=0)
    gated(server, kind, gate)
    with Streaming(serve(server), {"action": "act"}, X_MM_Timeout_Ms="200") as call:
        assert text(call.line()) == "first"
        (last,) = call.rest()
        assert (last["event"], last["problem"]["status"]) == ("error", 504)
        assert last["problem"]["type"] == "urn:mm-actions:problem:timeout"


def test_a_thread_whose_time_is_up_learns_of_it_at_its_next_flush(
    serve: Serve, gate: threading.Event
) -> None:
    server = ActionServer(drain=0)
    learnt = threading.Event()

    @server.action(timeout=0.2)
    def late(request, responder):
        responder.reply("first")
        responder.flush()
        gate.wait(PATIENCE)
        try:
            responder.flush()
        except CallAbandoned:
            learnt.set()
            raise

    with Streaming(serve(server), {"action": "late"}) as call:
        assert text(call.line()) == "first"
        assert call.rest()[-1]["event"] == "error"
        gate.set()
        assert learnt.wait(PATIENCE)


def test_a_repeat_by_key_is_answered_from_memory_at_either_door(serve: Serve) -> None:
    server = ActionServer(drain=0)
    runs: list[int] = []

    @server.action
    async def order(request, responder):
        runs.append(1)
        responder.reply(f"Order {len(runs)}.")
        await responder.flush()
        responder.reply("Done.")

    served = serve(server)
    for first, second in (("/action/stream", "/action"), ("/action", "/action/stream")):
        key = {"Idempotency-Key": f"key-{first}"}
        begun = served.post({"action": "order"}, first, **key)
        again = served.post({"action": "order"}, second, **key)
        once_more = served.post({"action": "order"}, "/action/stream", **key)
        assert "idempotent-replayed" not in begun.headers
        assert again.headers["idempotent-replayed"] == once_more.headers["idempotent-replayed"] == "true"
        streamed, whole = (begun, again) if first == "/action/stream" else (again, begun)
        assert events_of(streamed)[-1]["responder"] == whole.json
        assert once_more.body == streamed.body
        assert_problem(served.post({"action": "order", "request": {}}, "/action/stream", **key), 422)
    assert len(runs) == 2


def test_a_repeat_while_the_first_stream_is_running_is_a_conflict(
    serve: Serve, gate: threading.Event
) -> None:
    server = ActionServer(drain=0, key_wait=0)
    gated(server, "async", gate)
    served = serve(server)
    with Streaming(served, {"action": "act"}, Idempotency_Key="key-1") as call:
        assert text(call.line()) == "first"
        assert_problem(served.post({"action": "act"}, "/action/stream", Idempotency_Key="key-1"), 409)
        gate.set()
        assert call.rest()[-1]["event"] == "result"


def test_a_full_server_refuses_streams_and_counts_them(serve: Serve, gate: threading.Event) -> None:
    server = ActionServer(drain=0, concurrency=1)
    gated(server, "plain", gate)
    served = serve(server)
    with Streaming(served, {"action": "act"}) as call:
        assert text(call.line()) == "first"
        assert server.counts().active == 1
        for path in ("/action", "/action/stream"):
            refused = served.post({"action": "act"}, path)
            assert_problem(refused, 503)
            assert refused.headers["retry-after"] == "1"
        gate.set()
        assert call.rest()[-1]["event"] == "result"
