"""Deadlines of blocking calls, watched by one thread: one for each call costs more than much of the call."""

from __future__ import annotations

import heapq
import threading
import time
from itertools import count
from typing import TYPE_CHECKING

from mm_actions.transports.fork import start_anew_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

_IDLE = 1.0
"""Seconds that the thread stays when there is nothing to watch."""


class Alarm:
    """Something to be done at a time, unless it is cancelled before. Made by :meth:`Alarms.ring_at`."""

    __slots__ = ("_do", "_order", "at")

    def __init__(self, at: float, order: int, do: Callable[[], object]) -> None:
        self.at = at
        self._order = order
        self._do: Callable[[], object] | None = do

    @property
    def cancelled(self) -> bool:
        """Whether nothing is to be done any more."""
        return self._do is None

    def cancel(self) -> None:
        """Do nothing at that time; nor let what would be done be kept until then."""
        self._do = None

    def ring(self) -> None:
        """Do it, if it was not cancelled."""
        do, self._do = self._do, None
        if do is not None:
            do()

    def __lt__(self, other: Alarm) -> bool:
        """Tell which one comes first."""
        return (self.at, self._order) < (other.at, other._order)


class Alarms:
    """Rings alarms on a thread that is there while there are any. What they do must be short."""

    def __init__(self) -> None:
        self.forget_parent()
        start_anew_after_fork(self)

    def forget_parent(self) -> None:
        """Begin anew, in a forked child, where the parent's thread is not."""
        self._changed = threading.Condition()
        self._order = count()
        self._alarms: list[Alarm] = []
        self._running = False

    def ring_at(self, at: float, do: Callable[[], object]) -> Alarm:
        """Have something done.

        Args:
            at: When, in seconds of the monotonic clock.
            do: What; it must be short, and raise nothing.
        """
        alarm = Alarm(at, next(self._order), do)
        with self._changed:
            heapq.heappush(self._alarms, alarm)
            if not self._running:
                threading.Thread(target=self._watch, name="mm_actions-deadlines", daemon=True).start()
                self._running = True
            elif self._alarms[0] is alarm:
                self._changed.notify()
        return alarm

    def _watch(self) -> None:
        while (alarm := self._next()) is not None:
            alarm.ring()

    def _next(self) -> Alarm | None:
        with self._changed:
            while True:
                while self._alarms and self._alarms[0].cancelled:
                    heapq.heappop(self._alarms)
                left = self._alarms[0].at - time.monotonic() if self._alarms else _IDLE
                if left <= 0:
                    return heapq.heappop(self._alarms)
                told = self._changed.wait(min(left, _IDLE))
                if not told and not self._alarms:
                    self._running = False
                    return None


ALARMS = Alarms()
