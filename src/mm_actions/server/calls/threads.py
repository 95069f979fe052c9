"""Threads for handlers that are plain functions: a bounded number, and a bounded wait for one."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from mm_actions.server.calls.driving import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable


class Exhausted(Exception):
    """All threads are busy, and so is the queue before them; the handler was not started."""


class _Job:
    __slots__ = ("context", "function", "future", "loop", "timer")

    def __init__(
        self, function: Callable[[], Any], context: Context, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.function = function
        self.context = context
        self.loop = loop
        self.future: asyncio.Future[Outcome] = loop.create_future()
        self.timer: asyncio.TimerHandle | None = None


class HandlerThreads:
    """Runs functions on at most so many threads, which are started when they are first needed.

    Threads are daemons: one that a handler never gives back does not keep the process from ending.

    Args:
        most: Threads.
        queue: Calls that may wait for one.
        wait: Seconds that a call may wait.
    """

    def __init__(self, most: int, queue: int, wait: float) -> None:
        self._most = most
        self._queue = queue
        self._wait = wait
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._jobs: deque[_Job] = deque()
        self._started = 0
        self._idle = 0
        self._closed = False
        self.abandoned = 0
        """Threads whose caller has been answered already, because its time was up."""

    @property
    def busy(self) -> int:
        """Threads at work, the abandoned ones included."""
        return self._started - self._idle

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread."""
        return len(self._jobs)

    @property
    def exhausted(self) -> bool:
        """Whether another call would be refused."""
        return self.busy >= self._most and len(self._jobs) >= self._queue

    @property
    def stuck(self) -> bool:
        """Whether every thread is held by a handler whose time was up."""
        return self.abandoned >= self._most

    def submit(self, function: Callable[[], Any]) -> asyncio.Future[Outcome]:
        """Run a function in a copy of the caller's context; to be called on the event loop.

        Returns:
            A future that gives how it ended, or raises :exc:`Exhausted` if no thread became free in time.

        Raises:
            Exhausted: It has not been started.
        """
        loop = asyncio.get_running_loop()
        job = _Job(function, copy_context(), loop)
        with self._lock:
            if self._closed:
                raise Exhausted
            if self._idle > len(self._jobs):
                self._jobs.append(job)
                self._work.notify()
            elif self._started < self._most:
                self._started += 1
                self._jobs.append(job)
                threading.Thread(
                    target=self._serve, name=f"mm-actions-handler-{self._started}", daemon=True
                ).start()
            elif len(self._jobs) < self._queue:
                job.timer = loop.call_later(self._wait, self._give_up, job)
                self._jobs.append(job)
            else:
                raise Exhausted
        return job.future

    def withdraw(self, future: asyncio.Future[Outcome]) -> bool:
        """Take a call out of the queue; tell whether it was still there, and so has not been started."""
        with self._lock:
            for job in self._jobs:
                if job.future is future:
                    self._jobs.remove(job)
                    break
            else:
                return False
        if job.timer is not None:
            job.timer.cancel()
        return True

    def close(self) -> None:
        """Let idle threads end; those at work end after it."""
        with self._lock:
            self._closed = True
            self._work.notify_all()

    def _give_up(self, job: _Job) -> None:
        with self._lock:
            try:
                self._jobs.remove(job)
            except ValueError:
                return  # a thread has it
        if not job.future.done():
            job.future.set_exception(Exhausted())

    def _serve(self) -> None:
        while True:
            with self._lock:
                while not self._jobs:
                    if self._closed:
                        self._started -= 1
                        return
                    self._idle += 1
                    self._work.wait()
                    self._idle -= 1
                job = self._jobs.popleft()
            if not job.future.cancelled():
                outcome = _run(job)
                with suppress(RuntimeError):  # the event loop has been closed, and nobody waits
                    job.loop.call_soon_threadsafe(_deliver, job, outcome)
                del outcome
            del job


def _run(job: _Job) -> Outcome:
    try:
        return Outcome(job.context.run(job.function))
    except BaseException as error:  # noqa: BLE001 - SystemExit too is a failure of the handler, not of the thread
        return Outcome(None, error)


def _deliver(job: _Job, outcome: Outcome) -> None:
    if job.timer is not None:
        job.timer.cancel()
    if not job.future.done():
        job.future.set_result(outcome)
