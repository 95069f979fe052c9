"""Rows C: connections that do not come about, break, stall or lie idle."""

import asyncio
import socket
import threading
import time
from dataclasses import replace

from faults.bench import GOOD, GRACE, Bench, settle
from faults.kernel import without_local_ports, without_name_servers
from faults.table import row
from mm_actions import Request, close_endpoints
from mm_actions.errors import (
    BadPayload,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DeadlineExceeded,
    DnsFailed,
    RequestRefused,
    ResponseAborted,
    Sent,
    TlsFailed,
)
from mm_actions.testing import (
    Answer,
    Bandwidth,
    BlackHole,
    Close,
    Dribble,
    FaultProxy,
    Hang,
    InOrder,
    Latency,
    LedgerHandler,
    ReadBytes,
    ReadRequest,
    Reset,
    Send,
    Slicer,
    black_hole,
)

HEAD_ONLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Le"
LONG = {"frame": {"answered": True, "text": "x" * 2000}}


@row("C1", "connection refused", "`connect-failed`, not sent; tried once more")
def refused(bench: Bench) -> None:
    server = bench.serve()
    server.refuse()
    outcome = bench.fails(bench.action(server.url), ConnectFailed, sent=Sent.NO)
    assert outcome.result.attempts == 2
    server.restore()
    bench.succeeds(bench.action(server.url))


@row("C2", "no such host", "`dns-failed`, not sent; not tried again")
def no_such_host(bench: Bench) -> None:
    outcome = bench.fails(bench.action("http://nonexistent.invalid"), DnsFailed, sent=Sent.NO)
    assert outcome.result.attempts == 1


@row("C3", "the look-up of the host's name hangs", "`connect-timeout` after connect_timeout, not sent")
def look_up_hangs(bench: Bench) -> None:
    def call() -> None:
        with asyncio.Runner() as runner:  # its threads, if it has any, must be those of this thread
            own = replace(bench, runner=runner)
            for times in ({"connect_timeout": 0.2}, {"connect_timeout": 2, "timeout": 0.2}):
                action = own.action("http://hangs.invalid", retries=0, **times)
                error = ConnectTimeout if times["connect_timeout"] < 1 else DeadlineExceeded
                outcome = own.fails(action, error, sent=Sent.NO, within=0.2)
                assert outcome.elapsed >= 0.19
            began = time.monotonic()
        assert time.monotonic() - began < GRACE, "the end of the event loop waited for the look-up"
        close_endpoints()

    without_name_servers(call)
    settle(lambda: "mm_actions-resolver" not in {thread.name for thread in threading.enumerate()})


@row("C4", "the first address of a name is dead", "the next one is used")
def first_address_dead(bench: Bench) -> None:
    server = bench.serve()  # listens on 127.0.0.1 alone; localhost is ::1 as well where the machine has IPv6
    bench.succeeds(bench.action(server.url_for("localhost")))


@row("C5", "nobody answers the connection attempt", "`connect-timeout` after connect_timeout, not sent")
def black_holed(bench: Bench) -> None:
    with black_hole() as (host, port):
        action = bench.action(f"http://{host}:{port}", connect_timeout=0.2, retries=0)
        outcome = bench.fails(action, ConnectTimeout, sent=Sent.NO, within=0.2)
        assert outcome.elapsed >= 0.19


@row(
    "C6",
    "reset before the first byte of the answer",
    "`connection-lost`, maybe sent; tried again only with a key",
)
def reset_before_answer(bench: Bench) -> None:
    server = bench.serve(InOrder(Reset(), then=GOOD))
    bench.fails(bench.action(server.url), ConnectionLost, sent=Sent.MAYBE)
    assert server.request_count == 1
    server.play(InOrder(Reset(), then=GOOD))
    assert bench.succeeds(bench.action(server.url, idempotent=True)).result.attempts == 2


@row("C6a", "reset before the request is read", "`connection-lost`, maybe sent")
def reset_before_request(bench: Bench) -> None:
    server = bench.serve((ReadBytes(0), Reset()))
    bench.fails(
        bench.action(server.url, retries=0), (ConnectionLost, ConnectFailed), sent=(Sent.MAYBE, Sent.NO)
    )


