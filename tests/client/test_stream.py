"""Directives one by one, over real sockets: every engine in both colours."""

import asyncio
import logging
from copy import deepcopy
from threading import Event

import pytest

from mm_actions import DialogueResponder, Request, close_endpoints, observing
from mm_actions.errors import DeadlineExceeded, RequestRefused, ResponseAborted, Sent
from mm_actions.resilience import Deadline
from mm_actions.testing import (
    Answer,
    CertificateAuthority,
    Close,
    Dribble,
    FaultServer,
    Gate,
    Hang,
    InOrder,
    Send,
    WaitFor,
)
from transports.http.stream_bench import (
    ANSWER,
    LAST_CHUNK,
    NDJSON,
    PATIENCE,
    RESULT,
    Caller,
    begun,
    callers,
    chunk,
    directive,
    goes_on,
    head,
    in_flight,
    line,
    settled,
    shows,
    whole,
)


@pytest.fixture(params=list(callers()), ids="-".join)
def caller(request):
    with asyncio.Runner() as runner:
        yield Caller(*request.param, runner)
        close_endpoints()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))


def merged(before):
    return {
        **before,
        "directives": [*before["directives"], *ANSWER["directives"]],
        "frame": {**before["frame"], **ANSWER["frame"]},
    }


def test_a_directive_is_there_before_the_server_sends_the_next(caller):
    gates = [Gate(), Gate()]
    script = [
        begun(shows("one")), WaitFor(gates[0]),
        Send(chunk(shows("two"))), WaitFor(gates[1]),
        goes_on(shows("three"), RESULT),
    ]  # fmt: skip
    seen = iter([*gates, Gate()])
    with FaultServer(script) as server:
        taken = caller.take(caller.action(server.url), on_directive=lambda *_: next(seen).open())
    assert taken.directives == [directive("one"), directive("two"), directive("three")]
    assert taken.result
    assert all(gate.is_open for gate in gates)


@pytest.mark.parametrize("framing", ["length", "close"])
def test_a_directive_is_there_at_once_however_the_body_is_framed(caller, framing):
    body = shows() + RESULT
    fields = f"Content-Length: {len(body)}" if framing == "length" else "Connection: close"
    top = f"HTTP/1.1 200 OK\r\nContent-Type: {NDJSON}\r\n{fields}\r\n\r\n".encode()
    gate = Gate()
    script = [Send(top + shows()), WaitFor(gate), Send(RESULT), *([Close()] if framing == "close" else [])]
    with FaultServer(script) as server:
        taken = caller.take(caller.action(server.url), on_directive=lambda *_: gate.open())
    assert (taken.directives, taken.result.kind) == ([directive()], "ok")


def test_nothing_is_merged_before_the_end_and_then_all_of_it(caller):
    at_directives = []

    def look(_each, taken):
        at_directives.append(deepcopy(dict(taken.responder)) == taken.before)

    with FaultServer(whole(shows("one"), shows("two"), RESULT)) as server:
        taken = caller.take(caller.action(server.url), on_directive=look)
    assert at_directives == [True, True]
    assert dict(taken.responder) == merged(taken.before)


def test_the_result_says_what_it_says_of_a_call(caller):
    seen = []
    with FaultServer(whole(RESULT)) as server, observing(seen.append):
        taken = caller.take(caller.action(server.url))
    result = taken.result
    assert seen == [result]
    assert (bool(result), result.kind, result.action, result.attempts) == (True, "ok", "greet", 1)
    assert result.answer.frame == ANSWER["frame"]
    assert result.trace_id in server.requests[0].headers["traceparent"]
    assert 0 < result.elapsed < PATIENCE


def test_the_request_is_that_of_a_call_to_another_path(caller):
    with FaultServer(whole(RESULT)) as server:
        action = caller.action(server.url, idempotent=True, auth={"bearer": "token"}, timeout=4)
        caller.take(action)
        request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/action/stream")
    assert request.headers["accept"] == NDJSON
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer token"
    assert request.headers["x-mm-hops"] == "1"
    assert 3000 < int(request.headers["x-mm-timeout-ms"]) <= 4000
    assert request.headers["x-mm-call-id"] in request.headers["traceparent"]
    assert request.headers["idempotency-key"]
    assert b'"greet"' in request.body


