"""Leaving a server alone that fails, and finding out when it works again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import RLock
from typing import TYPE_CHECKING

from mm_actions.errors import CircuitOpen
from mm_actions.resilience.bounds import check_bounds
from mm_actions.resilience.retry import RANDOM
from mm_actions.resilience.verdict import Verdict
from mm_actions.resilience.window import Window

if TYPE_CHECKING:
    from mm_actions.resilience.deadline import Clock
    from mm_actions.resilience.retry import RandomSource


_log = logging.getLogger(__name__)

_SUCCESS = Verdict.SUCCESS  # of every healthy call; found sooner than as a member of its enumeration
_HIGHEST_EXPONENT = 1000  # of 2.0: the next ones would end in an OverflowError, far above any cap


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """The figures of a :class:`Breaker`.

    Attributes:
        failures: Failures without a success between them that open it.
        success_ratio: The share of successes below which a failure opens it.
        calls: Calls within the window without which the share is not judged.
        window: Seconds that the share looks back.
        open_for: Seconds that it stays open the first time; twice that the next time, and so on.
        open_at_most: Seconds that it stays open, at most.
        jitter: The share of the time by which it may stay open longer, at random.
    """

    failures: int = 5
    success_ratio: float = 0.8
    calls: int = 20
    window: float = 30.0
    open_for: float = 5.0
    open_at_most: float = 300.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        check_bounds(
            self,
            failures=(1, 1_000_000),
            success_ratio=(0, 1),
            calls=(1, 1_000_000),
            window=(0.1, 3600),
            open_for=(0.001, 86_400),
            open_at_most=(0.001, 86_400),
            jitter=(0, 1),
        )


class BreakerState(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    """Every call goes through."""
    OPEN = "open"
    """No call goes through until the time is up; the first one after that is the probe."""
    HALF_OPEN = "half-open"
    """One call, the probe, decides; the others are refused."""
    DISABLED = "disabled"
    """The server said it is gone: no call goes through until :meth:`Breaker.reset`."""


class Permit:
    """The right to one call. Compared by identity; says nothing by itself."""

    __slots__ = ()


Listener = Callable[[BreakerState, BreakerState], object]
"""Called after each change with the state before and the state after."""


class Breaker:
    """Opens after 5 failures in a row, or under 80 % success among at least 20 calls in 30 s.

    It stays open for 5 s, doubling up to 300 s while probes fail. The outcome of a call counts only
    in the period in which it was permitted: what comes back late neither opens nor closes. Thread-safe.

    Args:
        policy: The figures.
        server: The server's name, for error messages.
        clock: What time it is.
        rng: The source of jitter.
        listener: Told of each change of state, outside of the lock.
    """

    __slots__ = (
        "_clock",
        "_closed",
        "_failures",
        "_listener",
        "_lock",
        "_openings",
        "_policy",
        "_probe",
        "_rng",
        "_server",
        "_state",
        "_until",
        "_window",
    )

    def __init__(
        self,
        policy: BreakerPolicy | None = None,
        *,
        server: str | None = None,
        clock: Clock = time.monotonic,
        rng: RandomSource = RANDOM,
        listener: Listener | None = None,
    ) -> None:
        self._policy = policy or BreakerPolicy()
        self._server = server
        self._clock = clock
        self._rng = rng
        self._listener = listener
        self._lock = RLock()  # re-entrant: see Bulkhead
        self._window = Window(self._policy.window, clock)
        self._state = BreakerState.CLOSED
        self._closed: Permit | None = Permit()  # shared by all calls of one closed period
        self._probe: Permit | None = None
        self._failures = 0
        self._openings = 0
        self._until = 0.0

    @property
    def state(self) -> BreakerState:
        """Where it stands; open until a probe is taken, even when the time is up."""
        return self._state

    def check(self) -> None:
        """Take nothing, but refuse as :meth:`acquire` would at this moment.

        Raises:
            CircuitOpen: As :meth:`acquire`.
        """
        if self._closed is None:
            with self._lock:
                self._refuse()

    def acquire(self) -> Permit:
        """Return the right to one call, whose outcome must go to :meth:`record`.

        Raises:
            CircuitOpen: The server is left alone; ``retry_after`` tells for how long, where it is known.
        """
        permit = self._closed
        if permit is not None:
            return permit
        with self._lock:
            self._refuse()
            if self._closed is not None:  # by another thread, meanwhile
                return self._closed
            before, self._state = self._state, BreakerState.HALF_OPEN
            self._probe = probe = Permit()
        self._tell(before, BreakerState.HALF_OPEN)
        return probe

    def record(self, permit: Permit, verdict: Verdict) -> None:
        """Take the outcome of one call; ``NEUTRAL`` gives the permit back without one."""
        with self._lock:
            before = self._state
            if permit is self._probe:
                self._settle_probe(verdict)
            elif permit is self._closed:
                self._count(verdict)
            after = self._state
        if before is not after:
            self._tell(before, after)

    def reset(self) -> None:
        """Close it and forget everything, as after a reload of the configuration."""
        with self._lock:
            before = self._state
            self._close()
        self._tell(before, BreakerState.CLOSED)

    def _refuse(self) -> None:
        """Raise, unless the breaker is closed or a probe may be taken."""
        wait: float | None = None
        hint = "Look at the errors before this one"
        if self._state is BreakerState.OPEN and (wait := self._until - self._clock()) > 0:
            cause = f"it failed too often and is left alone for {wait:.1f} s more"
        elif self._state is BreakerState.HALF_OPEN and self._probe is not None:
            cause = "it failed too often and one call is finding out whether it works again"
        elif self._state is BreakerState.DISABLED:
            cause = "it answered 410, gone, and is not asked again"
            hint = "Correct the server's url and reload"
        else:
            return
        raise CircuitOpen(cause, hint=hint, retry_after=wait, server=self._server)

    def _settle_probe(self, verdict: Verdict) -> None:
        self._probe = None
        if verdict is Verdict.SUCCESS:
            self._close()
        elif verdict is Verdict.FAILURE:
            self._open()
        elif verdict is Verdict.GONE:
            self._disable()

    def _count(self, verdict: Verdict) -> None:
        if verdict is _SUCCESS:
            self._failures = 0
            self._window.add_good()
        elif verdict is Verdict.FAILURE:
            self._failures += 1
            self._window.add_bad()
            calls = self._window.good + self._window.bad
            unreliable = self._window.good < self._policy.success_ratio * calls
            if self._failures >= self._policy.failures or (calls >= self._policy.calls and unreliable):
                self._open()
        elif verdict is Verdict.GONE:
            self._disable()

    def _open(self) -> None:
        policy = self._policy
        nominal = min(policy.open_at_most, policy.open_for * 2.0 ** min(self._openings, _HIGHEST_EXPONENT))
        longer = nominal * (1 + policy.jitter * self._rng.random())
        self._openings += 1
        self._until = self._clock() + min(policy.open_at_most, longer)
        self._state = BreakerState.OPEN
        self._closed = None

    def _close(self) -> None:
        self._window.clear()
        self._failures = 0
        self._openings = 0
        self._probe = None
        self._state = BreakerState.CLOSED
        self._closed = Permit()

    def _disable(self) -> None:
        self._state = BreakerState.DISABLED
        self._closed = None

    def _tell(self, before: BreakerState, after: BreakerState) -> None:
        if self._listener is None or before is after:
            return
        try:
            self._listener(before, after)
        except Exception:  # noqa: BLE001 - must not cost a call, nor the probe that was just taken
            _log.warning("The listener of the breaker of %s failed", self._server, exc_info=True)
