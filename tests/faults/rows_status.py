"""Rows P and D: what a server says of itself, and calls that are repeated or doubled."""

import asyncio
import threading

import pytest

from faults.bench import CANARY, GOOD, GRACE, Bench, settle
from faults.table import row
from mm_actions import DialogueResponder, Request
from mm_actions.errors import (
    ActionNotFound,
    CircuitOpen,
    ConfigurationError,
    ConnectionLost,
    EndpointGone,
    InProgress,
    NotAuthorized,
    RequestRefused,
    Sent,
    ServerFailed,
    ServerUnavailable,
    TooManyRequests,
)
from mm_actions.testing import (
    Answer,
    Close,
    Do,
    Gate,
    Hang,
    InOrder,
    LedgerHandler,
    ReadRequest,
    Reset,
    Wait,
    WaitFor,
)

PROBLEM = {"Content-Type": "application/problem+json"}


@row("P1", "429 or 503 with a `Retry-After` that fits", "waits as told, and is tried again")
def retry_after_fits(bench: Bench) -> None:
    busy = (Answer(status, json={}, headers={"Retry-After": "1"}) for status in (429, 503))
    servers = [bench.serve(InOrder(answer, then=GOOD)) for answer in busy]
    for outcome in bench.invoke_at_once([bench.action(server.url) for server in servers]):
        bench.check_success(outcome)
        assert outcome.elapsed >= 1
        assert outcome.result.attempts == 2


@row("P1a", "429 or 503 with a `Retry-After` beyond the deadline", "fails at once, and carries the seconds")
def retry_after_does_not_fit(bench: Bench) -> None:
    for status, error in ((429, TooManyRequests), (503, ServerUnavailable)):
        server = bench.serve(Answer(status, json={}, headers={"Retry-After": "99999"}))
        outcome = bench.fails(bench.action(server.url), error, sent=Sent.YES, within=0)
        assert outcome.error.retry_after == 99999
        assert server.request_count == 1


@row("P1b", "a `Retry-After` that is garbage", "ignored: 503 is not tried again without a key")
def retry_after_garbage(bench: Bench) -> None:
    for value in ("soon", "-5", "1.5", ""):
        server = bench.serve(Answer(503, json={}, headers={"Retry-After": value}))
        outcome = bench.fails(bench.action(server.url), ServerUnavailable, sent=Sent.YES)
        assert outcome.error.retry_after is None
        assert server.request_count == 1


@row("P2", "`RateLimit` headers that are garbage", "ignored")
def rate_limit_garbage(bench: Bench) -> None:
    headers = {"RateLimit": "\u00e9;;;=", "RateLimit-Policy": '"x";q=;w'}
    bench.succeeds(bench.action(bench.serve(Answer(json=GOOD.json, headers=headers)).url))


@row("P3", "every second answer is 500, with keys", "most calls succeed; at most 1.2 requests a call and 3")
def flapping(bench: Bench) -> None:
    server = bench.serve(lambda _request, number: Answer(500, json={}) if number % 2 else GOOD)
    figures = {"retry": {"base": 0.001}, "breaker": {"calls": 1000}}
    action = bench.action(server.url, idempotent=True, resilience=figures)
    results = [bool(bench.invoke(action).result) for _ in range(20)]
    assert sum(results) >= 10
    assert server.request_count <= 20 * 1.2 + 3


@row("P4", "every answer is 500", "the circuit opens after 5; then nothing is sent")
def outage(bench: Bench) -> None:
    server = bench.serve(Answer(500, json={}))
    action = bench.action(server.url)
    for _ in range(5):
        bench.fails(action, ServerFailed, sent=Sent.YES)
    bench.fails(action, CircuitOpen, sent=Sent.NO, within=0)
    assert server.request_count == 5


@row("P5", "400, 401, 403, 413, 415, 422", "one typed error, not tried again; the circuit stays closed")
def refusals(bench: Bench) -> None:
    for status, error in (
        (400, RequestRefused), (401, NotAuthorized), (403, NotAuthorized), (413, RequestRefused),
        (415, RequestRefused), (422, RequestRefused),
    ):  # fmt: skip
        server = bench.serve(Answer(status, json={"title": CANARY}, headers=PROBLEM))
        action = bench.action(server.url, idempotent=True)
        for _ in range(6):
            outcome = bench.fails(action, error, sent=Sent.YES)
        assert outcome.error.problem.title == CANARY
        assert server.request_count == 6


@row("P5a", "404", "`action-not-found`, with the nearest names of the server's catalogue")
def unknown_action(bench: Bench) -> None:
    def serve(request: object, _number: int) -> Answer:
        if request.method == "GET":  # type: ignore[attr-defined]
            return Answer(json={"actions": [{"name": "greet_user"}]})
        return Answer(404, json={}, headers=PROBLEM)

    server = bench.serve(serve)
    outcome = bench.fails(bench.action(server.url), ActionNotFound, sent=Sent.YES)
    assert "'greet_user'" in str(outcome.error)


@row(
    "P6", "409 for our own key, until it has ended", "polled within the deadline; the stored answer is merged"
)
def in_progress(bench: Bench) -> None:
    server = bench.serve(InOrder(*[Answer(409, json={}, headers=PROBLEM)] * 3, then=GOOD))
    outcome = bench.succeeds(bench.action(server.url, idempotent=True))
    assert outcome.result.attempts == 4


@row("P6a", "409 until the deadline", "`in-progress`")
def in_progress_forever(bench: Bench) -> None:
    server = bench.serve(Answer(409, json={}, headers=PROBLEM))
    bench.fails(bench.action(server.url, idempotent=True, timeout=0.3), InProgress, sent=Sent.YES)