def test_events_of_other_kinds_and_empty_lines_are_passed_over(caller):
    lines = (line("ping"), b"\n", b"\r\n", line("progress", done=3), shows(), line("ping"), RESULT, b"\n")
    with FaultServer(whole(*lines)) as server:
        taken = caller.take(caller.action(server.url))
    assert (taken.directives, taken.result.kind) == ([directive()], "ok")


def test_lines_may_be_cut_anywhere_on_their_way(caller):
    body = shows("größer".replace("ö", "\u00f6")) + RESULT.rstrip(b"\n")
    pieces = b"".join(chunk(body[at : at + 7]) for at in range(0, len(body), 7))
    with FaultServer(Send(head() + pieces + LAST_CHUNK)) as server:
        taken = caller.take(caller.action(server.url))
    assert (len(taken.directives), taken.result.kind) == (1, "ok")


def test_streams_use_one_connection_one_after_the_other(caller):
    with FaultServer(whole(shows(), RESULT)) as server:
        action = caller.action(server.url)
        assert [caller.take(action).result.kind for _ in range(3)] == ["ok"] * 3
        assert server.connections == 1


def test_a_stream_over_tls_is_checked_like_a_call(caller, certificates):
    gate = Gate()
    script = [begun(shows()), WaitFor(gate), goes_on(RESULT)]
    with FaultServer(script, ssl_context=certificates.server().server_context()) as server:
        trusting = caller.action(server.url, cert=str(certificates.server().ca))
        taken = caller.take(trusting, on_directive=lambda *_: gate.open())
        assert (taken.directives, taken.result.kind) == ([directive()], "ok")
        assert caller.take(caller.action(server.url)).result.kind == "tls-peer-untrusted"
        assert server.request_count == 1


def test_leaving_early_closes_the_connection_and_merges_nothing(caller, caplog):
    with FaultServer([begun(shows()), Hang()]) as server:
        action = caller.action(server.url)
        taken = caller.take(action, leave=True)
        server.wait_until_deserted()
        assert (taken.directives, taken.unchanged, in_flight(action)) == ([directive()], True, 0)
        with pytest.raises(RuntimeError, match="no result"):
            taken.result  # noqa: B018 - the question is what it raises
    assert caplog.records == []


def test_an_error_in_the_loop_leaves_the_stream_too(caller):
    def fail(*_):
        raise LookupError

    with FaultServer([begun(shows()), Hang()]) as server:
        action = caller.action(server.url)
        with pytest.raises(LookupError):
            caller.take(action, on_directive=fail)
        server.wait_until_deserted()
        assert in_flight(action) == 0


def test_a_stream_that_is_dropped_within_its_loop_is_closed(caller):
    async def drop(action):
        async for _ in action.stream_async(Request(text="hi"), DialogueResponder()):
            return

    with FaultServer([begun(shows()), Hang()]) as server:
        action = caller.action(server.url)
        if caller.colour == "sync":
            for _ in action.stream(Request(text="hi"), DialogueResponder()):
                break
        else:
            caller.runner.run(drop(action))
            caller.runner.run(asyncio.sleep(0))
        server.wait_until_deserted()
        assert in_flight(action) == 0


def test_the_deadline_covers_the_whole_stream(caller):
    with FaultServer([begun(shows()), Hang()]) as server:
        action = caller.action(server.url, timeout=0.3)
        taken = caller.take(action)
        server.wait_until_deserted()
    error = taken.result.error
    assert (type(error), error.sent, taken.directives) == (DeadlineExceeded, Sent.YES, [directive()])
    assert 0.25 < taken.result.elapsed < 1.3
    assert (taken.unchanged, in_flight(action)) == (True, 0)


def test_a_server_that_keeps_saying_something_does_not_put_the_deadline_off(caller):
    pings = chunk(line("ping")) * 1000
    with FaultServer([begun(shows()), Dribble(pings, chunk=8, interval=0.01)]) as server:
        taken = caller.take(caller.action(server.url, timeout=0.3))
    assert taken.result.kind == "deadline-exceeded"
    assert taken.result.elapsed < 1.3


def test_the_time_that_the_caller_takes_counts_but_is_not_held_against_the_server(caller):
    def linger(_each, taken):
        deadline = Deadline.after(0.35)
        while not deadline.expired:
            Event().wait(deadline.remaining())

    with FaultServer([begun(shows("one"), shows("two")), WaitFor(Gate())]) as server:
        action = caller.action(server.url, timeout=0.3, resilience={"breaker": {"failures": 1}})
        kinds = [caller.take(action, on_directive=linger).result.kind for _ in range(2)]
    assert kinds == ["deadline-exceeded"] * 2


