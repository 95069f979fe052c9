"""Two counts over the last seconds, in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mm_actions.resilience.deadline import Clock

SLOTS: Final = 10
"""How many slots a window is cut into; the oldest is forgotten whole."""


class Window:
    """Counts good and bad events of the last ``seconds``.

    Time is cut into slots of ``seconds / SLOTS``; slot ``n`` begins at ``n * seconds / SLOTS``. An event
    counts while its slot is among the last ``SLOTS``, the present one included: for nine to ten tenths of
    the window. Not thread-safe: its owner holds a lock.
    """

    __slots__ = ("_bad", "_clock", "_good", "_slot", "_width", "bad", "good")

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._width = seconds / SLOTS
        self._slot = int(clock() // self._width)
        self.clear()

    def clear(self) -> None:
        """Forget every event."""
        self._good = [0] * SLOTS
        self._bad = [0] * SLOTS
        self.good = 0
        self.bad = 0

    def roll(self) -> int:
        """Forget what has become too old; return where the present slot is kept."""
        now = int(self._clock() // self._width)
        if now <= self._slot:
            return self._slot % SLOTS
        for expired in range(max(self._slot, now - SLOTS) + 1, now + 1):
            place = expired % SLOTS
            self.good -= self._good[place]
            self.bad -= self._bad[place]
            self._good[place] = self._bad[place] = 0
        self._slot = now
        return now % SLOTS

    def add_good(self) -> None:
        """Count one good event."""
        now = int(self._clock() // self._width)
        self._good[self._slot % SLOTS if now == self._slot else self.roll()] += 1
        self.good += 1

    def add_bad(self) -> None:
        """Count one bad event."""
        self._bad[self.roll()] += 1
        self.bad += 1
