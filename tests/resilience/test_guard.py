from __future__ import annotations

import pytest

from mm_actions.errors import (
    ActionNotFound,
    CircuitOpen,
    ClientCertificateRejected,
    ConnectFailed,
    EndpointGone,
    InProgress,
    InvocationError,
    Overloaded,
    Sent,
    ServerFailed,
)
from mm_actions.resilience import (
    BreakerPolicy,
    BudgetPolicy,
    BulkheadPolicy,
    Deadline,
    ResilienceSettings,
    RetryPolicy,
    ServerGuard,
)
from resilience.doubles import FakeClock, FixedRandom

REFUSED = ConnectFailed("refused")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def guard(clock: FakeClock) -> ServerGuard:
    return make(clock)


def make(clock: FakeClock, **settings) -> ServerGuard:
    return ServerGuard(ResilienceSettings(**settings), server="weather", clock=clock, rng=FixedRandom(0.5))


def call(guard: ServerGuard, error: InvocationError | None = None, *, attempt: int = 1) -> None:
    with guard.admit(attempt=attempt) as admission:
        assert not admission.queued
        admission.record(error)


def delay(guard: ServerGuard, clock: FakeClock, error: InvocationError, **more) -> float | None:
    arguments = {"attempt": 1, "keyed": False, **more}
    return guard.retry_delay(error, deadline=Deadline.after(5.0, clock=clock), **arguments)


def retries_left(guard: ServerGuard) -> int:
    left = 0
    while guard.budget.withdraw():
        left += 1
    return left


def test_a_healthy_call_leaves_nothing_behind(guard):
    call(guard)
    assert (guard.bulkhead.in_flight, guard.bulkhead.queued, guard.breaker.state) == (0, 0, "closed")


def test_a_call_is_in_flight_until_it_is_recorded(guard):
    admission = guard.admit()
    assert guard.bulkhead.in_flight == 1
    admission.record(None)
    assert guard.bulkhead.in_flight == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (REFUSED, "open"),
        (ServerFailed("it broke", sent=Sent.YES, status=500), "open"),
        (ActionNotFound("no such action", sent=Sent.YES, status=404), "closed"),
        (ClientCertificateRejected("unknown authority", sent=Sent.MAYBE), "closed"),
        (EndpointGone("gone", sent=Sent.YES, status=410), "disabled"),
    ],
)
def test_the_breaker_is_fed_by_what_speaks_of_the_server(guard, error, state):
    for _ in range(5):
        if guard.breaker.state == "closed":
            call(guard, error)
    assert guard.breaker.state == state


def test_a_cancelled_call_gives_everything_back_and_says_nothing(guard):
    for _ in range(4):
        call(guard, REFUSED)
    with pytest.raises(KeyboardInterrupt), guard.admit():
        raise KeyboardInterrupt
    assert (guard.bulkhead.in_flight, guard.breaker.state) == (0, "closed")
    call(guard, REFUSED)
    assert guard.breaker.state == "open"


def test_a_cancelled_probe_lets_another_one_go(guard, clock):
    for _ in range(5):
        call(guard, REFUSED)
    clock.now = 6.0
    with guard.admit():
        with pytest.raises(CircuitOpen):
            guard.admit()
        assert guard.bulkhead.in_flight == 1
    call(guard)
    assert guard.breaker.state == "closed"


def test_the_outcome_counts_once(guard):
    admission = guard.admit()
    for _ in range(10):
        admission.record(REFUSED)
        admission.abandon()
    assert (guard.bulkhead.in_flight, guard.breaker.state) == (0, "closed")


def test_an_open_circuit_is_told_before_a_full_house(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=0), breaker=BreakerPolicy(failures=1))
    guard.admit().record(REFUSED)
    guard.bulkhead.enter()
    with pytest.raises(CircuitOpen) as refused:
        guard.admit()
    assert refused.value.server == "weather"
    clock.now = 6.0
    with pytest.raises(Overloaded) as overloaded:
        guard.admit()
    assert overloaded.value.server == "weather"
    assert guard.breaker.state == "open"


def test_a_queued_call_starts_when_its_turn_has_come(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=1))
    first, second = guard.admit(), guard.admit()
    told: list[str] = []
    second.on_admit(lambda: told.append("second"))
    assert (first.queued, second.queued, told) == (False, True, [])
    first.record(None)
    assert told == ["second"]
    second.start()
    assert not second.queued
    second.record(EndpointGone("gone"))
    assert (guard.bulkhead.in_flight, guard.breaker.state) == (0, "disabled")


def test_a_turn_that_came_before_anyone_waited_for_it_is_not_missed(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=1), breaker=BreakerPolicy(failures=1))
    first, second = guard.admit(), guard.admit()
    first.record(None)
    assert second.queued
    told: list[str] = []
    second.on_admit(lambda: told.append("second"))
    assert told == ["second"]
    second.start()
    second.record(REFUSED)
    assert (guard.bulkhead.in_flight, guard.breaker.state) == (0, "open")


def test_an_attempt_cannot_start_before_its_turn_nor_after_its_end(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=1))
    first, second = guard.admit(), guard.admit()
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"^An attempt starts when on_admit\(\) has told that its turn"
        ):
            second.start()
        second.abandon()
    first.record(None)
    assert (guard.bulkhead.in_flight, guard.bulkhead.queued) == (0, 0)