def test_what_failed_before_the_first_directive_is_tried_again_by_the_rules_of_a_call(caller):
    cut = [begun(line("ping")), Close()]
    with FaultServer(InOrder(cut, then=whole(shows(), RESULT))) as server:
        taken = caller.take(caller.action(server.url, idempotent=True))
        keys = {request.headers["idempotency-key"] for request in server.requests}
    assert (taken.result.kind, taken.result.attempts, len(taken.directives)) == ("ok", 2, 1)
    assert len(keys) == 1


def test_what_may_have_run_is_not_tried_again_without_a_key(caller):
    with FaultServer(InOrder([begun(line("ping")), Close()], then=whole(RESULT))) as server:
        taken = caller.take(caller.action(server.url))
        assert server.request_count == 1
    assert taken.result.kind == "response-aborted"


def test_after_the_first_directive_nothing_is_tried_again(caller):
    shown = Gate()
    with FaultServer(InOrder([begun(shows()), WaitFor(shown), Close()], then=whole(RESULT))) as server:
        action = caller.action(server.url, idempotent=True)
        taken = caller.take(action, on_directive=lambda *_: shown.open())
        assert server.request_count == 1
    assert (type(taken.result.error), taken.result.attempts) == (ResponseAborted, 1)


def test_a_server_that_is_busy_is_asked_again_when_it_says(caller):
    busy = Answer(503, json={}, headers={"Retry-After": "0"})
    with FaultServer(InOrder(busy, then=whole(shows(), RESULT))) as server:
        taken = caller.take(caller.action(server.url))
    assert (taken.result.kind, taken.result.attempts) == ("ok", 2)


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_streams_is_named_as_such(caller, status):
    with FaultServer(Answer(status, body=b"<h1>no</h1>", headers={"Content-Type": "text/html"})) as server:
        taken = caller.take(caller.action(server.url, idempotent=True))
        assert server.request_count == 1
    error = taken.result.error
    assert (type(error), error.status) == (RequestRefused, status)
    assert "POST /action/stream" in str(error)
    assert "invoke()" in error.hint


def test_streams_that_fail_open_the_circuit_and_those_left_early_do_not(caller):
    settings = {"resilience": {"breaker": {"failures": 2}}}
    with FaultServer([begun(shows()), Hang()]) as server:
        left = caller.action(server.url, **settings)
        for _ in range(4):
            assert caller.take(left, leave=True).directives
    with FaultServer([begun(line("ping")), Close()]) as server:
        failing = caller.action(server.url, **settings)
        kinds = [caller.take(failing).result.kind for _ in range(4)]
    assert kinds == ["response-aborted", "response-aborted", "circuit-open", "circuit-open"]


def test_a_failure_is_one_line_in_the_log_without_what_was_said(caller, caplog):
    with FaultServer([begun(shows("canary")), Close()]) as server:
        taken = caller.take(caller.action(server.url))
    (record,) = caplog.records
    assert (record.name, record.levelno, record.mm_kind) == (
        "mm_actions.call", logging.WARNING, "response-aborted"
    )  # fmt: skip
    assert record.mm_trace_id == taken.result.trace_id
    assert "canary" not in caplog.text


def test_a_failure_is_raised_at_the_end_where_that_is_asked_for(caller):
    shown = Gate()
    with FaultServer([begun(shows()), WaitFor(shown), Close()]) as server:
        action = caller.action(server.url, raise_on_failure=True)
        with pytest.raises(ResponseAborted) as caught:
            caller.take(action, on_directive=lambda *_: shown.open())
        assert shown.is_open
        assert in_flight(action) == 0
    assert caught.value.action == "greet"


def test_a_slow_caller_holds_the_server_back(caller):
    count, size = 384, 64 << 10
    lines = [chunk(shows("x" * size))] * count
    script = [Send(head()), *map(Send, lines), goes_on(RESULT)]
    sent_while_waiting = []
    with FaultServer(script) as server:
        action = caller.action(server.url, timeout=30, max_response_bytes=8 << 20)

        def linger(_each, taken):
            if len(taken.directives) == 1:
                sent_while_waiting.append(settled(lambda: server.bytes_sent))

        taken = caller.take(action, on_directive=linger)
    assert (len(taken.directives), taken.result.kind) == (count, "ok")
    # What the system's own buffers take on loopback, and less than 1 MiB of ours.
    assert sent_while_waiting[0] < 14 << 20 < count * size
