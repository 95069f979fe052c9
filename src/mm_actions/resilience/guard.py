"""One object per server that answers: may this call go, how did it end, shall it be tried again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

import msgspec

from mm_actions.errors import CircuitOpen, Overloaded
from mm_actions.resilience.breaker import Breaker, BreakerState
from mm_actions.resilience.budget import RetryBudget
from mm_actions.resilience.bulkhead import Bulkhead, Place
from mm_actions.resilience.hedging import worth_hedging
from mm_actions.resilience.policy import ResilienceSettings
from mm_actions.resilience.retry import RANDOM, decide
from mm_actions.resilience.verdict import Verdict, verdict

if TYPE_CHECKING:
    from mm_actions.errors import InvocationError
    from mm_actions.resilience.breaker import Listener, Permit
    from mm_actions.resilience.bulkhead import Hook, Ticket
    from mm_actions.resilience.deadline import Clock, Deadline
    from mm_actions.resilience.retry import RandomSource

# As in the bulkhead: found sooner than as members of their enumerations.
_ADMITTED, _LEFT, _SUCCESS = Place.ADMITTED, Place.LEFT, Verdict.SUCCESS


class ServerGuard:
    """Breaker, bulkhead and retry budget of one server, shared by every caller of the process.

    One attempt, whatever it waits with::

        with guard.admit(attempt=attempt) as admission:
            if admission.queued:
                ...  # wait for admission.on_admit(hook), no longer than the deadline
                admission.start()
            ...  # send
            admission.record(error_or_none)

    Leaving the block without :meth:`Admission.record` is a cancellation: everything taken is given back
    and the server's record stays as it was. Then, after a failure, ``guard.retry_delay(...)``. When the
    admission of a *second* attempt is refused, the first one's error is the one to report. Thread-safe.

    Args:
        settings: The figures.
        server: The server's name, for error messages.
        clock: What time it is.
        rng: The source of jitter.
        listener: Told of each change of the breaker's state.
    """

    __slots__ = ("_rng", "_settings", "breaker", "budget", "bulkhead")

    def __init__(
        self,
        settings: ResilienceSettings | None = None,
        *,
        server: str | None = None,
        clock: Clock = time.monotonic,
        rng: RandomSource = RANDOM,
        listener: Listener | None = None,
    ) -> None:
        self._settings = settings = settings or ResilienceSettings()
        self._rng = rng
        self.breaker = Breaker(settings.breaker, server=server, clock=clock, rng=rng, listener=listener)
        self.budget = RetryBudget(settings.budget, clock=clock)
        self.bulkhead = Bulkhead(settings.bulkhead, server=server)

    def admit(self, *, attempt: int = 1) -> Admission:
        """Return the admission of one attempt: started, or queued.

        Args:
            attempt: Which attempt it is, from 1.

        Raises:
            CircuitOpen: The server is left alone; checked first, so that nobody queues for nothing.
            Overloaded: Too many calls are under way and in the queue.
        """
        self.breaker.check()
        ticket = self.bulkhead.enter()
        admission = Admission(self, ticket, attempt == 1)
        if ticket.place is _ADMITTED:
            admission.start()
        return admission

    def retry_delay(
        self, error: InvocationError, *, attempt: int, deadline: Deadline, keyed: bool
    ) -> float | None:
        """Return the seconds to wait before another attempt, or None to give up.

        None too while the breaker is open: the attempt would be refused.
        See :func:`mm_actions.resilience.retry.decide`.
        """
        if self.breaker.state in {BreakerState.OPEN, BreakerState.DISABLED}:
            return None
        return decide(
            error,
            attempt=attempt,
            deadline=deadline,
            keyed=keyed,
            policy=self._settings.retry,
            budget=self.budget,
            rng=self._rng,
        )

    def hedge(self, *, deadline: Deadline) -> Admission | None:
        """Return the started admission of a second attempt beside one that is slow, or None if it may not go.

        It is a luxury: it does not queue, it does not probe, and one retry is taken from the budget for it.
        See :mod:`mm_actions.resilience.hedging`.
        """
        if not worth_hedging(self.breaker.state, deadline=deadline, margin=self._settings.retry.margin):
            return None
        try:
            admission = self.admit(attempt=2)
        except (CircuitOpen, Overloaded):
            return None
        if admission.queued or not self.budget.withdraw():
            admission.abandon()
            return None
        return admission


class Admission(msgspec.Struct, eq=False):
    """One attempt's way past the guard. Made by :meth:`ServerGuard.admit`; used by one caller.

    Each method that ends it may be called again and then does nothing.
    """

    _guard: ServerGuard
    _ticket: Ticket
    _first: bool
    _permit: Permit | None = None

    @property
    def queued(self) -> bool:
        """Whether it has not started: wait for the turn, which may have come already, then :meth:`start`."""
        return self._permit is None

    def on_admit(self, hook: Hook) -> None:
        """Have ``hook`` called when the turn has come; see :meth:`Ticket.on_admit`."""
        self._ticket.on_admit(hook)

    def start(self) -> None:
        """Begin the attempt, after its turn has come.

        Raises:
            CircuitOpen: The server failed too often while this call was waiting; it is ended.
            RuntimeError: Its turn has not come, or it is ended.
        """
        if self._ticket.place is not _ADMITTED:
            raise RuntimeError("An attempt starts when on_admit() has told that its turn has come")
        try:
            self._permit = self._guard.breaker.acquire()
        except CircuitOpen:
            self._ticket.leave()
            raise
        if self._first:
            self._guard.budget.deposit()

    def record(self, error: InvocationError | None) -> None:
        """End it with its outcome: None for success. Before :meth:`start` this is :meth:`abandon`."""
        self._end(_SUCCESS if error is None else verdict(error))

    def abandon(self) -> None:
        """End it without an outcome: cancelled, or out of time in the queue."""
        self._end(Verdict.NEUTRAL)

    def _end(self, outcome: Verdict) -> None:
        permit, self._permit = self._permit, None
        if permit is not None:
            self._guard.breaker.record(permit, outcome)
        self._guard.bulkhead.leave(self._ticket)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ticket.place is not _LEFT:
            self.abandon()
