"""Whatever goes wrong with a stream is one typed error, and the responder is what it was."""

import asyncio
import gzip

import pytest

from mm_actions import close_endpoints
from mm_actions.contract.events import ROOM
from mm_actions.errors import (
    ActionNotFound,
    AnswerTooLarge,
    BadContentType,
    BadPayload,
    BadStatus,
    ConnectionLost,
    CorrelationMismatch,
    NotAuthorized,
    PayloadTooDeep,
    Redirected,
    RequestRefused,
    ResponseAborted,
    SchemaMismatch,
    Sent,
    ServerFailed,
    ServerUnavailable,
)
from mm_actions.testing import Answer, Close, FaultServer, Reset, Send
from transports.http.stream_bench import (
    ANSWER,
    LAST_CHUNK,
    NDJSON,
    RESULT,
    Caller,
    begun,
    callers,
    chunk,
    head,
    in_flight,
    line,
    shows,
    whole,
)

UNKNOWN = {"type": "urn:mm-actions:problem:unknown-action", "status": 404, "title": "no"}
PROBLEM = {"Content-Type": "application/problem+json"}
LIMIT = 4096


@pytest.fixture(params=list(callers()), ids="-".join)
def caller(request):
    with asyncio.Runner() as runner:
        yield Caller(*request.param, runner)
        close_endpoints()


def said(status, **members):
    return line("error", problem={"status": status, "title": "no", **members})


FAILURES = {
    "ends without a last event": (whole(shows()), ResponseAborted),
    "ends before anything": (whole(), ResponseAborted),
    "cut between lines": ([begun(line("ping")), Close()], ResponseAborted),
    "cut within a line": ([Send(head() + chunk(RESULT[:20])), Close()], ResponseAborted),
    "cut within a chunk": ([Send(head() + chunk(RESULT)[:30]), Close()], ResponseAborted),
    "cut after the result but before the end": ([begun(RESULT), Close()], ResponseAborted),
    "reset": ([begun(line("ping")), Reset()], ResponseAborted),
    "cut before the answer": ([Close()], ConnectionLost),
    "cut within the head": ([Send(head()[:30]), Close()], ResponseAborted),
    "not JSON": (whole(b"{nonsense}\n", RESULT), BadPayload),
    "not UTF-8": (whole(b'{"event": "ping", "x": "\xff"}\n', RESULT), BadPayload),
    "not a number that JSON has": (whole(b'{"event": "ping", "x": NaN}\n', RESULT), BadPayload),
    "not an object": (whole(b"[]\n", RESULT), SchemaMismatch),
    "an event without a kind": (whole(b"{}\n", RESULT), SchemaMismatch),
    "a directive that is missing": (whole(line("directive"), RESULT), SchemaMismatch),
    "a directive without a proper name": (whole(line("directive", directive={"name": 1})), SchemaMismatch),
    "a result without its responder": (whole(line("result")), SchemaMismatch),
    "a responder of another shape": (whole(line("result", responder={"frame": []})), SchemaMismatch),
    "a timestamp of another shape": (
        whole(line("result", responder={"params": {"timestamp": "now"}})), SchemaMismatch
    ),
    "an error without its problem": (whole(line("error")), SchemaMismatch),
    "a directive after the result": (whole(RESULT, shows()), SchemaMismatch),
    "two results": (whole(RESULT, RESULT), SchemaMismatch),
    "nested too deeply": (
        whole(b'{"event": "ping", "x": ' + b"[" * 600 + b"]" * 600 + b"}\n", RESULT), PayloadTooDeep
    ),
    "a line that is too long": (whole(shows("x" * LIMIT), RESULT), AnswerTooLarge),
    "a line without an end": (begun(*[b"x" * 512] * 10), AnswerTooLarge),
    "too many lines": (begun(*[line("ping")] * (LIMIT * ROOM // 12)), AnswerTooLarge),
    "not NDJSON": (Answer(json=ANSWER), BadContentType),
    "not UTF-8 by its own account": (
        Send(head(content_type="application/x-ndjson; charset=utf-16") + LAST_CHUNK), BadContentType
    ),
    "compressed without being asked": (
        Send(head("Content-Encoding: gzip") + chunk(gzip.compress(RESULT)) + LAST_CHUNK), BadContentType
    ),
    "the answer to another call": (
        Send(head("X-MM-Call-Id: 00") + chunk(RESULT) + LAST_CHUNK), CorrelationMismatch
    ),
    "a redirect": (Answer(307, headers={"Location": "/elsewhere"}), Redirected),
    "a partial answer": (Answer(206, body=RESULT, headers={"Content-Type": NDJSON}), BadStatus),
    "a server that failed": (Answer(500, json={"title": "no"}, headers=PROBLEM), ServerFailed),
    "no credentials": (Answer(401), NotAuthorized),
    "an unknown action": (Answer(404, json=UNKNOWN, headers=PROBLEM), ActionNotFound),
    "a failure that is too long": (Answer(500, body=b"x" * (LIMIT + 1)), AnswerTooLarge),
    "an error event": (whole(said(422)), RequestRefused),
    "an error event that is temporary": (whole(said(503)), ServerUnavailable),
    "an error event for an unknown action": (whole(line("error", problem=UNKNOWN)), ActionNotFound),
    "an error event without a status": (whole(line("error", problem={"title": "no"})), ServerFailed),
    "an error event with the status of a success": (whole(said(200)), ServerFailed),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAILURES)
def test_a_fault_is_one_typed_error_and_changes_nothing(caller, caplog, fault):
    script, error = FAILURES[fault]
    with FaultServer(script) as server:
        action = caller.action(server.url, max_response_bytes=LIMIT, timeout=8)
        taken = caller.take(action)
        posts = [request for request in server.requests if request.method == "POST"]
        close_endpoints()  # the connection of an answer that was whole is kept
        server.wait_until_deserted()
    assert type(taken.result.error) is error, taken.result.error
    assert taken.result.error.sent is (Sent.MAYBE if error is ConnectionLost else Sent.YES)
    assert (taken.unchanged, len(posts), in_flight(action)) == (True, 1, 0)
    assert len([record for record in caplog.records if record.name == "mm_actions.call"]) == 1


def test_the_message_names_the_line(caller):
    with FaultServer(whole(line("ping"), shows(), b"nonsense\n")) as server:
        taken = caller.take(caller.action(server.url))
    assert "line 3 of the stream: not valid JSON" in str(taken.result.error)


def test_the_account_of_an_error_event_is_there_to_read(caller):
    with FaultServer(whole(said(422, detail="no milk"))) as server:
        error = caller.take(caller.action(server.url)).result.error
    assert (error.status, error.problem.detail) == (422, "no milk")
    assert "no milk" not in str(error)


def test_two_members_of_one_name_are_refused_where_that_is_asked_for(caller):
    twice = b'{"event": "result", "responder": {"frame": {"a": 1, "a": 2}}}\n'
    with FaultServer(whole(twice)) as server:
        assert caller.take(caller.action(server.url)).result
        assert caller.take(caller.action(server.url, strict=True)).result.kind == "bad-payload"


def test_nobody_there_is_what_it_is_for_a_call(caller):
    with FaultServer() as server:
        url = server.url
        server.refuse()
        taken = caller.take(caller.action(url))
    assert (taken.result.kind, taken.result.attempts, taken.result.error.sent) == (
        "connect-failed",
        2,
        Sent.NO,
    )
