"""A private event loop on a thread, for libraries that exist for event loops alone."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.http.failures import connect_failed

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

_Result = TypeVar("_Result")


class LoopThread:
    """Runs coroutines for blocking callers; 100 µs and more a call, so only where there is no other way."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def here(self) -> bool:
        """Whether this is the loop's own thread, which cannot wait for the loop."""
        return threading.current_thread() is self._thread

    def run(self, coroutine: Coroutine[Any, Any, _Result], seconds: float | None = None) -> _Result:
        """Run a coroutine to its end; when the caller is interrupted, or waits no longer, it is cancelled.

        Args:
            coroutine: The coroutine.
            seconds: How long the caller waits, at most; None for ever.

        Raises:
            InvocationError: The process has no descriptor left for an event loop.
            TimeoutError: It has not ended in time.
        """
        future = self.start(coroutine)
        try:
            return future.result(seconds)
        finally:
            future.cancel()
            del (
                future
            )  # it has the error, whose traceback has this frame: a circle that would keep the answer

    def start(self, coroutine: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Have a coroutine run; it sees the caller's context.

        Raises:
            InvocationError: The process has no descriptor left for an event loop.
        """
        try:
            loop = self._running()
        except OSError as error:
            coroutine.close()
            raise connect_failed(error.errno, str(error)) from error
        return asyncio.run_coroutine_threadsafe(coroutine, loop)

    def stop(self, patience: float | None = None) -> None:
        """End the loop and its thread; the next call begins new ones.

        Args:
            patience: Seconds to wait for the thread, which a coroutine may hold; None for ever.
        """
        with self._changing:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            if thread is not threading.current_thread():
                thread.join(patience)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._changing:
            if self._loop is None:
                _check_descriptors()
                loop = self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_run, args=(loop,), name="mm_actions-loop", daemon=True
                )
                self._thread.start()
            return self._loop


class _SharedLoop:
    """The loop of a process for blocking callers who want one for a moment; a forked child has its own."""

    def __init__(self) -> None:
        self.forget_parent()
        start_anew_after_fork(self)
        atexit.register(self.stop)

    def forget_parent(self) -> None:
        """Begin anew, in a forked child."""
        self.thread = LoopThread()

    def stop(self) -> None:
        """End it, at the end of the program."""
        self.thread.stop()


def shared_loop() -> LoopThread:
    """Give the loop that all blocking callers of the process may share."""
    return _shared.thread


def _check_descriptors() -> None:
    """Fail before a loop is made, for one that fails half-made complains when it is collected."""
    with contextlib.ExitStack() as pairs:
        for _ in range(2):  # a loop needs three descriptors
            for end in socket.socketpair():
                pairs.callback(end.close)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


_shared = _SharedLoop()
