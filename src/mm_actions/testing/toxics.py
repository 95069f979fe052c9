"""What a fault proxy does to the bytes it forwards: one value a fault, in seconds and bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Direction(StrEnum):
    """Which way bytes go."""

    UPSTREAM = "upstream"
    """From the client to the server."""
    DOWNSTREAM = "downstream"
    """From the server to the client."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Deliver bytes later, in their order and without limiting how many are under way.

    Args:
        seconds: How much later.
        jitter: Seconds more or less, drawn evenly for each piece from the proxy's seeded source.
    """

    seconds: float
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Deliver no faster than this.

    Args:
        bytes_per_second: The rate.
    """

    bytes_per_second: float


@dataclass(frozen=True, slots=True)
class Slicer:
    """Deliver bytes in small pieces, each a segment of its own.

    Args:
        size: Bytes in a piece.
        delay: Seconds between two pieces.
    """

    size: int
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class SlowClose:
    """Pass the end of the connection on later.

    Args:
        seconds: How much later.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class ResetPeer:
    """End the connection with RST on both sides; at once when no argument is given.

    Args:
        after_bytes: Bytes still delivered in this direction, over the connection's life.
        after_seconds: Seconds since the connection began, or since the fault was added to it.
    """

    after_bytes: int | None = None
    after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class BlackHole:
    """Take bytes and deliver nothing, not even the end of the connection.

    Args:
        seconds: Seconds after which the connection is closed, counted as for :class:`ResetPeer`; None never.
    """

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LimitData:
    """Close the connection after so many bytes.

    Args:
        count: Bytes delivered in this direction, over the connection's life.
    """

    count: int


Toxic: TypeAlias = Latency | Bandwidth | Slicer | SlowClose | ResetPeer | BlackHole | LimitData
