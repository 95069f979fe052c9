"""``ActionService`` as an assistant calls it: answers, and how failures are told."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.server.conftest import PATIENCE, until
from tests.server.grpc.conftest import refused, request_of
from tests.server.rasa.conftest import MESSAGE, native

from mm_actions.core import exchange
from mm_actions.dialects.rasa import proto
from mm_actions.server import ActionServer, BearerTokens, Rejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.grpc.conftest import Stub

    Connect = Callable[[str], Stub]
    Serve = Callable[[], Stub]

MEBIBYTE = 1024 * 1024
Code = grpc.StatusCode


def test_an_action_answers_over_grpc_as_over_http(server: ActionServer, stub: Serve) -> None:
    @server.action
    async def order(request, responder):
        responder.reply(f"{request.intent} from {request.frame['city']}")
        responder.frame["count"] = 5

    answer = stub().act("order")
    assert answer.responses == [{"text": "greet from Oslo", **MESSAGE}]
    assert answer.events == [{"event": "slot", "timestamp": None, "name": "count", "value": 5}]
    assert type(answer.events[0]["value"]) is int


def test_an_action_sees_the_domain_as_over_http(server: ActionServer, stub: Serve) -> None:
    @native(server, "look")
    def look(call, responder):
        responder.events.append({"event": "slot", "name": "domain", "value": call.domain, "timestamp": None})

    domain = {
        "intents": ["greet", {"bye": {"use_entities": []}}],
        "actions": ["look"],
        "slots": {"a": {"n": 5}},
    }
    found = stub().act("look", domain=domain, domain_digest="d").events[0]["value"]
    assert {name: found[name] for name in domain} == domain


def test_a_domain_is_asked_for_by_the_words_that_assistants_know(server: ActionServer, stub: Serve) -> None:
    @native(server, "look")
    def look(call, responder):
        responder.responses.append({"text": "seen"})

    calls = stub()
    failure = refused(calls.act, "look", domain_digest="d1")
    details = json.loads(failure.details())
    assert failure.code() is Code.NOT_FOUND
    assert details["resource_type"] == "DOMAIN"
    assert details["action_name"] == "look"
    assert details["message"].startswith("Missing domain context")
    for assistant in ("d1", "d2"):
        calls.act("look", domain_digest=assistant, domain={"intents": [assistant]})
    for _ in range(3):
        for assistant in ("d1", "d2"):
            assert calls.act("look", domain_digest=assistant).responses[0]["text"] == "seen"


def test_failures_have_codes_and_details_that_assistants_read(
    server: ActionServer, stub: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    @server.action
    def decline(request, responder):
        raise Rejected("no thanks")

    @server.action
    def fail(request, responder):
        raise RuntimeError("password=hunter2")

    calls = stub()
    failure = refused(calls.act, "decline")
    assert failure.code() is Code.INTERNAL
    assert json.loads(failure.details()) == {"action_name": "decline", "message": "no thanks"}
    failure = refused(calls.act, "nobody")
    assert failure.code() is Code.NOT_FOUND
    assert json.loads(failure.details()) == {
        "action_name": "nobody",
        "message": "No registered action found for name 'nobody'.",
        "resource_type": "ACTION",
    }
    failure = refused(calls.act, "fail")
    assert failure.code() is Code.INTERNAL
    assert "hunter2" not in failure.details()
    assert "RuntimeError" not in failure.details()
    assert "hunter2" in caplog.text
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(failure.details())  # nobody takes it for an action that declines


def test_a_message_that_is_no_call_is_an_invalid_argument(stub: Serve) -> None:
    calls = stub()
    assert refused(calls.act, None).code() is Code.INVALID_ARGUMENT
    raw = calls.channel.unary_unary(f"/{proto.SERVICE}/Webhook")
    assert refused(raw, b"\xff\xff", timeout=PATIENCE).code() is Code.INVALID_ARGUMENT
    assert refused(raw, b"", timeout=PATIENCE).code() is Code.INVALID_ARGUMENT
    ack = calls.channel.unary_unary(f"/{proto.SERVICE}/AckStreamChunks")
    assert refused(ack, b"\xff\xff", timeout=PATIENCE).code() is Code.INVALID_ARGUMENT
    nowhere = calls.channel.unary_unary(f"/{proto.SERVICE}/Nowhere")
    assert refused(nowhere, b"", timeout=PATIENCE).code() is Code.UNIMPLEMENTED


def test_the_actions_are_listed(server: ActionServer, stub: Serve) -> None:
    for name in ("one", "two"):
        server.action(name)(lambda request, responder: None)
    listed = stub().actions(proto.ActionsRequest(), timeout=PATIENCE)
    assert proto.action_names_of_message(listed) == ["one", "two"]


@pytest.mark.parametrize("name", ["", "ActionServer", "action_server_webhook.ActionService"])
def test_it_is_healthy_by_all_its_names(stub: Serve, name: str) -> None:
    health = health_pb2_grpc.HealthStub(stub().channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_callers_show_what_the_guards_ask_for(connect: Connect) -> None:
    server = ActionServer(drain=0, guards=[BearerTokens("token-1")])
    server.action("hello")(lambda request, responder: responder.reply("hello"))
    with server.in_thread(grpc_port=0) as running:
        calls = connect(running.grpc_url)
        health = health_pb2_grpc.HealthStub(calls.channel)
        assert health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)  # open to all
        for call, message in (
            (calls.webhook, request_of("hello")),
            (calls.webhook_stream, request_of("hello")),
            (calls.ack, proto.StreamChunkAck(response_id="x")),
            (calls.actions, proto.ActionsRequest()),
        ):
            assert refused(call, message, timeout=PATIENCE).code() is Code.UNAUTHENTICATED
            bad = [("authorization", "Bearer other")]
            assert refused(call, message, timeout=PATIENCE, metadata=bad).code() is Code.UNAUTHENTICATED
        admitted = [("authorization", "Bearer token-1")]
        assert calls.act("hello", metadata=admitted).responses[0]["text"] == "hello"


def test_a_fault_of_ours_is_not_told_either(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def admit_head(self, headers):
            raise RuntimeError("hunter2")

    server = ActionServer(drain=0, guards=[Broken()])
    with server.in_thread(grpc_port=0) as running:
        failure = refused(connect(running.grpc_url).act, "hello")
    assert failure.code() is Code.INTERNAL
    assert "hunter2" not in failure.details()
    assert "hunter2" in caplog.text


def test_without_grpcio_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['grpc'] = None\n"
        "from mm_actions.server import ActionServer\n"
        "ActionServer(rasa=True).asgi\n"
        "ActionServer().in_thread(grpc_port=0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip().endswith("serving gRPC needs grpcio: pip install 'mm_actions[grpc]'")


def test_a_long_conversation_arrives_whole_and_a_longer_one_is_refused(connect: Connect) -> None:
    server = ActionServer(drain=0, max_body=8 * MEBIBYTE)

    @native(server, "count")
    def count(call, responder):
        responder.responses.append({"text": str(len(call.tracker["events"]))})

    with server.in_thread(grpc_port=0) as running:
        calls = connect(running.grpc_url)
        turns = [{"event": "user", "text": "x" * 1000}] * 5000  # more than 4 MiB, gRPC's own limit
        tracker = {"sender_id": "u", "events": turns}
        assert calls.act("count", tracker=tracker, domain={}).responses[0]["text"] == "5000"
        tracker["events"] = turns * 2
        assert refused(calls.act, "count", tracker=tracker).code() is Code.RESOURCE_EXHAUSTED


def test_a_compressed_bomb_is_refused_at_little_memory(server: ActionServer, stub: Serve) -> None:
    calls = stub()
    raw = calls.channel.unary_unary(f"/{proto.SERVICE}/Webhook")
    bomb = bytes(100 * MEBIBYTE)
    tracemalloc.start()
    try:
        failure = refused(raw, bomb, timeout=PATIENCE, compression=grpc.Compression.Gzip)
        assert tracemalloc.get_traced_memory()[1] < 64 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert failure.code() is Code.RESOURCE_EXHAUSTED


def test_the_callers_deadline_is_the_actions_deadline(server: ActionServer, stub: Serve) -> None:
    ended = threading.Event()

    @server.action
    async def hang(request, responder):
        try:
            await until(lambda: False)
        finally:
            ended.set()

    assert refused(stub().act, "hang", timeout=0.2).code() is Code.DEADLINE_EXCEEDED
    assert ended.wait(PATIENCE)


def test_an_action_ends_its_work_though_its_caller_has_left(
    server: ActionServer, stub: Serve, gate: threading.Event
) -> None:
    started, ended = threading.Event(), threading.Event()

    @server.action
    async def work(request, responder):
        started.set()
        await until(gate.is_set)
        ended.set()

    calls = stub()
    call = calls.webhook.future(request_of("work"))
    assert started.wait(PATIENCE)
    call.cancel()
    calls.actions(proto.ActionsRequest(), timeout=PATIENCE)  # by now the server has seen it
    gate.set()
    assert ended.wait(PATIENCE)


def test_a_blocking_action_keeps_nobody_else_waiting(
    server: ActionServer, stub: Serve, gate: threading.Event
) -> None:
    started = threading.Event()

    @server.action
    def block(request, responder):
        started.set()
        assert gate.wait(PATIENCE)

    calls = stub()
    call = calls.webhook.future(request_of("block"), timeout=PATIENCE)
    assert started.wait(PATIENCE)
    calls.actions(proto.ActionsRequest(), timeout=PATIENCE)
    assert not call.done()
    gate.set()
    assert call.result(PATIENCE) is not None


def test_more_calls_than_there_is_room_for_are_refused_at_once(
    connect: Connect, gate: threading.Event
) -> None:
    server = ActionServer(drain=0, concurrency=1)
    started = threading.Event()

    @server.action
    def block(request, responder):
        started.set()
        assert gate.wait(PATIENCE)

    with server.in_thread(grpc_port=0) as running:
        calls = connect(running.grpc_url)
        call = calls.webhook.future(request_of("block"), timeout=PATIENCE)
        assert started.wait(PATIENCE)
        assert refused(calls.act, "block").code() is Code.UNAVAILABLE
        gate.set()
        assert call.result(PATIENCE) is not None


def test_calls_are_watched_like_those_over_http(server: ActionServer, stub: Serve) -> None:
    seen: list[tuple[Any, ...]] = []
    ended = threading.Semaphore(0)

    class Watching:
        def begin(self, watched):
            def end():
                seen.append((watched.route.rpartition("/")[2], watched.action, watched.status))
                assert watched.request_bytes > 0
                ended.release()

            return end

    server.action("hello")(lambda request, responder: responder.reply("hello"))
    watching = Watching()
    exchange.install(watching)
    try:
        calls = stub()
        calls.act("hello")
        assert ended.acquire(timeout=PATIENCE)
        refused(calls.act, "nobody")
        assert ended.acquire(timeout=PATIENCE)
        list(calls.stream("hello"))
        assert ended.acquire(timeout=PATIENCE)
    finally:
        exchange.remove(watching)
    assert seen == [("Webhook", "hello", 200), ("Webhook", None, 404), ("WebhookStream", "hello", 200)]
