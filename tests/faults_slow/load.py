"""Many calls at once, in either colour, and what to say of their times."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Self

from mm_actions import ActionResult, CustomAction, DialogueResponder, Request

PATIENT = {
    "retry": {"base": 0.001},
    "budget": {"ratio": 10},
    "breaker": {"failures": 1_000_000, "success_ratio": 0},
}
"""Figures under which neither the budget nor the breaker gets in the way of a fault that comes every time."""


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value below or at which this share of the values lies."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


def spread(seconds: Sequence[float]) -> str:
    """Write times in milliseconds."""
    p50, p99, most = (percentile(seconds, share) * 1000 for share in (0.5, 0.99, 1))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {most:.1f} ms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call: when it began and ended on ``time.monotonic``, and how.

    The result itself is let go: thousands of errors with their tracebacks would make the garbage collector
    stop the program for longer than what is measured.
    """

    began: float
    ended: float
    kind: str
    attempts: int
    retry_after: float | None

    @property
    def elapsed(self) -> float:
        return self.ended - self.began

    @property
    def ok(self) -> bool:
        return self.kind == "ok"


def _called(began: float, result: ActionResult) -> Called:
    ended = time.monotonic()
    error = result.error
    return Called(
        began=began,
        ended=ended,
        kind=result.kind,
        attempts=result.attempts,
        retry_after=None if error is None else error.retry_after,
    )


def call(action: CustomAction, request: Request | None = None) -> Called:
    began = time.monotonic()
    return _called(began, action.invoke(request or Request(), DialogueResponder()))


async def call_async(action: CustomAction, request: Request | None = None) -> Called:
    began = time.monotonic()
    return _called(began, await action.invoke_async(request or Request(), DialogueResponder()))


def closed_loop(action: CustomAction, *, colour: str, calls: int, at_once: int) -> list[Called]:
    """Make so many calls, so many at once, on threads or on an event loop."""
    numbers = iter(range(calls))
    done: list[Called] = []
    if colour == "async":

        async def work() -> None:
            for _ in numbers:
                called = await call_async(action)
                done.append(called)

        async def crowd() -> None:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once):
                    group.create_task(work())

        asyncio.run(crowd())
    else:
        lock = threading.Lock()

        def work_through() -> None:
            while True:
                with lock:
                    if next(numbers, None) is None:
                        return
                done.append(call(action))

        with ThreadPoolExecutor(at_once) as pool:
            for future in [pool.submit(work_through) for _ in range(at_once)]:
                future.result()
    return done


@dataclass
class OpenLoop:
    """Makes calls at a rate, whether or not those before have ended, until told to stop.

    Args:
        action: What to call.
        colour: On threads, or on an event loop of its own thread.
        rate: Calls a second; may be changed at any time.
        threads: For blocking calls: how many may wait at once.
    """

    action: CustomAction
    colour: str
    rate: float
    threads: int = 260
    done: list[Called] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        target = self._on_threads if self.colour == "sync" else lambda: asyncio.run(self._on_a_loop())
        self._thread = threading.Thread(target=target, name="open-loop")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        assert self._thread is not None
        self._thread.join(30)

    def run_for(self, seconds: float) -> list[Called]:
        """Let it run for a while; give the calls that ended meanwhile."""
        before = len(self.done)
        threading.Event().wait(seconds)
        return self.done[before:]

    def _due(self) -> Any:
        """Give the points in time at which calls are due."""
        due = time.monotonic()
        while not self._stopped.is_set():
            yield due
            due += 1 / self.rate

    def _on_threads(self) -> None:
        with ThreadPoolExecutor(self.threads) as pool:
            for due in self._due():
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(lambda: self.done.append(call(self.action)))

    async def _on_a_loop(self) -> None:
        async def one() -> None:
            self.done.append(await call_async(self.action))

        async with asyncio.TaskGroup() as group:
            for due in self._due():
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(one())


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Poll something that gives no signal, such as the number of descriptors, for so long at most."""
    end = time.monotonic() + seconds
    for pause in itertools.repeat(0.01):
        if condition():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    raise AssertionError