def test_a_queued_call_that_runs_out_of_time_says_nothing_of_the_server(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=1), breaker=BreakerPolicy(failures=1))
    first = guard.admit()
    with guard.admit() as second:
        second.record(REFUSED)
    assert (guard.bulkhead.queued, guard.breaker.state) == (0, "closed")
    first.record(None)
    assert guard.bulkhead.in_flight == 0


def test_a_queued_call_whose_server_failed_meanwhile_is_ended(clock):
    guard = make(clock, bulkhead=BulkheadPolicy(limit=1, queue=1), breaker=BreakerPolicy(failures=1))
    first, second = guard.admit(), guard.admit()
    first.record(REFUSED)
    with pytest.raises(CircuitOpen):
        second.start()
    assert (guard.bulkhead.in_flight, second.queued) == (0, True)
    second.record(None)
    assert guard.breaker.state == "open"


def test_first_attempts_pay_into_the_budget_and_others_do_not(clock):
    guard = make(clock, budget=BudgetPolicy(reserve=0))
    for attempt in (1, 2, 3, 2, 1, 2, 1, 1):
        call(guard, attempt=attempt)
    assert retries_left(guard) == 0
    call(guard)
    assert retries_left(guard) == 1


def test_an_attempt_is_the_first_unless_told(clock):
    guard = make(clock, budget=BudgetPolicy(ratio=1, reserve=0))
    guard.admit().record(None)
    assert retries_left(guard) == 1


def test_the_budget_forgets_by_the_clock_of_the_guard(guard, clock):
    assert retries_left(guard) == 3
    clock.now = 9.5
    assert retries_left(guard) == 0
    clock.now = 10.0
    assert retries_left(guard) == 3


def test_a_call_that_never_starts_pays_nothing(clock):
    guard = make(clock, budget=BudgetPolicy(reserve=0), bulkhead=BulkheadPolicy(limit=1, queue=10))
    with guard.admit():
        for _ in range(10):
            guard.admit().abandon()
    assert retries_left(guard) == 0


def test_a_retry_waits_as_the_settings_say(clock):
    guard = make(clock, retry=RetryPolicy(retries=2, base=1.0, cap=10.0))
    assert delay(guard, clock, REFUSED) == 0.5
    assert delay(guard, clock, REFUSED, attempt=2) == 1.0
    assert delay(guard, clock, REFUSED, attempt=3) is None
    assert retries_left(guard) == 1


def test_a_key_makes_a_retry_safe(guard, clock):
    lost = ServerFailed("it broke", sent=Sent.YES, status=500)
    assert delay(guard, clock, lost) is None
    assert delay(guard, clock, lost, keyed=True) == 0.025


def test_the_deadline_bounds_retries(guard, clock):
    deadline = Deadline.after(0.03, clock=clock)
    assert guard.retry_delay(REFUSED, attempt=1, deadline=deadline, keyed=False) is None


def test_nothing_is_retried_while_the_breaker_is_open_or_disabled(guard, clock):
    for _ in range(5):
        call(guard, REFUSED)
    assert delay(guard, clock, REFUSED) is None
    guard.breaker.reset()
    call(guard, EndpointGone("gone"))
    assert delay(guard, clock, REFUSED) is None
    guard.breaker.reset()
    assert retries_left(guard) == 4  # three, and a fifth of six calls: nothing was drawn


def test_a_probe_that_finds_its_key_running_is_polled(guard, clock):
    for _ in range(5):
        call(guard, REFUSED)
    clock.now = 6.0
    running = InProgress("running", sent=Sent.YES, status=409)
    call(guard, running)
    assert guard.breaker.state == "half-open"
    assert delay(guard, clock, running, keyed=True) == pytest.approx(0.0375)


def test_a_full_outage_costs_at_most_a_fifth_more_requests_than_calls(guard, clock):
    """100 calls a second for a minute, each of which would retry; recovery within one open period."""
    calls = requests = probes = 0
    opened: list[float] = []
    while clock.now < 60:
        clock.now += 0.01
        calls += 1
        for attempt in (1, 2):
            before = guard.breaker.state
            try:
                admission = guard.admit(attempt=attempt)
            except CircuitOpen:
                break
            requests += 1
            probes += before == "open"
            admission.record(REFUSED)
            if before != guard.breaker.state or before == "open":
                opened.append(clock.now)
            if delay(guard, clock, REFUSED, attempt=attempt) is None:
                break
    assert requests == 5 + probes
    assert probes == 3  # after 5, 10 and 20 s, each a little longer
    assert requests <= 1.2 * calls
    clock.now = opened[-1] + 42.0 + 0.01  # the fourth period: 40 s and half of the jitter
    call(guard)
    assert guard.breaker.state == "closed"


def test_a_guard_of_its_own_has_the_default_figures(clock):
    guard = ServerGuard()
    admissions = [guard.admit() for _ in range(200)]
    with pytest.raises(Overloaded):
        guard.admit()
    for admission in admissions:
        admission.abandon()
    assert (guard.bulkhead.in_flight, guard.bulkhead.queued) == (0, 0)


def test_the_listener_of_a_guard_hears_its_breaker(clock):
    heard: list[tuple[str, str]] = []
    guard = ServerGuard(clock=clock, listener=lambda before, after: heard.append((before, after)))
    call(guard, EndpointGone("gone"))
    assert heard == [("closed", "disabled")]
