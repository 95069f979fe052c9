"""Notices that the event loop is blocked, and says by what."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("mm_actions.server")

_LOOKS = 4
_QUIET = 10.0


class LoopWatch:
    """Asks the event loop for a sign of life from a thread of its own; logs the loop's stack when none comes.

    Python code is caught in the act. What holds the interpreter's lock, such as a long regular expression,
    holds this thread as well; it is reported once it lets go.

    Args:
        seconds: Without a sign, after which the loop counts as blocked; 0 watches nothing.
        blamed: Gives the name of the action whose code is running, if any is.
    """

    def __init__(self, seconds: float, blamed: Callable[[], str | None]) -> None:
        self._seconds = seconds
        self._blamed = blamed
        self._reported: dict[str | None, float] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running event loop."""
        if self._seconds > 0 and self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(
                target=self._watch, args=(loop, threading.get_ident()), name="mm-actions-watch", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(1.0)

    def _watch(self, loop: asyncio.AbstractEventLoop, ident: int) -> None:
        while not self._ending.wait(self._seconds / _LOOKS):
            sign = threading.Event()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(sign.set)
            except RuntimeError:  # closed
                return
            if sign.wait(self._seconds):
                continue
            reported = self._report(ident, asked)
            while not sign.wait(self._seconds):
                if self._ending.is_set():
                    return
            if reported:
                logger.warning("the event loop goes on after %.0f ms", (time.monotonic() - asked) * 1000)

    def _report(self, ident: int, asked: float) -> bool:
        """Log the stack, unless the same action's was logged a moment ago: an overload would fill the log."""
        frame = sys._current_frames().get(ident)  # noqa: SLF001 - documented; the one way to see another thread
        name, now = self._blamed(), time.monotonic()
        if now - self._reported.get(name, float("-inf")) < _QUIET:
            return False
        self._reported[name] = now
        stack = "".join(traceback.format_stack(frame)) if frame is not None else "it has ended\n"
        logger.warning(
            "the event loop is blocked for %.0f ms, by %s; blocking work belongs in a handler that is a plain"
            " function\n%s",
            (now - asked) * 1000,
            "no action" if name is None else f"action {name!r}",
            stack,
        )
        return True
