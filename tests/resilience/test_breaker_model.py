"""The breaker against a model that keeps every event."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from mm_actions.errors import CircuitOpen
from mm_actions.resilience import Breaker, BreakerPolicy, BreakerState, Permit, Verdict
from resilience.doubles import FakeClock, FixedRandom

POLICY = BreakerPolicy(failures=3, calls=6, window=30.0, open_for=5.0, open_at_most=20.0)


class BreakerModel(RuleBasedStateMachine):
    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = Breaker(POLICY, clock=self.clock, rng=FixedRandom(0.0))
        self.period = 0
        self.state = "closed"
        self.row = 0
        self.events: list[tuple[int, bool]] = []
        self.openings = 0
        self.until = 0.0
        self.probe: Permit | None = None

    def close(self) -> None:
        self.state, self.row, self.events, self.openings, self.probe = "closed", 0, [], 0, None
        self.period += 1

    def open(self) -> None:
        self.until = self.clock.now + min(20.0, 5.0 * 2**self.openings)
        self.openings += 1
        self.state, self.probe = "open", None
        self.period += 1

    @rule(seconds=st.sampled_from([0.5, 2.0, 3.0, 5.0, 20.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(target=permits)
    def a_call_asks(self) -> tuple[Permit, int, bool] | None:
        may_probe = (self.state == "open" and self.clock.now >= self.until) or (
            self.state == "half-open" and self.probe is None
        )
        if self.state != "closed" and not may_probe:
            with pytest.raises(CircuitOpen) as refused:
                self.breaker.acquire()
            expected = self.until - self.clock.now if self.state == "open" else None
            assert refused.value.retry_after == expected
            return None
        self.breaker.check()
        permit = self.breaker.acquire()
        if may_probe:
            self.state, self.probe = "half-open", permit
        return permit, self.period, may_probe

    @rule(taken=consumes(permits), verdict=st.sampled_from([*Verdict, Verdict.FAILURE, Verdict.FAILURE]))
    def a_call_ends(self, taken: tuple[Permit, int, bool] | None, verdict: Verdict) -> None:
        if taken is None:
            return
        permit, period, probe = taken
        self.breaker.record(permit, verdict)
        if probe:
            if permit is not self.probe:
                return
            self.probe = None
            if verdict is Verdict.SUCCESS:
                self.close()
            elif verdict is Verdict.FAILURE:
                self.open()
        elif period != self.period or self.state != "closed":
            return
        elif verdict in {Verdict.SUCCESS, Verdict.FAILURE}:
            self.count(good=verdict is Verdict.SUCCESS)
        if verdict is Verdict.GONE:
            self.state = "disabled"
            self.period += 1

    def count(self, *, good: bool) -> None:
        slot = int(self.clock.now // 3.0)
        self.events.append((slot, good))
        self.row = 0 if good else self.row + 1
        recent = [was_good for when, was_good in self.events if slot - when < 10]
        unreliable = len(recent) >= 6 and sum(recent) < 0.8 * len(recent)
        if not good and (self.row >= 3 or unreliable):
            self.open()

    @rule()
    def the_configuration_is_reloaded(self) -> None:
        self.breaker.reset()
        self.close()

    @invariant()
    def both_stand_alike(self) -> None:
        assert self.breaker.state is BreakerState(self.state)


TestBreakerModel = BreakerModel.TestCase
TestBreakerModel.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)


@pytest.mark.slow
class TestBreakerModelAtLength(BreakerModel.TestCase):
    settings = settings(max_examples=1000, stateful_step_count=60, deadline=None)
