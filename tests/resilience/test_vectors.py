"""The language-neutral vectors, played against this implementation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mm_actions.errors import CircuitOpen, Overloaded
from mm_actions.resilience import (
    Breaker,
    BreakerPolicy,
    BudgetPolicy,
    Bulkhead,
    BulkheadPolicy,
    Deadline,
    RetryBudget,
    RetryPolicy,
    Verdict,
    decide,
    read,
    verdict,
)
from resilience.doubles import FakeClock, FixedRandom, load, make_error

if TYPE_CHECKING:
    from mm_actions.resilience import Permit, Ticket

RETRY = load("retry")


def named(entry: dict[str, Any]) -> str:
    return entry["name"]


@pytest.mark.parametrize("case", load("deadline")["cases"])
def test_a_deadline_says_what_is_left(case):
    deadline = Deadline(case["at"], FakeClock(case["now"]))
    assert deadline.remaining() == case["remaining"]
    assert deadline.remaining_ms() == case["remaining_ms"]
    assert type(deadline.remaining_ms()) is int
    assert deadline.expired is case["expired"]


@pytest.mark.parametrize("case", load("backoff")["cases"])
def test_backoff_follows_the_vectors(case):
    wait = RetryPolicy(**case["policy"]).backoff(case["attempt"], FixedRandom(case["random"]))
    assert wait == pytest.approx(case["wait"], abs=1e-9)


@pytest.mark.parametrize(
    "case", load("health")["cases"], ids=lambda case: f"{case['kind']}-{case.get('status')}"
)
def test_an_error_says_what_the_table_says(case):
    error = make_error(case)
    assert read(error) == (case["verdict"], case["again"])
    assert verdict(error) == case["verdict"]


@pytest.mark.parametrize("case", RETRY["cases"], ids=named)
def test_retry_decisions_follow_the_vectors(case):
    budget = RetryBudget(BudgetPolicy(ratio=0, reserve=case["budget"]), clock=FakeClock())
    wait = decide(
        make_error(case["error"]),
        attempt=case["attempt"],
        deadline=Deadline(case["remaining"], FakeClock()),
        keyed=case["keyed"],
        policy=RetryPolicy(**case.get("policy", RETRY["policy"])),
        budget=budget,
        rng=FixedRandom(case["random"]),
    )
    assert wait == (None if case["wait"] is None else pytest.approx(case["wait"], abs=1e-9))
    left = 0
    while budget.withdraw():
        left += 1
    assert left == case["budget_left"]


@pytest.mark.parametrize("sequence", load("budget")["sequences"], ids=named)
def test_a_budget_follows_the_vectors(sequence):
    clock = FakeClock()
    budget = RetryBudget(BudgetPolicy(**sequence["policy"]), clock=clock)
    for number, step in enumerate(sequence["steps"]):
        clock.now = step["at"]
        for time in range(step["times"]):
            if step["do"] == "call":
                budget.deposit()
            else:
                assert budget.withdraw() is step["allowed"], (number, time)


@pytest.mark.parametrize("sequence", load("breaker")["sequences"], ids=named)
def test_a_breaker_follows_the_vectors(sequence):
    clock = FakeClock()
    policy = BreakerPolicy(**sequence["policy"])
    breaker = Breaker(policy, clock=clock, rng=FixedRandom(*sequence["random"]))
    permits: dict[str, Permit] = {}
    for number, step in enumerate(sequence["steps"]):
        clock.now = step["at"]
        match step["do"]:
            case "call":
                for _ in range(step["times"]):
                    breaker.record(breaker.acquire(), Verdict(step["verdict"]))
            case "acquire" if step["granted"]:
                breaker.check()
                permits[step["as"]] = breaker.acquire()
            case "acquire":
                for refuse in (breaker.check, breaker.acquire):
                    with pytest.raises(CircuitOpen) as refusal:
                        refuse()
                    wait = step["retry_after"]
                    expected = None if wait is None else pytest.approx(wait, abs=1e-9)
                    assert refusal.value.retry_after == expected, number
            case "record":
                breaker.record(permits[step["permit"]], Verdict(step["verdict"]))
            case "reset":
                breaker.reset()
        assert breaker.state == step["state"], number


@pytest.mark.parametrize("sequence", load("bulkhead")["sequences"], ids=named)
def test_a_bulkhead_follows_the_vectors(sequence):
    bulkhead = Bulkhead(BulkheadPolicy(**sequence["policy"]))
    tickets: dict[str, Ticket] = {}
    woken: list[str] = []
    for number, step in enumerate(sequence["steps"]):
        woken.clear()
        if step["do"] == "leave":
            tickets[step["ticket"]].leave()
            assert woken == step["wakes"], number
        elif step["got"] == "refused":
            with pytest.raises(Overloaded):
                bulkhead.enter()
        else:
            name = step["as"]
            tickets[name] = ticket = bulkhead.enter()
            assert ticket.admitted is (step["got"] == "admitted"), number
            ticket.on_admit(lambda name=name: woken.append(name))
            assert woken == ([name] if ticket.admitted else []), number
        assert (bulkhead.in_flight, bulkhead.queued) == (step["in_flight"], step["queued"]), number
