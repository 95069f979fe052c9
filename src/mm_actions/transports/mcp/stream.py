"""A call of a tool whose progress is shown while it is at work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mm_actions.contract.wire import Answer
from mm_actions.errors import InvocationError
from mm_actions.transports.mcp.failures import aborted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from mm_actions.contract.events import Item
    from mm_actions.transports.loop_thread import LoopThread

    Report = Callable[[dict[str, Any]], None]

MOST_WAITING = 1000
"""Notes of progress that wait for a reader; more of them are not kept."""


class AsyncMcpStream:
    """The items of a call, on the event loop that it was begun on.

    Args:
        call: Carries the call out, and reports its progress.
        repeats: Whether the answer's directives are given after what was reported, or what was reported are
            the first of them.
    """

    def __init__(
        self, call: Callable[[Report], Coroutine[Any, Any, Answer]], *, repeats: bool = True
    ) -> None:
        self._repeats = repeats
        self._reported = 0
        self._items: asyncio.Queue[Item | InvocationError] = asyncio.Queue()
        self._last: InvocationError | Answer | None = None
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(call))

    async def next(self) -> Item:
        """Wait for the next note of progress or directive; the answer is the last."""
        if self._last is not None and self._items.empty():
            if isinstance(self._last, Answer):
                return self._last
            raise self._last
        item = await self._items.get()
        if isinstance(item, InvocationError):
            self._last = item
            raise item
        if isinstance(item, Answer):
            self._last = item
        return item

    def close(self) -> None:
        """Call it off, if it has not ended."""
        if self._last is None:
            self._last = aborted()
        if not self._loop.is_closed():
            self._task.cancel()

    async def _run(self, call: Callable[[Report], Awaitable[Answer]]) -> None:
        try:
            answer = await call(self._report)
        except InvocationError as error:
            self._items.put_nowait(error)
            return
        except asyncio.CancelledError:
            self._items.put_nowait(aborted())
            raise
        for directive in (answer.directives or ())[0 if self._repeats else self._reported :]:
            self._items.put_nowait(directive)
        self._items.put_nowait(answer)

    def _report(self, directive: dict[str, Any]) -> None:
        if self._items.qsize() < MOST_WAITING:
            self._reported += 1
            self._items.put_nowait(directive)


class McpStream:
    """The items of a call for a blocking caller.

    Args:
        stream: What to read.
        thread: Where.
    """

    def __init__(self, stream: AsyncMcpStream, thread: LoopThread) -> None:
        self._stream = stream
        self._thread = thread

    def next(self) -> Item:
        """Wait for the next item; see :meth:`AsyncMcpStream.next`."""
        return self._thread.run(self._stream.next())

    def close(self) -> None:
        """Call it off, if it has not ended."""

        async def close() -> None:
            self._stream.close()

        self._thread.run(close())
