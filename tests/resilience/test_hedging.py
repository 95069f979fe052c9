"""A second attempt beside one that is slow: when it may go, and what ends the race."""

import pytest

from mm_actions.errors import EndpointGone, Sent, ServerFailed
from mm_actions.resilience import (
    BreakerPolicy,
    BudgetPolicy,
    BulkheadPolicy,
    Deadline,
    ResilienceSettings,
    RetryPolicy,
    ServerGuard,
    settles,
)
from resilience.doubles import FakeClock, FixedRandom, load, make_error

VECTORS = load("hedge")
BROKE = ServerFailed("it broke", sent=Sent.YES, status=500)


def guard_in(state: str, clock: FakeClock, *, limit: int, budget: int) -> ServerGuard:
    figures = ResilienceSettings(
        retry=RetryPolicy(margin=VECTORS["margin"]),
        budget=BudgetPolicy(ratio=0, reserve=budget),
        breaker=BreakerPolicy(failures=1, open_for=1, jitter=0),
        bulkhead=BulkheadPolicy(limit=limit),
    )
    guard = ServerGuard(figures, clock=clock, rng=FixedRandom(0.5))
    failure = {"closed": None, "disabled": EndpointGone("gone", sent=Sent.YES, status=410)}.get(state, BROKE)
    guard.admit().record(failure)
    clock.now += 2 if state == "half-open" else 0
    return guard


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_hedging_follows_the_vectors(case):
    clock = FakeClock()
    guard = guard_in(case["breaker"], clock, limit=case["limit"], budget=case["budget"])
    if case["breaker"] in {"open", "disabled"}:  # the first attempt went out before that
        under_way = [guard.bulkhead.enter() for _ in range(case["in_flight"])]
    else:
        under_way = [guard.admit() for _ in range(case["in_flight"])]
    assert guard.breaker.state == case["breaker"]
    hedge = guard.hedge(deadline=Deadline.after(case["remaining"], clock=clock))
    assert (hedge is not None) is case["hedge"]
    assert (guard.bulkhead.in_flight, guard.bulkhead.queued) == (case["in_flight_then"], 0)
    left = 0
    while guard.budget.withdraw():
        left += 1
    assert left == case["budget_left"]
    assert len(under_way) == case["in_flight"]


@pytest.mark.parametrize("case", VECTORS["failures"], ids=lambda case: f"{case['kind']}-{case['sent']}")
def test_a_failure_ends_the_race_if_the_server_would_say_it_again(case):
    assert settles(make_error(case)) is case["settles"]


def test_a_hedge_counts_as_an_attempt_and_not_as_a_call():
    clock = FakeClock()
    guard = ServerGuard(ResilienceSettings(budget=BudgetPolicy(ratio=1, reserve=1)), clock=clock)
    first = guard.admit()
    hedge = guard.hedge(deadline=Deadline.after(1, clock=clock))
    assert hedge is not None
    assert not hedge.queued
    assert [guard.budget.withdraw() for _ in range(2)] == [True, False]  # 1 call, 1 in reserve, 1 hedge
    hedge.record(None)
    first.abandon()
    assert guard.bulkhead.in_flight == 0


def test_where_nobody_may_queue_a_hedge_is_refused_like_any_call():
    figures = ResilienceSettings(bulkhead=BulkheadPolicy(limit=1, queue=0))
    guard = ServerGuard(figures, clock=FakeClock())
    with guard.admit():
        assert guard.hedge(deadline=Deadline.after(1, clock=FakeClock())) is None
        assert guard.bulkhead.in_flight == 1


def test_the_failures_of_both_attempts_count_against_the_server():
    clock = FakeClock()
    guard = ServerGuard(ResilienceSettings(breaker=BreakerPolicy(failures=2)), clock=clock)
    first = guard.admit()
    hedge = guard.hedge(deadline=Deadline.after(1, clock=clock))
    assert hedge is not None
    first.record(BROKE)
    assert guard.breaker.state == "closed"
    hedge.record(BROKE)
    assert guard.breaker.state == "open"


def test_an_attempt_that_is_called_off_says_nothing_about_the_server():
    clock = FakeClock()
    guard = ServerGuard(ResilienceSettings(breaker=BreakerPolicy(failures=1)), clock=clock)
    first = guard.admit()
    hedge = guard.hedge(deadline=Deadline.after(1, clock=clock))
    assert hedge is not None
    hedge.abandon()
    first.record(None)
    assert (guard.breaker.state, guard.bulkhead.in_flight) == ("closed", 0)
