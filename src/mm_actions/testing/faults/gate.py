"""A gate between a test and a script: the script waits, the test opens."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress


class Gate:
    """Something scripts wait for and a test opens, from any thread; once open it stays open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def is_open(self) -> bool:
        """Whether it was opened."""
        return self._open

    def open(self) -> None:
        """Let every script that waits here go on, now and later."""
        with self._lock:
            self._open = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            with suppress(RuntimeError):  # that server has been closed meanwhile
                loop.call_soon_threadsafe(event.set)

    async def wait(self) -> None:
        """Return when the gate is open."""
        event = asyncio.Event()
        with self._lock:
            if self._open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()
