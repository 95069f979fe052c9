"""How long a caller waits for a handler of its own process, and what it says when it waits no longer."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import CancelledError
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.errors import DeadlineExceeded, ResponseAborted, Sent

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mm_actions.errors import InvocationError
    from mm_actions.transports.loop_thread import LoopThread

T = TypeVar("T")

_BLOCKED = 0.025
"""Seconds beyond the deadline after which an event loop that says nothing must be blocked."""
_EARLY = 0.005
"""Seconds by which the host may give up before its caller would, though their time is the same."""


class Patience:
    """The time of one attempt, from now.

    Args:
        seconds: How much there is.
    """

    __slots__ = ("_until", "began", "seconds")

    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.seconds = seconds
        self._until = self.began + seconds

    def rest(self, *, blocked: bool = False) -> float:
        """Give the seconds that are left.

        Args:
            blocked: Give those after which the loop that should have kept the time is blocked.
        """
        return max(0.0, self._until - time.monotonic() + (_BLOCKED if blocked else 0.0))

    @property
    def over(self) -> bool:
        """Whether there is nothing left that could make a difference."""
        return self._until - time.monotonic() <= _EARLY


def wait(thread: LoopThread, coroutine: Coroutine[Any, Any, T], patience: Patience) -> T:
    """Run a coroutine on the event loop of a thread, for a caller that waits on its own thread.

    Raises:
        DeadlineExceeded: It has not ended in time.
        ResponseAborted: The loop was closed meanwhile.
    """
    try:
        return thread.run(coroutine, patience.rest(blocked=True))
    except TimeoutError:
        raise time_up(patience, blocked=True) from None
    except CancelledError:
        raise _closed() from None


async def wait_across(thread: LoopThread, coroutine: Coroutine[Any, Any, T], patience: Patience) -> T:
    """Run a coroutine on the event loop of a thread, for a caller on another one; as :func:`wait`."""
    return await wait_for(asyncio.wrap_future(thread.start(coroutine)), patience)


async def wait_for(running: asyncio.Future[T], patience: Patience) -> T:
    """Wait for something, and cancel it at the end, but do not wait for it to obey; as :func:`wait`."""
    try:
        await asyncio.wait((running,), timeout=patience.rest(blocked=True))
    finally:
        running.cancel()
    if not running.done():
        raise time_up(patience, blocked=True)
    if running.cancelled():
        raise _closed()
    return running.result()


def judged(error: InvocationError, patience: Patience) -> InvocationError:
    """Say of an action that timed out whose time it was: the caller's own is a deadline."""
    if error.status == HTTPStatus.GATEWAY_TIMEOUT and patience.over:
        return time_up(patience)
    return error


def time_up(patience: Patience, *, blocked: bool = False) -> DeadlineExceeded:
    """Say that the caller's time is up.

    Args:
        patience: The caller's.
        blocked: Whether the event loop did not even say so itself.
    """
    error = DeadlineExceeded(
        f"the {patience.seconds:.3g} s for the call were up before the action had ended",
        hint="Raise timeout if the action may take longer",
        sent=Sent.YES,
    )
    if blocked:
        error.cause += ", and the event loop of its module is blocked"
        error.hint = "Make a plain function of the coroutine that blocks it: it then runs on a thread"
    return error


def _closed() -> ResponseAborted:
    return ResponseAborted(
        "the endpoint was closed while the action was at work",
        hint="Close endpoints when their calls have ended",
        sent=Sent.YES,
    )