@row("P7", "`X-MM-Should-Retry: false`", "obeyed, also with a key")
def told_not_to(bench: Bench) -> None:
    server = bench.serve(Answer(503, json={}, headers={"X-MM-Should-Retry": "false", "Retry-After": "0"}))
    bench.fails(bench.action(server.url, idempotent=True), ServerUnavailable, sent=Sent.YES)
    assert server.request_count == 1


@row("P8", "410", "`endpoint-gone`; nothing is sent there any more, and the log says so")
def gone(bench: Bench) -> None:
    server = bench.serve(Answer(410, json={}))
    action = bench.action(server.url)
    bench.fails(action, EndpointGone, sent=Sent.YES)
    bench.fails(action, CircuitOpen, sent=Sent.NO)
    assert server.request_count == 1


@row(
    "D1",
    "the answer is lost after the work was done, with a key",
    "tried again; done once; the answer is merged",
)
def lost_answer(bench: Bench) -> None:
    for fault in (Reset(), Close()):
        handler = LedgerHandler(
            GOOD, deliver=lambda _r, answer, asked, fault=fault: fault if asked == 1 else answer
        )
        action = bench.action(bench.serve(handler).url, idempotent=True)
        for _ in range(3):
            bench.succeeds(action)
        assert list(handler.executions.values()) == [1, 1, 1]


@row("D1a", "the answer is lost after the work was done, without a key", "not tried again; done once")
def lost_answer_without_key(bench: Bench) -> None:
    handler = LedgerHandler(GOOD, deliver=lambda _request, _answer, _asked: Reset())
    outcome = bench.invoke(bench.action(bench.serve(handler).url))
    assert outcome.error.sent is not Sent.NO
    assert handler.executions == {"": 1}


@row("D2", "the same turn 20 times at once, with its id", "done once; every caller has the answer", once=True)
def same_turn(bench: Bench) -> None:
    gate = Gate()
    handler = LedgerHandler(GOOD, takes=gate)
    server = bench.serve(handler)
    action = bench.action(server.url, idempotent=True)
    request = Request(text="hi", request_id="turn-1")
    threading.Timer(0.1, gate.open).start()
    results = bench.run_many([lambda: action.invoke(request, DialogueResponder())] * 20)
    assert all(results), [str(result.error) for result in results if not result]
    assert list(handler.executions.values()) == [1]


@row("D3", "a key that stands for another body", "`request-refused` (422), not tried again")
def other_body(bench: Bench) -> None:
    handler = LedgerHandler(GOOD)
    server = bench.serve(handler)
    action = bench.action(server.url, idempotent=True)
    bench.invoke(action, Request(text="one", request_id="turn-1"))
    outcome = bench.invoke(action, Request(text="two", request_id="turn-1"))
    assert isinstance(outcome.error, RequestRefused)
    assert outcome.error.status == 422


@row(
    "D8",
    "the first attempt's answer never comes, with `hedge_after`",
    "a second one goes out with the same key and brings it; the first is called off; done once",
)
def hedged(bench: Bench) -> None:
    handler = LedgerHandler(GOOD, deliver=lambda _r, answer, asked: Hang() if asked == 1 else answer)
    server = bench.serve(handler)
    action = bench.action(server.url, idempotent=True, hedge_after=0.05)
    outcome = bench.succeeds(action)
    assert outcome.result.attempts == server.request_count >= 2
    assert 0.05 <= outcome.elapsed < 0.05 + GRACE
    assert {request.idempotency_key for request in server.requests} == {*handler.executions}
    assert [*handler.executions.values()] == [1]
    settle(lambda: server.open_connections == 1)  # the second one's, which is kept
    assert action._endpoint.guard.bulkhead.in_flight == 0
    if not bench.sync:
        assert asyncio.all_tasks(bench.runner.get_loop()) == set()


@row(
    "D8a",
    "the first attempt answers while the second is under way",
    "its answer is merged; the second is called off; done once",
)
def overtaken(bench: Bench) -> None:
    gate = Gate()
    handler = LedgerHandler(GOOD, takes=gate)
    server = bench.serve(handler)
    waiter = threading.Thread(target=lambda: (server.wait_for_requests(2), gate.open()))
    waiter.start()
    outcome = bench.succeeds(bench.action(server.url, idempotent=True, hedge_after=0.05))
    waiter.join()
    assert outcome.result.attempts >= 2  # while the first is under way, the second is told to come back (409)
    assert [*handler.executions.values()] == [1]


@row("D8b", "both attempts fail", "the error of the one that failed first")
def both_fail(bench: Bench) -> None:
    gate = Gate()
    first = (ReadRequest(), WaitFor(gate), Reset())
    second = (ReadRequest(), Do(gate.open), Wait(0.1), Answer(500, json={}))
    server = bench.serve(InOrder(first, second))
    action = bench.action(server.url, idempotent=True, hedge_after=0.05)
    outcome = bench.fails(action, ConnectionLost, sent=Sent.MAYBE)
    assert (outcome.result.attempts, server.request_count) == (2, 2)


@row(
    "D8c",
    "the first attempt is slow, and the retry budget is spent or another attempt may not be in flight",
    "no second one goes out",
)
def not_hedged(bench: Bench) -> None:
    server = bench.serve((Wait(0.15), GOOD))
    for figures in ({"budget": {"ratio": 0, "reserve": 0}}, {"bulkhead": {"limit": 1}}):
        action = bench.action(server.url, idempotent=True, hedge_after=0.05, resilience=figures)
        assert bench.succeeds(action).result.attempts == 1
    assert server.request_count == 2
    with pytest.raises(ConfigurationError, match="idempotent"):
        bench.action(server.url, hedge_after=0.05)
