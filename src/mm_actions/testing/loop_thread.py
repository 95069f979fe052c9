"""An event loop on a thread of its own, so that blocking and async tests can use one server alike."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_Result = TypeVar("_Result")

_PATIENCE = 10.0
"""Seconds granted to starting, stopping and commands; far beyond what any of them takes."""


class LoopThread:
    """Run coroutines on a background event loop until :meth:`stop`.

    Args:
        name: The thread's name, as seen in ``threading.enumerate()``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        """Whether the loop takes commands."""
        return self._thread is not None

    def start(self) -> None:
        """Start the thread; return once its loop takes commands."""
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name=self._name, daemon=True)
        self._thread.start()
        if not started.wait(_PATIENCE):
            raise RuntimeError(f"the event loop of {self._name} did not start within {_PATIENCE:g} s")

    def call(self, function: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        """Run a coroutine on the loop and wait for what it returns; not to be called on the loop itself."""
        if self._loop is None:
            raise RuntimeError(f"{self._name} is not running; use it as a context manager or call start()")
        return asyncio.run_coroutine_threadsafe(function(), self._loop).result(_PATIENCE)

    def spawn(
        self, work: Coroutine[Any, Any, None], done: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        """Start a task on the loop; to be called on the loop.

        Args:
            work: What to run.
            done: Called when the task has ended in any way, even if it was cancelled before its first step,
                when a ``finally`` inside the coroutine would not run.
        """
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if done is not None:
                done()

        task.add_done_callback(ended)
        return task

    def stop(self) -> None:
        """Cancel every task, close the loop and end the thread."""
        thread, self._thread = self._thread, None
        loop, self._loop = self._loop, None
        if thread is None or loop is None or self._ending is None:
            return
        loop.call_soon_threadsafe(self._ending.set)
        thread.join(_PATIENCE)
        if thread.is_alive():
            raise RuntimeError(
                f"the thread {self._name} did not end within {_PATIENCE:g} s; a script blocks it"
            )

    def _run(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._main(started))

    async def _main(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        started.set()
        await self._ending.wait()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
