from __future__ import annotations

import random

import pytest

from mm_actions.errors import ConnectFailed, ServerUnavailable
from mm_actions.resilience import BudgetPolicy, Deadline, RetryBudget, RetryPolicy, decide
from mm_actions.resilience.retry import RANDOM
from resilience.doubles import FakeClock

CLIENTS = 1000
BUCKETS = 10


def peak_over_mean(waits: list[float], first: float, width: float) -> float:
    counts = [0] * BUCKETS
    for wait in waits:
        counts[int((wait - first) / width * BUCKETS)] += 1
    return max(counts) / (len(waits) / BUCKETS)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 0.05), (2, 0.1), (5, 0.8), (6, 1.0), (20, 1.0)])
def test_a_thousand_clients_that_fail_together_come_back_spread_out(attempt, ceiling):
    rng = random.Random(attempt)
    waits = [RetryPolicy(retries=10).backoff(attempt, rng) for _ in range(CLIENTS)]
    assert all(0 <= wait < ceiling for wait in waits)
    assert peak_over_mean(waits, 0.0, ceiling) < 3


def test_a_thousand_clients_told_to_come_back_at_one_moment_come_spread_out_after_it():
    rng = random.Random(429)
    error = ServerUnavailable("busy", status=503, retry_after=1.0)
    waits = [
        decide(
            error,
            attempt=1,
            deadline=Deadline(5.0, FakeClock()),
            keyed=False,
            policy=RetryPolicy(),
            budget=RetryBudget(clock=FakeClock()),
            rng=rng,
        )
        for _ in range(CLIENTS)
    ]
    assert all(1.0 <= wait < 1.05 for wait in waits)
    assert peak_over_mean(waits, 1.0, 0.05) < 3


def test_the_default_jitter_is_spread_too():
    waits = [RetryPolicy().backoff(1) for _ in range(CLIENTS)]
    assert peak_over_mean(waits, 0.0, 0.05) < 3
    assert isinstance(RANDOM, random.SystemRandom)


def test_a_retry_after_that_is_not_a_number_is_ignored():
    error = ConnectFailed("refused", retry_after=float("nan"))
    wait = decide(
        error,
        attempt=1,
        deadline=Deadline(5.0, FakeClock()),
        keyed=False,
        policy=RetryPolicy(),
        budget=RetryBudget(clock=FakeClock()),
    )
    assert 0 <= wait < 0.05


def test_an_outage_costs_at_most_a_fifth_more_requests_however_many_retries_a_call_may_make():
    clock = FakeClock()
    budget = RetryBudget(clock=clock)
    policy = RetryPolicy(retries=3)
    calls = 6000
    requests = 0
    for call in range(calls):
        clock.now = call / 100
        budget.deposit()
        for attempt in range(1, 5):
            requests += 1
            again = decide(
                ConnectFailed("refused"),
                attempt=attempt,
                deadline=Deadline(clock.now + 5, clock),
                keyed=False,
                policy=policy,
                budget=budget,
            )
            if again is None:
                break
    assert 1.19 <= requests / calls <= 1.205


def test_the_reserve_is_all_that_calls_without_a_deposit_get():
    budget = RetryBudget(BudgetPolicy(reserve=2), clock=FakeClock())
    assert [budget.withdraw() for _ in range(4)] == [True, True, False, False]