@row("C6b", "closed before the first byte of the answer", "`connection-lost`, maybe sent; delivered once")
def closed_before_answer(bench: Bench) -> None:
    server = bench.serve(InOrder(GOOD, Close(), then=GOOD))
    action = bench.action(server.url)
    bench.succeeds(action)
    bench.fails(action, ConnectionLost, sent=Sent.MAYBE)
    assert server.request_count == 2, "a request on a kept connection was sent again by the library"


@row("C7", "reset within the head of the answer", "`response-aborted`, sent; nothing merged")
def reset_in_head(bench: Bench) -> None:
    server = bench.serve((ReadRequest(), Send(HEAD_ONLY), Reset()))
    bench.fails(bench.action(server.url), (ResponseAborted, ConnectionLost), sent=(Sent.YES, Sent.MAYBE))


@row("C7a", "reset within the body", "`response-aborted`, sent; nothing merged")
def reset_in_body(bench: Bench) -> None:
    answer = Answer(json=LONG)
    server = bench.serve((ReadRequest(), Send(answer.wire()[:-20]), Reset()))
    bench.fails(bench.action(server.url), (ResponseAborted, ConnectionLost), sent=(Sent.YES, Sent.MAYBE))


@row("C8", "closed within a body of announced length", "`response-aborted`, sent; nothing merged")
def closed_in_length(bench: Bench) -> None:
    server = bench.serve((ReadRequest(), Send(Answer(json=LONG).wire()[:-20]), Close()))
    bench.fails(bench.action(server.url), ResponseAborted, sent=Sent.YES)


@row("C8a", "closed before the last chunk", "`response-aborted`, sent; nothing merged")
def closed_in_chunks(bench: Bench) -> None:
    server = bench.serve((Answer(json=LONG, framing="chunked", last_chunk=False), Close()))
    bench.fails(bench.action(server.url), ResponseAborted, sent=Sent.YES)


@row("C8b", "a body that ends with the connection is cut", "refused as JSON; nothing merged")
def closed_in_delimited(bench: Bench) -> None:
    wire = Answer(json=LONG, framing="close").wire()
    server = bench.serve((ReadRequest(), Send(wire[:-20]), Close()))
    bench.fails(bench.action(server.url), BadPayload, sent=Sent.YES)


@row(
    "C9", "the peer of a kept connection vanishes", "`deadline-exceeded`; the next call uses a new connection"
)
def half_open(bench: Bench) -> None:
    server = bench.serve()
    with FaultProxy(server.host, server.port) as proxy:
        action = bench.action(proxy.url, timeout=0.3)
        bench.succeeds(action)
        hole = BlackHole()
        proxy.add(hole, None)
        bench.fails(action, DeadlineExceeded, sent=(Sent.YES, Sent.MAYBE))
        proxy.clear()
        bench.succeeds(action)
        assert proxy.connections == 2


@row("C10", "the server restarts between two calls", "the next call succeeds; nothing is sent twice")
def restarted(bench: Bench) -> None:
    server = bench.serve()
    action = bench.action(server.url, idempotent=True)
    for _ in range(20):
        bench.succeeds(action)
        server.drop_connections()
    assert max(server.ledger.values()) == 1


@row(
    "C11", "the server closes an idle connection as the next request comes", "with a key every call succeeds"
)
def idle_race(bench: Bench) -> None:
    handler = LedgerHandler(GOOD)
    server = bench.serve(handler, idle_timeout=0.02)
    # Each call may lose the race here, which is more than budget and breaker would bear with.
    figures = {"retry": {"base": 0.001}, "budget": {"ratio": 1}, "breaker": {"calls": 1000}}
    action = bench.action(server.url, idempotent=True, resilience=figures)
    pause = threading.Event()
    for _ in range(25):
        bench.succeeds(action)
        pause.wait(0.02)  # the race itself: a timer here against the timer there
    assert set(handler.executions.values()) == {1}


@row("C12", "accepts and never answers", "`deadline-exceeded` at the deadline, sent")
def hangs(bench: Bench) -> None:
    server = bench.serve(Hang())
    bench.fails(bench.action(server.url, timeout=0.3), DeadlineExceeded, sent=Sent.YES)


@row("C13", "sends its head a byte at a time", "`deadline-exceeded` at the deadline, although bytes come")
def slow_head(bench: Bench) -> None:
    server = bench.serve(Dribble(GOOD, chunk=1, interval=0.05))
    bench.fails(bench.action(server.url, timeout=0.3), DeadlineExceeded, sent=Sent.YES)


