"""What goes wrong between us and a gRPC server, and what a request carries."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import grpc
import pytest

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.dialects.rasa.proto import response_message
from mm_actions.dialects.rasa.wire import RasaAnswer
from mm_actions.errors import (
    ActionNotFound,
    BadPayload,
    ConfigurationError,
    DomainMissing,
    InProgress,
    NotAuthorized,
    RequestRefused,
    SchemaMismatch,
    Sent,
    ServerFailed,
    ServerUnavailable,
    TooManyRequests,
)
from mm_actions.testing import Answer, Close, Hang, Reset, Send, Wait
from transports.grpc.scripted import NOTHING, status

TURN = Request(text="hi", context={"sender_id": "u1"})
Code = grpc.StatusCode
MISSING = '{"action_name": "a", "message": "Missing domain context", "resource_type": "DOMAIN"}'
SETTINGS = Send(b"\0\0\0\4\0\0\0\0\0")
"""The frame by which a server of HTTP/2 begins (RFC 9113, 6.5)."""


def url_of(server):
    return f"grpc://127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.UNAUTHENTICATED, NotAuthorized),
        (Code.PERMISSION_DENIED, NotAuthorized),
        (Code.INVALID_ARGUMENT, RequestRefused),
        (Code.FAILED_PRECONDITION, RequestRefused),
        (Code.NOT_FOUND, ActionNotFound),
        (Code.ABORTED, InProgress),
        (Code.RESOURCE_EXHAUSTED, TooManyRequests),
        (Code.UNAVAILABLE, ServerUnavailable),
        (Code.UNKNOWN, ServerFailed),
        (Code.INTERNAL, ServerFailed),
    ],
)
def test_a_status_is_one_typed_error_that_does_not_repeat_the_servers_text(invoke, serve, code, error):
    server = serve(webhook=status(code))
    result = invoke("action_hello", {"url": server.url, "retries": 0}, TURN)
    assert isinstance(result.error, error)
    assert result.error.sent is Sent.YES
    assert code.name in str(result.error) or code is Code.NOT_FOUND
    assert "hunter2" not in str(result.error)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"\xff\xff\xff", BadPayload),
        (b"\x0a\x03\xff\xff\xff", BadPayload),
        (response_message(RasaAnswer(events=[{"name": "no type"}])).SerializeToString(), SchemaMismatch),
        (
            response_message(RasaAnswer(events=[{"event": "slot", "value": 1}])).SerializeToString(),
            SchemaMismatch,
        ),
    ],
)
def test_an_answer_that_is_none_is_refused_and_nothing_is_merged(invoke, serve, body, error):
    server = serve(webhook=lambda _context, _number: body)
    responder = DialogueResponder(frame={"a": 1})
    result = invoke("action_hello", {"url": server.url}, TURN, responder)
    assert type(result.error) is error
    assert (responder.frame, responder.directives, responder.slots) == ({"a": 1}, [], {})


def test_the_domain_is_named_first_and_sent_once_when_it_is_asked_for(invoke, serve, tmp_path):
    domain = tmp_path / "domain.yml"
    domain.write_text("intents: [greet, {inform: {use_entities: []}}]\n")

    def webhook(context, number):
        return status(Code.NOT_FOUND, MISSING)(context, number) if number == 1 else NOTHING

    server = serve(webhook=webhook)
    assert invoke("action_hello", {"url": server.url, "rasa": {"domain": str(domain)}}, TURN).attempts == 1
    first, second = server.requests
    assert (first.HasField("domain"), second.HasField("domain")) == (False, True)
    assert first.domain_digest == second.domain_digest
    assert [intent.string_value for intent in second.domain.intents] == ["greet", ""]
    assert second.domain.intents[1].dict_value


def test_a_server_that_asks_for_the_domain_twice_is_not_sent_it_twice(invoke, serve):
    server = serve(webhook=status(Code.NOT_FOUND, MISSING))
    result = invoke("action_hello", {"url": server.url}, TURN)
    assert type(result.error) is DomainMissing
    assert len(server.requests) == 2


def test_headers_credentials_token_and_trace_are_metadata(invoke, serve):
    server = serve(webhook=lambda _context, _number: NOTHING)
    settings = {
        "url": server.url,
        "headers": {"X-Tenant": "acme"},
        "auth": {"bearer": "t0k"},
        "rasa": {"token": "secret", "token_name": "Token"},
        "idempotent": True,
    }
    result = invoke("action_hello", settings, TURN)
    (metadata,) = server.metadata
    assert (metadata["x-tenant"], metadata["authorization"]) == ("acme", "Bearer t0k")
    assert metadata["token"] == "secret"
    assert metadata["traceparent"].split("-")[1] == result.trace_id
    assert metadata["idempotency-key"]


def test_an_answer_over_the_limit_is_refused_even_if_it_came_compressed(invoke, serve):
    big = response_message(RasaAnswer(responses=[{"text": "x" * 1_000_000}])).SerializeToString()

    def webhook(context, _number):
        context.set_compression(grpc.Compression.Gzip)
        return big

    server = serve(webhook=webhook)
    result = invoke("action_hello", {"url": server.url, "max_response_bytes": 100_000}, TURN)
    assert (result.kind, result.error.sent) == ("answer-too-large", Sent.YES)


def test_a_turn_that_the_server_finds_too_large_is_refused_with_advice(invoke, serve):
    server = serve(webhook=lambda _context, _number: NOTHING)
    responder = DialogueResponder(frame={"much": "x" * 5_000_000})
    result = invoke("action_hello", {"url": server.url}, TURN, responder)
    assert type(result.error) is RequestRefused
    assert "rasa.send" in str(result.error)


def test_a_server_that_is_not_there_was_not_sent_anything(invoke, mm_fault_server):
    server = mm_fault_server(Hang())
    url = url_of(server)
    server.close()
    result = invoke("action_hello", {"url": url}, TURN)
    assert (result.kind, result.error.sent) == ("connect-failed", Sent.NO)
    assert "connection refused" in str(result.error)


@pytest.mark.parametrize(
    ("steps", "kind", "sent"),
    [
        ([Hang()], "connect-timeout", Sent.NO),
        ([Close()], "connect-failed", Sent.NO),
        ([Send(Answer(400).wire()), Wait(1), Close()], "connect-failed", Sent.NO),
        ([SETTINGS, Hang()], "deadline-exceeded", Sent.MAYBE),
        ([SETTINGS, Wait(0.2), Reset()], "connection-lost", Sent.MAYBE),
        ([SETTINGS, Wait(0.2), Close()], "connection-lost", Sent.MAYBE),
        ([SETTINGS, Wait(0.2), Send(b"garbage" * 99), Wait(1)], "bad-answer", Sent.YES),
    ],
)
def test_a_broken_connection_says_how_far_the_request_came(invoke, mm_fault_server, steps, kind, sent):
    server = mm_fault_server(Hang(), on_connect=steps)
    started = time.monotonic()
    settings = {"url": url_of(server), "timeout": 1, "connect_timeout": 0.3, "retries": 0}
    result = invoke("action_hello", settings, TURN)
    assert (result.kind, result.error.sent) == (kind, sent)
    assert time.monotonic() - started < 4


def test_a_deadline_makes_no_claim_that_nothing_was_sent(invoke, mm_fault_server):
    server = mm_fault_server(Hang(), on_connect=Hang())
    settings = {"url": url_of(server), "timeout": 0.2, "connect_timeout": 5, "retries": 0}
    result = invoke("action_hello", settings, TURN)
    assert (result.kind, result.error.sent) == ("deadline-exceeded", Sent.MAYBE)


def test_a_name_that_does_not_exist_is_not_looked_for_again(invoke):
    result = invoke("action_hello", {"url": "grpc://no-such-host.invalid:5055"}, TURN)
    assert (result.kind, result.attempts, result.error.sent) == ("dns-failed", 1, Sent.NO)


def test_closing_everything_ends_calls_that_are_under_way_and_later_ones_work(runner, peer):
    # What sends a domain at once is one exchange: there is no moment between two of them.
    settings = {"url": peer.url, "timeout": 10, "rasa": {"send": ["slots"]}}
    action, hello = CustomAction("action_slow", settings), CustomAction("action_hello", settings)

    async def turn():
        task = asyncio.create_task(action.invoke_async(TURN, DialogueResponder()))
        assert await hello.invoke_async(TURN, DialogueResponder())
        close_endpoints()
        result = await task
        assert await hello.invoke_async(TURN, DialogueResponder())
        return result

    result = runner.run(turn())
    assert result.kind in {"connection-lost", "deadline-exceeded"}
    assert result.elapsed < 5


def test_a_cancelled_task_ends_its_call_at_the_server(runner, serve):
    begun, ended = threading.Event(), threading.Event()

    def webhook(context, _number):
        context.add_callback(ended.set)
        begun.set()
        ended.wait(10)
        return NOTHING

    server = serve(webhook=webhook)

    async def turn():
        action = CustomAction("action_hello", {"url": server.url, "timeout": 30})
        task = asyncio.create_task(action.invoke_async(TURN, DialogueResponder()))
        assert await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(ended.wait, 5)

    assert runner.run(turn())


def test_each_event_loop_has_its_own_channel_and_threads_may_call_meanwhile(peer):
    action = CustomAction("action_hello", {"url": peer.url})

    async def several():
        results = await asyncio.gather(
            *(action.invoke_async(TURN, DialogueResponder()) for _ in range(10)),
            asyncio.to_thread(action.invoke, TURN, DialogueResponder()),
        )
        return all(results)

    assert asyncio.run(several())
    assert asyncio.run(several())


def test_a_replaced_certificate_is_used_by_the_next_call(authority, tmp_path):
    from mm_actions.config import load_config
    from mm_actions.transports.grpc.channels import Channels

    file = tmp_path / "ca.pem"
    file.write_bytes(authority.certificate.read_bytes())
    settings = load_config({"url": "grpcs://127.0.0.1:5055", "cert": str(file)}).servers["default"]
    channels = Channels(settings)
    before = channels.blocking()
    assert channels.blocking() is before
    file.write_bytes(authority.certificate.read_bytes() + b"\n")
    channels._tls._next_look = 0.0
    assert channels.blocking() is not before
    channels.close()


FORKING = """
import asyncio, os, signal, sys
from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.errors import ConfigurationError

