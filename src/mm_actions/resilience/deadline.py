"""The point in time at which a turn stops waiting, whatever it waits for."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Self

import msgspec

from mm_actions.errors import ConfigurationError

Clock = Callable[[], float]
"""Seconds from an arbitrary start, never going back."""


class Deadline(msgspec.Struct, frozen=True):
    """One absolute end for a whole turn: every step of a sequence, every retry and every wait between them.

    A timeout that starts anew with each attempt adds up; an absolute point in time cannot
    (https://grpc.io/docs/guides/deadlines/).

    Attributes:
        at: The end, in the clock's seconds.
        clock: What time it is.
    """

    at: float
    clock: Clock = time.monotonic

    @classmethod
    def after(cls, seconds: float, *, clock: Clock = time.monotonic) -> Self:
        """Return the deadline that many seconds from now.

        Raises:
            ConfigurationError: ``seconds`` is negative, infinite or not a number.
        """
        if not 0 <= seconds < math.inf:
            raise ConfigurationError(f"A deadline of {seconds!r} seconds cannot be met: write 0 or more")
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left; 0.0 once the time is up."""
        return max(0.0, self.at - self.clock())

    def remaining_ms(self) -> int:
        """Return the whole milliseconds left, rounded down: a server must not work longer than we wait."""
        return int(self.remaining() * 1000)

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return self.clock() >= self.at

    def min_with(self, other: Deadline) -> Deadline:
        """Return the earlier of two deadlines on the same clock."""
        return other if other.at < self.at else self

    def within(self, seconds: float) -> Deadline:
        """Return a deadline that many seconds from now, or this one where it comes first.

        Raises:
            ConfigurationError: As :meth:`after`.
        """
        return self.min_with(Deadline.after(seconds, clock=self.clock))
