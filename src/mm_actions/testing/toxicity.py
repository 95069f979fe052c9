"""The faults in force at a proxy, and the figures that follow from them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mm_actions.testing.sockets import CHUNK
from mm_actions.testing.toxics import (
    Bandwidth,
    BlackHole,
    Direction,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Toxic,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_Kind = TypeVar("_Kind", bound=Toxic)

_SMOOTHNESS = 0.05
"""Seconds of traffic delivered at once under a limited bandwidth."""


@dataclass(frozen=True, slots=True)
class Dose:
    """One fault in one direction, and when it was added on ``time.monotonic``."""

    toxic: Toxic
    direction: Direction
    since: float


class Toxicity:
    """The faults in force, changed and read on the proxy's event loop."""

    def __init__(self) -> None:
        self._doses: tuple[Dose, ...] = ()
        self._changed = asyncio.Event()

    @property
    def doses(self) -> tuple[Dose, ...]:
        """The faults in force; a new tuple at every change, so any thread may read it."""
        return self._doses

    def add(self, toxic: Toxic, *directions: Direction) -> None:
        """Put a fault into force, for open connections too."""
        self._change((*self._doses, *(Dose(toxic, direction, time.monotonic()) for direction in directions)))

    def remove(self, toxic: Toxic) -> None:
        """Lift a fault in every direction."""
        self._change(tuple(dose for dose in self._doses if dose.toxic != toxic))

    def clear(self) -> None:
        """Lift every fault."""
        self._change(())

    async def pause(self, seconds: float | None) -> None:
        """Wait for so long, or until the faults change."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def latency(self, direction: Direction, luck: float) -> float:
        """Return the seconds to add to a piece whose luck is between -1 and 1."""
        return sum(max(0.0, toxic.seconds + luck * toxic.jitter) for toxic in self._of(Latency, direction))

    def piece(self, direction: Direction) -> tuple[int, float, float]:
        """Return the bytes to deliver at once, the seconds each takes, and the seconds after a piece."""
        slicers, rates = list(self._of(Slicer, direction)), list(self._of(Bandwidth, direction))
        rate = min((toxic.bytes_per_second for toxic in rates), default=0.0)
        sizes = [max(1, toxic.size) for toxic in slicers]
        if rate:
            sizes.append(max(1, int(rate * _SMOOTHNESS)))
        delay = sum(toxic.delay for toxic in slicers)
        return min(sizes, default=CHUNK), 1 / rate if rate else 0.0, delay

    def closing_delay(self, direction: Direction) -> float:
        """Return the seconds by which the end of the connection is late."""
        return sum(toxic.seconds for toxic in self._of(SlowClose, direction))

    def swallows(self, direction: Direction) -> bool:
        """Return whether bytes vanish."""
        return any(True for _ in self._of(BlackHole, direction))

    def byte_limit(self, direction: Direction) -> tuple[int, bool] | None:
        """Return after how many bytes a connection ends, and whether with RST; the nearest limit counts."""
        limits = [(toxic.count, False) for toxic in self._of(LimitData, direction)]
        resets = self._of(ResetPeer, direction)
        limits += [(toxic.after_bytes, True) for toxic in resets if toxic.after_bytes is not None]
        return min(limits, default=None)

    def time_limit(self, began: float) -> tuple[float, bool] | None:
        """Return when a connection ends that began then, and whether with RST; the nearest limit counts."""
        limits = []
        for dose in self._doses:
            start = max(began, dose.since)
            match dose.toxic:
                case BlackHole(seconds) if seconds is not None:
                    limits.append((start + seconds, False))
                case ResetPeer(None, seconds):
                    limits.append((start + (seconds or 0.0), True))
                case ResetPeer(_, seconds) if seconds is not None:
                    limits.append((start + seconds, True))
        return min(limits, default=None)

    def _of(self, kind: type[_Kind], direction: Direction) -> Iterator[_Kind]:
        for dose in self._doses:
            if dose.direction is direction and isinstance(dose.toxic, kind):
                yield dose.toxic

    def _change(self, doses: tuple[Dose, ...]) -> None:
        self._doses = doses
        self._changed.set()
        self._changed = asyncio.Event()