@row("C13a", "sends its body a byte at a time", "`deadline-exceeded` at the deadline, although bytes come")
def slow_body(bench: Bench) -> None:
    answer = Answer(json=LONG)
    server = bench.serve((Send(answer.head()), Dribble(answer.wire()[len(answer.head()) :], interval=0.05)))
    bench.fails(bench.action(server.url, timeout=0.3), DeadlineExceeded, sent=Sent.YES)


@row("C13b", "never takes the request", "`deadline-exceeded` at the deadline, maybe sent")
def takes_nothing(bench: Bench) -> None:
    server = bench.serve((ReadBytes(1), Hang(watch=False)))
    action = bench.action(server.url, timeout=0.5)
    outcome = bench.invoke(action, Request(text="x", context={"big": "x" * 20_000_000}))
    assert isinstance(outcome.error, DeadlineExceeded)
    assert outcome.error.sent is not Sent.NO
    bench.check_failure(outcome, action)


@row("C15", "a slow network that cuts and delays", "succeeds, byte for byte")
def slow_network(bench: Bench) -> None:
    server = bench.serve(Answer(json=LONG))
    with FaultProxy(server.host, server.port) as proxy:
        proxy.add(Latency(0.03, jitter=0.02), None)
        proxy.add(Slicer(97, delay=0.001), None)
        proxy.add(Bandwidth(50_000), None)
        outcome = bench.succeeds(bench.action(proxy.url))
        assert outcome.responder.frame["text"] == LONG["frame"]["text"]


@row("C17", "the machine has no local port left", "`connect-failed`, not sent; tried again within the budget")
def no_port_left(bench: Bench) -> None:
    server = bench.serve()

    def call() -> None:
        with asyncio.Runner() as runner:  # its threads, if it has any, must be those of this thread
            own = replace(bench, runner=runner)
            action = own.action(server.url, retries=2)
            outcome = own.fails(action, ConnectFailed, sent=Sent.NO)
            assert outcome.result.attempts == 3
            assert "local port" in str(outcome.error)
            spent = own.action(server.url, resilience={"budget": {"reserve": 0, "ratio": 0}})
            assert own.fails(spent, ConnectFailed, sent=Sent.NO).result.attempts == 1

    without_local_ports(call)
    assert server.connections == 0
    close_endpoints()
    bench.succeeds(bench.action(server.url))


@row("C18", "the TLS handshake never ends", "`connect-timeout` after connect_timeout, not sent")
def handshake_hangs(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the system accepts, nobody speaks
        port = listener.getsockname()[1]
        action = bench.action(f"https://127.0.0.1:{port}", connect_timeout=0.3, retries=0)
        bench.fails(action, ConnectTimeout, sent=Sent.NO, within=0.3)


@row("C19", "an answer comes before the request was read", "it is read, and the connection is not used again")
def answers_early(bench: Bench) -> None:
    server = bench.serve((ReadBytes(10), Send(Answer(413, json={}).wire()), Hang(watch=False)))
    action = bench.action(server.url, timeout=1)
    outcome = bench.invoke(action, Request(text="x", context={"big": "x" * 20_000_000}))
    assert isinstance(outcome.error, (RequestRefused, ConnectionLost, DeadlineExceeded))
    bench.check_failure(outcome, action)


@row(
    "C20",
    "bytes that nobody asked for wait on a kept connection",
    "never taken for the next answer",
    without={"aiohttp": "aiohttp may take them for the next answer; an `X-MM-Call-Id` in answers tells"},
)
def unasked_bytes(bench: Bench) -> None:
    unasked = Answer(json={"frame": {"unasked": True}})
    server = bench.serve(InOrder((GOOD, Send(unasked.wire())), then=GOOD))
    action = bench.action(server.url)
    bench.succeeds(action)
    threading.Event().wait(0.05)  # the bytes are on their way
    assert "unasked" not in bench.succeeds(action).responder.frame
    if bench.engine == "curl":  # requests may have read them away with the answer, and goes on
        assert server.connections == 2


@row("C21", "a plain server behind an https url", "`tls-failed`, not sent; not tried again")
def not_tls(bench: Bench) -> None:
    server = bench.serve((ReadBytes(5), Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Close()))
    url = server.url.replace("http:", "https:")
    outcome = bench.fails(bench.action(url), (TlsFailed, ConnectFailed), sent=Sent.NO)
    assert isinstance(outcome.error, TlsFailed)
