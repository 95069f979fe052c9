"""The few things of an event loop that a libcurl lane needs, for one blocking caller.

Its time passes only while the caller is in :meth:`PollLoop.step`: who does not read, does not make the server
go on either.
"""

from __future__ import annotations

import select
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 1.0
"""Seconds of one wait, at most: a bound for the case that libcurl asks for no timer."""

_ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Timer:
    """A callback that is due at a moment, unless it is cancelled before."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callable[[], object]) -> None:
        self.due = due
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Have it not called."""
        self.callback = None


class PollLoop:
    """Watches sockets and timers, with the names of :class:`asyncio.AbstractEventLoop`."""

    __slots__ = ("_poll", "_timers", "_watched")

    def __init__(self) -> None:
        # Not select(), which knows no descriptors above 1023.
        self._poll = select.poll()
        self._watched: dict[int, dict[int, Callable[[], object]]] = {}
        self._timers: list[Timer] = []

    def step(self) -> None:
        """Wait until a socket is ready or a timer due, and call whoever waits for that."""
        now = time.monotonic()
        due = min((timer.due for timer in self._timers if timer.callback is not None), default=now + _LONGEST)
        seconds = min(_LONGEST, max(0.0, due - now))
        for descriptor, events in self._poll.poll(seconds * 1000):
            for event, callback in list(self._watched.get(descriptor, {}).items()):
                if events & (event | _ENDED):
                    callback()
        now = time.monotonic()
        ripe = [timer for timer in self._timers if timer.due <= now]
        self._timers = [timer for timer in self._timers if timer.due > now and timer.callback is not None]
        for timer in ripe:
            if timer.callback is not None:
                timer.callback()

    def add_reader(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back when something can be read."""
        self._watch(descriptor, select.POLLIN, lambda: callback(*arguments))

    def add_writer(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back when something can be written."""
        self._watch(descriptor, select.POLLOUT, lambda: callback(*arguments))

    def remove_reader(self, descriptor: int) -> bool:
        """Do not look for something to read any more."""
        return self._watch(descriptor, select.POLLIN, None)

    def remove_writer(self, descriptor: int) -> bool:
        """Do not look for room to write any more."""
        return self._watch(descriptor, select.POLLOUT, None)

    def call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        """Call back after so many seconds."""
        self._timers.append(Timer(time.monotonic() + delay, callback))
        return self._timers[-1]

    def create_future(self) -> Future[Any]:
        """Make a place for an outcome."""
        return Future()

    def is_closed(self) -> bool:
        """Tell that it is not."""
        return False

    def _watch(self, descriptor: int, event: int, callback: Callable[[], object] | None) -> bool:
        waiting = self._watched.setdefault(descriptor, {})
        known = waiting.pop(event, None) is not None
        if callback is not None:
            waiting[event] = callback
        if waiting:
            mask = 0
            for each in waiting:
                mask |= each
            self._poll.register(descriptor, mask)
        else:
            del self._watched[descriptor]
            try:
                self._poll.unregister(descriptor)
            except KeyError:  # it was watched for nothing
                return False
        return known
