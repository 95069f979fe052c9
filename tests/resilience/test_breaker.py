from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from mm_actions.errors import CircuitOpen, Sent
from mm_actions.resilience import Breaker, BreakerPolicy, BreakerState, Permit, Verdict
from resilience.doubles import FakeClock, FixedRandom


def opened(clock: FakeClock, **more) -> Breaker:
    breaker = Breaker(server="weather", clock=clock, rng=FixedRandom(0.0), **more)
    for _ in range(5):
        breaker.record(breaker.acquire(), Verdict.FAILURE)
    return breaker


def refusal(breaker: Breaker) -> CircuitOpen:
    with pytest.raises(CircuitOpen) as refused:
        breaker.acquire()
    return refused.value


def test_a_refusal_names_the_server_the_cause_and_the_time_to_wait():
    clock = FakeClock(50.0)
    error = refusal(opened(clock))
    assert (error.server, error.sent, error.retry_after) == ("weather", Sent.NO, 5.0)
    assert error.cause == "it failed too often and is left alone for 5.0 s more"
    assert error.hint == "Look at the errors before this one"
    assert not error.retryable


def test_a_refusal_beside_a_probe_says_so():
    clock = FakeClock()
    breaker = opened(clock)
    clock.now = 5.0
    breaker.acquire()
    error = refusal(breaker)
    assert error.cause == "it failed too often and one call is finding out whether it works again"
    assert error.hint == "Look at the errors before this one"
    assert (error.server, error.retry_after) == ("weather", None)


def test_a_server_that_is_gone_is_refused_with_what_to_do():
    breaker = Breaker(server="weather")
    breaker.record(breaker.acquire(), Verdict.GONE)
    error = refusal(breaker)
    assert error.cause == "it answered 410, gone, and is not asked again"
    assert error.hint == "Correct the server's url and reload"


def test_the_listener_hears_each_change_once():
    clock = FakeClock()
    heard: list[tuple[str, str]] = []
    breaker = opened(clock, listener=lambda before, after: heard.append((before, after)))
    assert heard == [("closed", "open")]
    clock.now = 5.0
    breaker.record(breaker.acquire(), Verdict.NEUTRAL)
    breaker.record(breaker.acquire(), Verdict.FAILURE)
    clock.now = 15.0
    breaker.record(breaker.acquire(), Verdict.SUCCESS)
    breaker.record(breaker.acquire(), Verdict.GONE)
    breaker.reset()
    breaker.reset()
    assert heard[1:] == [
        ("open", "half-open"),
        ("half-open", "open"),
        ("open", "half-open"),
        ("half-open", "closed"),
        ("closed", "disabled"),
        ("disabled", "closed"),
    ]


def test_a_listener_that_fails_costs_no_call(caplog):
    clock = FakeClock()

    def listener(*_):
        raise OSError("the log is full")

    breaker = opened(clock, listener=listener)
    clock.now = 5.0
    breaker.record(breaker.acquire(), Verdict.SUCCESS)
    assert breaker.state is BreakerState.CLOSED
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "The listener of the breaker of weather failed")
    ] * 3
    assert all(record.exc_info for record in caplog.records)


def test_a_listener_may_look_at_the_breaker():
    clock = FakeClock()
    seen: list[BreakerState] = []
    breaker = Breaker(BreakerPolicy(failures=1), clock=clock, listener=lambda *_: seen.append(breaker.state))
    breaker.record(breaker.acquire(), Verdict.FAILURE)
    assert seen == [BreakerState.OPEN]


def test_of_many_threads_exactly_one_gets_the_probe():
    clock = FakeClock()
    breaker = opened(clock)
    threads = 16
    barrier = Barrier(threads, timeout=10)

    def ask(_) -> Permit | None:
        barrier.wait()
        try:
            return breaker.acquire()
        except CircuitOpen:
            return None

    with ThreadPoolExecutor(threads) as pool:
        for _ in range(50):
            clock.now += 1000.0
            probes = [permit for permit in pool.map(ask, range(threads)) if permit]
            assert len(probes) == 1
            breaker.record(probes[0], Verdict.FAILURE)


def test_no_outcome_is_lost_between_threads():
    breaker = Breaker(BreakerPolicy(failures=1_000_000), clock=FakeClock())

    def call(_) -> None:
        for _ in range(200):
            breaker.record(breaker.acquire(), Verdict.SUCCESS)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    for _ in range(400):  # 1600 of 2000 are 80 %, the next failure makes it less
        breaker.record(breaker.acquire(), Verdict.FAILURE)
    assert breaker.state is BreakerState.CLOSED
    breaker.record(breaker.acquire(), Verdict.FAILURE)
    assert breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("ask", ["check", "acquire"])
def test_a_breaker_that_is_reset_while_a_call_asks_lets_it_go(ask):
    now = [0.0]
    reset_at = 5.0

    def clock() -> float:
        if now[0] == reset_at:
            breaker.reset()
        return now[0]

    breaker = Breaker(clock=clock, rng=FixedRandom(0.0))
    for _ in range(5):
        breaker.record(breaker.acquire(), Verdict.FAILURE)
    now[0] = reset_at
    getattr(breaker, ask)()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.acquire() is breaker.acquire()


def test_open_times_do_not_overflow():
    clock = FakeClock()
    breaker = opened(clock)
    for _ in range(1100):
        clock.now += 300.0
        breaker.record(breaker.acquire(), Verdict.FAILURE)
    assert refusal(breaker).retry_after == 300.0


def test_by_default_time_passes_and_jitter_is_drawn():
    waits = set()
    for _ in range(20):
        breaker = Breaker(BreakerPolicy(failures=1))
        breaker.record(breaker.acquire(), Verdict.FAILURE)
        waits.add(round(refusal(breaker).retry_after, 4))
    assert all(4.9 < wait <= 5.5 for wait in waits)
    assert len(waits) > 10
