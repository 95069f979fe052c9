"""The trace of a call: ids alone, unless somebody who records spans has been installed.

The trace ids and span ids that travel with a call are made here. :mod:`mm_actions.telemetry` puts spans of
OpenTelemetry in their place; nothing else knows that there is such a library.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, ClassVar, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class Attempt(Protocol):
    """One attempt; a context manager that is told the error which leaves it.

    Attributes:
        traceparent: The W3C trace context that the server is told.
        tracestate: The W3C trace state that goes with it; empty when there is none.
        call_id: Names the attempt, and no other one.
    """

    traceparent: str
    tracestate: str
    call_id: str

    @property
    def answered(self) -> Callable[[int], object] | None:
        """Is told the status of the answer; None where nobody wants to know."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End."""
        ...


class Trace(Protocol):
    """One call of an action with all its attempts; a context manager like an attempt.

    Attributes:
        trace_id: The W3C trace id, 32 hexadecimal digits.
    """

    trace_id: str

    def attempt(self, number: int) -> Attempt:
        """Make an attempt; they are counted from 1, and several may be under way at once."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """End."""
        ...


class Tracer(Protocol):
    """Makes traces."""

    def trace(self, *, action: str, server: str, url: str) -> Trace:
        """Make the trace of a call.

        Args:
            action: The action's name.
            server: The server's name in the configuration.
            url: Where it is called.
        """
        ...


# Structs, because they are made for every call: as in core.transport.
class _IdsOfAttempt(msgspec.Struct):
    traceparent: str
    call_id: str
    tracestate: str = ""
    answered: ClassVar[None] = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _IdsOfCall(msgspec.Struct):
    trace_id: str

    def attempt(self, number: int) -> _IdsOfAttempt:  # noqa: ARG002 - all look alike
        call_id = new_span_id()
        return _IdsOfAttempt(f"00-{self.trace_id}-{call_id}-01", call_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Ids:
    """Makes traces that are recorded nowhere."""

    def trace(self, *, action: str, server: str, url: str) -> Trace:  # noqa: ARG002 - recorded nowhere
        """Make the ids of a call."""
        return _IdsOfCall(new_id())  # pyright: ignore[reportReturnType] - of all attempts the same `answered`


def new_id() -> str:
    """Make an id that no other call has: 32 hexadecimal digits, not all zero."""
    return f"{_random.getrandbits(128) or 1:032x}"


def new_span_id() -> str:
    """Make 16 hexadecimal digits that are not all zero."""
    return f"{_random.getrandbits(64) or 1:016x}"


def tracer() -> Tracer:
    """Give whoever makes traces now."""
    return _tracer


def install(new: Tracer) -> Tracer:
    """Have traces made by somebody else, and give who made them until now."""
    global _tracer  # one per process, like the exporters of spans
    before, _tracer = _tracer, new
    return before


_tracer: Tracer = Ids()
_random = random.Random()  # noqa: S311 - ids, not secrets; reseeded after a fork so that no two processes share them
os.register_at_fork(after_in_child=_random.seed)
