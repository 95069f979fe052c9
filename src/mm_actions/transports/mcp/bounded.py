"""The body of a response, counted as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

from mm_actions.contract.events import ROOM
from mm_actions.transports.mcp.failures import too_large

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class BoundedBody(httpx2.AsyncByteStream):
    """A body of so many bytes at most; of a stream of events, each one may have so many.

    Args:
        stream: What arrives.
        limit: Bytes.
        events: Whether it is a stream of events.
        within: Waits for a piece, as long as somebody wants it.
        failed: Is told what went wrong.
        done: Called once, at the end.
    """

    def __init__(
        self,
        stream: Any,
        *,
        limit: int,
        events: bool,
        within: Callable[[Awaitable[bytes]], Awaitable[bytes]],
        failed: Callable[[Exception], object],
        done: Callable[[], object],
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._events = events
        self._within = within
        self._failed = failed
        self._done = done
        self._taken: bytes | None = None

    def again(self, content: bytes) -> None:
        """Give what has been taken already."""
        self._taken = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the pieces; what goes wrong is an error that the SDK expects of a body."""
        if self._taken is not None:
            yield self._taken
            return
        pieces = aiter(self._stream)
        total = event = 0
        while True:
            try:
                piece = await self._within(anext(pieces))
            except StopAsyncIteration:
                return
            except Exception as error:
                self._failed(error)
                raise httpx2.StreamError("the answer was cut off") from error
            total += len(piece)
            event = _rest(piece, event) if self._events else total
            if event > self._limit or total > self._limit * ROOM:
                much = too_large(self._limit)
                self._failed(much)
                raise httpx2.StreamError(much.cause)
            yield piece

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._done()
        await self._stream.aclose()


def _rest(piece: bytes, before: int) -> int:
    """Count the bytes of the event that has not ended."""
    end = max(piece.rfind(b"\n\n"), piece.rfind(b"\n\r\n"))
    return before + len(piece) if end < 0 else len(piece) - end