action = CustomAction("action_hello", {"url": sys.argv[1], "timeout": 5})

def blocking():
    return bool(action.invoke(Request(), DialogueResponder()))

def on_loop(loop):
    try:
        return bool(loop.run_until_complete(action.invoke_async(Request(), DialogueResponder())))
    except ConfigurationError as error:
        return "spawn" in str(error)

loop = asyncio.new_event_loop()
assert blocking()
assert on_loop(loop)
if sys.argv[2] == "closed":
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
child = os.fork()
if not child:
    signal.alarm(20)  # which the child of a process that is killed would not be
    os._exit(0 if blocking() and on_loop(asyncio.new_event_loop()) else 1)
assert os.waitpid(child, 0)[1] == 0
assert blocking()
"""


@pytest.mark.parametrize("loop", ["closed", "open"])
def test_a_forked_child_calls_over_channels_of_its_own_or_says_why_it_cannot(peer, loop):
    command = [sys.executable, "-c", FORKING, peer.url, loop]
    assert subprocess.run(command, timeout=40, check=False).returncode == 0


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"proxy": "http://127.0.0.1:3128"}, "proxy"),
        ({"verify": False, "insecure_dev": True}, "verify"),
        ({"headers": {"grpc-timeout": "1"}}, "grpc-timeout"),
        ({"headers": {"X-Name": "é"}}, "X-Name"),
        ({"url": "grpc://127.0.0.1:5055/webhook"}, "path"),
    ],
)
def test_what_grpc_cannot_do_is_said_before_the_first_call(settings, word):
    with pytest.raises(ConfigurationError, match=word):
        CustomAction("action_hello", {"url": "grpc://127.0.0.1:5055", **settings})
