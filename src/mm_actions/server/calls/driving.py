"""Runs a coroutine within the task that asks for it, but no longer than a deadline.

A task of its own for every handler would cost as much as the rest of a call. So a handler is stepped here:
one which waits for nothing ends in its first step, without a timer; one which waits is cancelled when its
time is up. If it goes on all the same, which :func:`asyncio.wait_for` would wait for, a task takes it over,
and the caller is free.
"""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    Running = Coroutine[Any, Any, Any]


class Outcome(msgspec.Struct, frozen=True):
    """How a handler ended."""

    value: Any = None
    error: BaseException | None = None


class Late(Exception):
    """The handler's time was up.

    Attributes:
        ending: Gives how it ends after all; None if it ended when it was cancelled.
    """

    def __init__(self, ending: asyncio.Future[Outcome] | None) -> None:
        super().__init__()
        self.ending = ending


class Departure:
    """Says, once, that a caller waits no longer for its answer.

    Attributes:
        announced: Whether it has been said.
    """

    __slots__ = ("_attend", "announced")

    def __init__(self) -> None:
        self.announced = False
        self._attend: Callable[[], None] | None = None

    def announce(self) -> None:
        """Say it, to whoever attends."""
        if not self.announced:
            self.announced = True
            if self._attend is not None:
                self._attend()

    def attend(self, attend: Callable[[], None] | None) -> None:
        """Have something done when it is said, at once if it has been said already; None for nothing more."""
        self._attend = attend
        if self.announced and attend is not None:
            attend()


class Driver:
    """Steps coroutines, and knows whose step is being taken.

    Attributes:
        stepping: The name of the handler whose code is running right now, for whoever watches from outside.
    """

    __slots__ = ("stepping",)

    def __init__(self) -> None:
        self.stepping: str | None = None

    async def run(
        self, coroutine: Running, name: str | None, seconds: float, departure: Departure | None = None
    ) -> Outcome:
        """Run a handler; nothing that it raises leaves this method.

        Raises:
            Late: The time was up, or the caller has left, which comes to the same.
            asyncio.CancelledError: The caller was cancelled, and the handler with it.
        """
        first = self.begin(coroutine, name)
        if type(first) is Outcome:
            return first
        return await self.rest(coroutine, first, name, seconds, departure)

    def begin(self, coroutine: Running, name: str | None) -> Any:
        """Take a handler's first step: most have no other, and need no more than this.

        Returns:
            An :class:`Outcome` if it has ended; else what it waits for, which :meth:`rest` wants to know.
        """
        return self._step(coroutine.send, None, name)

    async def rest(
        self,
        coroutine: Running,
        first: Any,
        name: str | None,
        seconds: float,
        departure: Departure | None = None,
    ) -> Outcome:
        """Run what is left of a handler after its first step; as :meth:`run`."""
        deadline = _Deadline(seconds)
        if departure is not None:
            departure.attend(deadline.expire)
        try:
            ended = await self._go_on(coroutine, first, name, deadline)
        finally:
            deadline.timer.cancel()
            if departure is not None:
                departure.attend(None)
        if deadline.expired:
            deadline.task.uncancel()
            raise Late(ended if isinstance(ended, asyncio.Future) else None)
        outcome = ended if isinstance(ended, Outcome) else await ended
        if isinstance(outcome.error, asyncio.CancelledError) and deadline.task.cancelling():
            raise outcome.error
        return outcome

    @types.coroutine
    def _go_on(
        self,
        coroutine: Running,
        waits_for: Any,
        name: str | None,
        deadline: _Deadline | None,
    ) -> Generator[Any, Any, Outcome | asyncio.Task[Outcome]]:
        """Hand what the handler waits for to the event loop, and what comes back to the handler."""
        while True:
            try:
                sent = yield waits_for
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # noqa: BLE001 - the handler's to see
                step = self._step(coroutine.throw, error, name)
            else:
                step = self._step(coroutine.send, sent, name)
            if type(step) is Outcome:
                return step
            if deadline is not None and deadline.expired:
                return asyncio.ensure_future(self._take_over(coroutine, step, name))
            waits_for = step

    async def _take_over(self, coroutine: Running, waits_for: Any, name: str | None) -> Outcome:
        ended = await self._go_on(coroutine, waits_for, name, None)
        return ended if isinstance(ended, Outcome) else await ended

    def _step(self, step: Callable[[Any], Any], given: Any, name: str | None) -> Any:
        """Run the handler up to where it waits, or ends; an Outcome means that it has ended.

        What it raises is kept: a task that lets a SystemExit out ends the event loop.
        """
        before, self.stepping = self.stepping, name
        try:
            return step(given)
        except StopIteration as end:
            return Outcome(end.value)
        except BaseException as error:  # noqa: BLE001 - see above
            return Outcome(None, error)
        finally:
            self.stepping = before


class _Deadline:
    """Cancels the current task when the time is up."""

    __slots__ = ("expired", "task", "timer")

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a handler is run within a task")
        self.task = task
        self.expired = False
        self.timer = asyncio.get_running_loop().call_later(seconds, self.expire)

    def expire(self) -> None:
        """Cancel it, once."""
        if not self.expired:
            self.expired = True
            self.task.cancel()
