"""How many retries a server may get, as a share of its calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from mm_actions.resilience.bounds import check_bounds
from mm_actions.resilience.window import Window

if TYPE_CHECKING:
    from mm_actions.resilience.deadline import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPolicy:
    """The figures of a :class:`RetryBudget`.

    Attributes:
        ratio: Retries per call, at most, over the window.
        reserve: Retries allowed beyond that, so that a quiet client can retry at all.
        window: Seconds that a call and a retry are remembered.
    """

    ratio: float = 0.2
    reserve: int = 3
    window: float = 10.0

    def __post_init__(self) -> None:
        check_bounds(self, ratio=(0, 10), reserve=(0, 1_000_000), window=(0.1, 3600))


class RetryBudget:
    """Allows retries up to 20 % of the calls of the last 10 s, and 3 more.

    Retries are worth their load while few calls fail. When all fail they multiply the load on a server
    that is down already, whatever the back-off; a share of the calls bounds that factor
    (https://finagle.github.io/blog/2016/02/08/retry-budgets). Thread-safe.

    Args:
        policy: The figures.
        clock: What time it is.
    """

    __slots__ = ("_lock", "_policy", "_window")

    def __init__(self, policy: BudgetPolicy | None = None, *, clock: Clock = time.monotonic) -> None:
        self._policy = policy or BudgetPolicy()
        self._window = Window(self._policy.window, clock)
        self._lock = RLock()  # re-entrant: see Bulkhead

    def deposit(self) -> None:
        """Count one call; its retries do not count as calls."""
        with self._lock:
            self._window.add_good()

    def withdraw(self) -> bool:
        """Take one retry; return False, taking none, when the budget is used up."""
        with self._lock:
            self._window.roll()
            if self._window.bad + 1 > self._policy.ratio * self._window.good + self._policy.reserve:
                return False
            self._window.add_bad()
            return True
