"""Keeps what owns a connection between two exchanges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions.transports.http.engine import EngineOptions


class _Keeper(Protocol):
    last_used: float

    def stale(self) -> bool: ...

    def close(self) -> None: ...


_Kept = TypeVar("_Kept", bound=_Keeper)


class IdleStack(Generic[_Kept]):
    """A stack: what was used last is used next, so that few stay warm and the rest ages.

    Append and pop of a list are atomic, so the threads that share a stack need no lock.

    Args:
        make: Makes another one.
        options: The engine's.
    """

    __slots__ = ("_make", "_options", "_stack")

    def __init__(self, make: Callable[[], _Kept], options: EngineOptions) -> None:
        self._make = make
        self._options = options
        self._stack: list[_Kept] = []

    def take(self) -> _Kept:
        """Give one that is used by nobody else: one kept, if its connection is fit to be used, or another."""
        while True:
            try:
                kept = self._stack.pop()
            except IndexError:
                return self._make()
            if time.monotonic() - kept.last_used <= self._options.idle_timeout and not kept.stale():
                return kept
            kept.close()

    def make(self) -> _Kept:
        """Give one that has no connection yet."""
        return self._make()

    def keep(self, kept: _Kept) -> None:
        """Take one back after an exchange that ended well."""
        stack = self._stack
        if len(stack) >= self._options.max_connections:
            kept.close()
            return
        now = kept.last_used = time.monotonic()
        if stack and now - stack[0].last_used > self._options.idle_timeout:
            # Nothing else would close the connections at the bottom of the stack after a burst.
            self._drop_oldest(now)
        stack.append(kept)

    def __iter__(self) -> Iterator[_Kept]:
        return iter(self._stack)

    def close(self) -> None:
        """Close what is here."""
        stack = self._stack
        while True:
            try:
                stack.pop().close()
            except IndexError:
                return

    def _drop_oldest(self, now: float) -> None:
        try:
            oldest = self._stack.pop(0)
        except IndexError:  # another thread took it
            return
        if now - oldest.last_used > self._options.idle_timeout:
            oldest.close()
        else:
            self._stack.append(oldest)
