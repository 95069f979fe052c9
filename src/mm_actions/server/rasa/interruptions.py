"""Barge-in: a user who speaks while an action streams wants to hear no more of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    class Timer(Protocol):
        """What is to happen later."""

        def cancel(self) -> None:
            """Have it not happen."""

    Later = Callable[[float, Callable[[], None]], Timer]


class Interruptible(Protocol):
    """A call that streams."""

    def interrupt(self) -> None:
        """Pass on nothing more of what is said; the answer is still wanted."""
        ...

    def give_up(self) -> None:
        """Answer without the action: it has not ended in time."""
        ...


class Interruptions:
    """Knows the calls that stream, by the ids of their streamed responses.

    An id is good until its call has ended: who hears a response may interrupt it after its last piece has
    left, and means what follows as well.

    Args:
        seconds: That an action has to end once it is interrupted, whether it says anything more or not.
        later: Calls a function after so many seconds; by default the event loop's ``call_later``.
    """

    def __init__(self, seconds: float, later: Later | None = None) -> None:
        self._seconds = seconds
        self._later = later
        self._calls: dict[str, Interruptible] = {}
        self._timers: dict[Interruptible, Timer] = {}

    def __len__(self) -> int:
        """Count the ids that are good."""
        return len(self._calls)

    def open(self, response_id: str, call: Interruptible) -> None:
        """Note whose response an id is."""
        self._calls[response_id] = call

    def interrupt(self, response_id: str) -> bool:
        """Interrupt the call of a response; one that is over, or was interrupted before, is left alone.

        Returns:
            Whether there is such a call.
        """
        call = self._calls.get(response_id)
        if call is None:
            return False
        if call not in self._timers:
            later = self._later or asyncio.get_running_loop().call_later
            self._timers[call] = later(self._seconds, call.give_up)
            call.interrupt()
        return True

    def close(self, call: Interruptible, response_ids: Iterable[str]) -> None:
        """Forget a call that has ended, and the ids of its responses."""
        for response_id in response_ids:
            if self._calls.get(response_id) is call:  # an action may choose an id that is another one's
                del self._calls[response_id]
        timer = self._timers.pop(call, None)
        if timer is not None:
            timer.cancel()
