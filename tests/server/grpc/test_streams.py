"""``WebhookStream`` and ``AckStreamChunks``."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import PATIENCE, until
from tests.server.grpc.conftest import event, request_of
from tests.server.rasa.conftest import MESSAGE, native

from mm_actions.dialects.rasa.wire import RasaAnswer
from mm_actions.server import ActionServer, CallAbandoned, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.grpc.conftest import Stub

    Connect = Callable[[str], Stub]
    Serve = Callable[[], Stub]

FOLLOWUP = {"event": "followup", "timestamp": None, "name": "action_next"}


def test_pieces_arrive_while_the_action_is_at_work(
    server: ActionServer, stub: Serve, gate: threading.Event
) -> None:
    @server.action
    async def tell(request, responder):
        responder.direct(
            "chunk", "stream", {"text": "Once ", "custom": {"n": 5}, "buttons": [{"title": "a"}]}
        )
        await responder.flush()
        await until(gate.is_set)
        responder.direct("chunk", "stream", {"text": "upon"})
        await responder.flush()
        responder.direct("chunk_end", "stream")
        responder.reply("The end.")
        responder.direct("followup", "event", {"name": "action_next"})

    stream = stub().stream("tell")
    kind, start = event(next(stream))
    response_id = start["response_id"]
    assert kind == "chunk_start"
    first = {"response_id": response_id, "text": "Once ", "custom": {"n": 5}, "buttons": [{"title": "a"}]}
    assert event(next(stream)) == ("chunk", first)
    gate.set()
    assert [event(message) for message in stream] == [
        ("chunk", {"response_id": response_id, "text": "upon"}),
        ("chunk_end", {"response_id": response_id}),
        ("final_result", RasaAnswer(events=[FOLLOWUP], responses=[{"text": "The end.", **MESSAGE}])),
    ]
    assert stream.code() is grpc.StatusCode.OK


def test_an_action_that_streams_nothing_ends_with_its_answer(server: ActionServer, stub: Serve) -> None:
    @native(server, "say")
    def say(call, responder):
        responder.events.append(FOLLOWUP)

    ((kind, answer),) = map(event, stub().stream("say", domain={}))
    assert (kind, answer) == ("final_result", RasaAnswer(events=[FOLLOWUP], responses=[]))


def test_an_answer_that_is_empty_is_an_answer_still(server: ActionServer, stub: Serve) -> None:
    server.action("nothing")(lambda request, responder: None)
    assert [*map(event, stub().stream("nothing"))] == [("final_result", RasaAnswer())]


def test_a_failure_is_the_last_event_and_the_status(server: ActionServer, stub: Serve) -> None:
    @server.action
    async def decline(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        raise Rejected("no thanks")

    stream = stub().stream("decline")
    events: list[Any] = []
    with pytest.raises(grpc.RpcError):
        events.extend(map(event, stream))
    assert [kind for kind, _ in events] == ["chunk_start", "chunk", "error"]
    assert events[-1][1] == {"action_name": "decline", "message": "no thanks"}
    assert stream.code() is grpc.StatusCode.INTERNAL
    assert json.loads(stream.details()) == events[-1][1]


def test_a_missing_domain_is_told_by_the_prefix_that_assistants_look_for(
    server: ActionServer, stub: Serve
) -> None:
    @native(server, "look")
    def look(call, responder):
        raise AssertionError

    stream = stub().stream("look", domain_digest="d1")
    kind, error = event(next(stream))
    assert kind == "error"
    assert error["message"].startswith("Missing domain context")
    with pytest.raises(grpc.RpcError):
        next(stream)
    assert stream.code() is grpc.StatusCode.NOT_FOUND
    assert json.loads(stream.details())["resource_type"] == "DOMAIN"


def test_an_interrupted_action_says_no_more_but_its_answer_counts(
    server: ActionServer, stub: Serve, gate: threading.Event
) -> None:
    @server.action
    async def tell(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        await until(lambda: responder.interrupted)
        responder.direct("chunk", "stream", {"text": "two"})
        await responder.flush()
        responder.direct("followup", "event", {"name": "action_next"})

    calls = stub()
    stream = calls.stream("tell")
    response_id = event(next(stream))[1]["response_id"]
    assert event(next(stream))[1]["text"] == "one"
    calls.interrupt(response_id)
    assert [*map(event, stream)] == [("final_result", RasaAnswer(events=[FOLLOWUP]))]
    calls.interrupt(response_id)  # it is over, which changes nothing
    calls.interrupt("unknown")


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_an_interrupted_action_that_never_says_anything_again_is_given_up(
    connect: Connect, kind: str
) -> None:
    server = ActionServer(drain=0, barge_in=0.05, loop_alarm=0)
    ended, gate = threading.Event(), threading.Event()

    @server.action("async", on_disconnect="finish")
    async def wait(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        try:
            await until(lambda: False)
        finally:
            ended.set()

    @server.action("sync")
    def block(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        responder.flush()
        gate.wait(PATIENCE)
        try:
            responder.flush()
        except CallAbandoned:
            ended.set()
            raise

    with server.in_thread(grpc_port=0) as running:
        calls = connect(running.grpc_url)
        stream = calls.stream(kind)
        response_id = event(next(stream))[1]["response_id"]
        next(stream)
        calls.interrupt(response_id)
        assert [*map(event, stream)] == [("final_result", RasaAnswer())]
        gate.set()
        assert ended.wait(PATIENCE)


@pytest.mark.parametrize("on_disconnect", ["cancel", "finish"])
def test_a_caller_that_leaves_ends_the_action_unless_it_is_to_finish(
    server: ActionServer, stub: Serve, gate: threading.Event, on_disconnect: Any
) -> None:
    ended: list[str] = []
    over = threading.Event()

    @server.action(on_disconnect=on_disconnect)
    async def tell(request, responder):
        try:
            for _ in range(3):
                responder.direct("chunk", "stream", {"text": "one"})
                await responder.flush()
                if not gate.is_set():
                    await until(gate.is_set)
            ended.append("finished")
        finally:
            over.set()

    stream = stub().stream("tell")
    next(stream)
    stream.cancel()
    if on_disconnect == "finish":
        gate.set()
    assert over.wait(PATIENCE)
    assert ended == (["finished"] if on_disconnect == "finish" else [])


def test_an_async_action_that_never_waits_streams_all_the_same(server: ActionServer, stub: Serve) -> None:
    received = threading.Event()

    @server.action
    async def tell(request, responder):
        responder.direct("chunk", "stream", {"text": "one"})
        await responder.flush()
        assert received.wait(PATIENCE)  # it holds the loop, and yet the first piece has left

    stream = stub().stream("tell")
    assert event(next(stream))[0] == "chunk_start"
    assert event(next(stream))[1]["text"] == "one"
    received.set()
    assert [event(message)[0] for message in stream] == ["chunk_end", "final_result"]


def test_pieces_of_several_tasks_all_arrive_and_each_whole(server: ActionServer, stub: Serve) -> None:
    @server.action
    async def tell(request, responder):
        async def say(text):
            responder.direct("chunk", "stream", {"text": text})
            await responder.flush()

        saying = [asyncio.create_task(say(str(number))) for number in range(200)]
        await asyncio.sleep(0)
        saying[150].cancel()
        await asyncio.wait(saying)

    kinds, bodies = zip(*map(event, stub().stream("tell")), strict=True)
    assert kinds == ("chunk_start", *["chunk"] * 200, "chunk_end", "final_result")
    assert [body["text"] for body in bodies[1:-2]] == [*map(str, range(200))]


def test_a_slow_reader_holds_the_action_back(server: ActionServer, stub: Serve) -> None:
    said: list[int] = []
    over = threading.Event()

    @server.action
    async def tell(request, responder):
        try:
            for number in range(1000):
                responder.direct("chunk", "stream", {"text": "x" * 100_000})
                await responder.flush()
                said.append(number)
        finally:
            over.set()

    calls = stub()
    stream = calls.stream("tell", timeout=1)
    next(stream)
    assert over.wait(PATIENCE)  # its time was up, as nobody read on
    assert len(said) < 500
    stream.cancel()


def test_a_deadline_in_the_middle_of_a_stream_ends_the_action(server: ActionServer, stub: Serve) -> None:
    over = threading.Event()

    @server.action(timeout=0.1)
    async def tell(request, responder):
        try:
            responder.direct("chunk", "stream", {"text": "one"})
            await responder.flush()
            await until(lambda: False)
        finally:
            over.set()

    stream = stub().webhook_stream(request_of("tell"), timeout=PATIENCE)
    events: list[Any] = []
    with pytest.raises(grpc.RpcError):
        events.extend(map(event, stream))
    assert [kind for kind, _ in events] == ["chunk_start", "chunk", "error"]
    assert stream.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert over.wait(PATIENCE)
