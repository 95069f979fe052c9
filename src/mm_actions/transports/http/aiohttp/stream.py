"""Responses of aiohttp read piece by piece, on their event loop or from a blocking caller's thread.

What aiohttp has received but not handed out when the connection breaks, it throws away.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mm_actions.transports.http.failures import response_aborted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp

    from mm_actions.transports.loop_thread import LoopThread


class AsyncAiohttpStream:
    """A response for an event loop; aiohttp stops reading while more than a buffer waits.

    Args:
        response: Its head has been read.
        headers: As they are to be shown.
        translating: Makes the context in which to read.
        end: Lets go of the response and of its session; the connection of one that is whole is kept.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        headers: Mapping[str, str],
        *,
        translating: Callable[[], AbstractAsyncContextManager[None]],
        end: Callable[[], None],
    ) -> None:
        self.status = response.status
        self.headers = headers
        self._content = response.content
        self._translating = translating
        self._end: Callable[[], None] | None = end
        self._whole = False
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.AsyncHttpStream.read`."""
        if self._whole:
            return b""
        try:
            async with self._translating():
                if self._end is None:
                    raise response_aborted("it was closed")  # noqa: TRY301 - by the deadline's rules
                piece = await self._content.readany()
        except BaseException:
            self.close()
            raise
        if not piece:
            self._whole = True
            self.close()
        return piece

    def close(self) -> None:
        """Break off, if the body has not ended."""
        end, self._end = self._end, None
        if end is not None and not self._loop.is_closed():  # one that is has closed its connections
            end()


class AiohttpStream:
    """A response for a blocking caller, read on the engine's own event loop.

    Args:
        stream: What to read.
        thread: Where.
    """

    def __init__(self, stream: AsyncAiohttpStream, thread: LoopThread) -> None:
        self.status = stream.status
        self.headers = stream.headers
        self._stream = stream
        self._thread = thread

    def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.HttpStream.read`."""
        return self._thread.run(self._stream.read())

    def close(self) -> None:
        """Break off, if the body has not ended."""

        async def close() -> None:
            self._stream.close()

        self._thread.run(close())
