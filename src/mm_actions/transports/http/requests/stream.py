"""Responses of requests read piece by piece, on the calling thread or on one of the engine's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.errors import ConfigurationError
from mm_actions.transports.http.failures import deadline_exceeded, response_aborted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import AbstractContextManager

    import requests

    from mm_actions.transports.http.engine import HttpRequest
    from mm_actions.transports.http.requests.watch import Watch

_Result = TypeVar("_Result")

_PIECE = 16 << 10
_GRACE = 0.02
"""Seconds in which a thread whose socket was cut comes back by itself."""


class OnThread:
    """Has the blocking work of one call done on threads, for an event loop.

    Args:
        threads: The engine's.
        request: The call's.
        watch: The call's; it cuts the work short where nobody waits for it any more.
    """

    def __init__(self, threads: ThreadPoolExecutor, request: HttpRequest, watch: Watch) -> None:
        self._threads = threads
        self._request = request
        self._watch = watch

    async def run(self, work: Callable[..., _Result], *arguments: Any) -> _Result:
        """Do some work.

        Raises:
            DeadlineExceeded: The thread did not come back in time.
            ResponseAborted: The engine was closed meanwhile.
        """
        ended = False
        try:
            future = self._threads.submit(work, *arguments)
        except RuntimeError as error:
            self._watch.drop()
            raise response_aborted("the engine was closed") from error
        try:
            async with asyncio.timeout(max(0.0, self._watch.left) + _GRACE):
                result = await asyncio.wrap_future(future)
            ended = True
        except TimeoutError as error:
            # It waits for the resolver, or for its turn.
            raise deadline_exceeded(self._request, self._watch.progress.sent) from error
        finally:
            if not ended:
                self._watch.cut()
                if self._watch.stays:  # nobody will take what the thread may bring all the same
                    future.add_done_callback(lambda _future: self._watch.drop())
        return result


class RequestsStream:
    """A response for a blocking caller.

    Args:
        response: Its head has been read.
        headers: As they are to be shown.
        watch: Guards the call until the body has ended.
        translating: Makes the context in which to read.
    """

    def __init__(
        self,
        response: requests.Response,
        headers: Mapping[str, str],
        watch: Watch,
        translating: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.status = response.status_code
        self.headers = headers
        self._raw: Any = response.raw
        self._watch = watch
        self._translating = translating
        if not callable(getattr(self._raw, "read1", None)):
            raise ConfigurationError(
                "streams with engine='requests' need urllib3 2.1 or newer; pip install -U urllib3"
            )
        if response.is_redirect:  # its connection is closed already, for its body is of no use
            self._end()

    def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.HttpStream.read`."""
        if self._raw is None:
            return b""
        with self._translating():
            # Not stream(), which waits for as many bytes as it was told.
            piece: bytes = self._raw.read1(_PIECE, decode_content=False)
        if not piece:
            self._end()
        return piece

    def close(self) -> None:
        """Break off, if the body has not ended."""
        if self._raw is not None:
            self._watch.drop()
            self._end()

    def _end(self) -> None:
        self._watch.end()
        self._raw = None  # it keeps its connection pool alive, and an error's traceback may keep this


class AsyncRequestsStream:
    """A response for an event loop, read on threads.

    Args:
        stream: What to read.
        on_thread: Where.
    """

    def __init__(self, stream: RequestsStream, on_thread: OnThread) -> None:
        self.status = stream.status
        self.headers = stream.headers
        self._stream = stream
        self._on_thread = on_thread
        self._reading = False

    async def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.AsyncHttpStream.read`."""
        self._reading = True
        piece = await self._on_thread.run(self._stream.read)
        self._reading = False
        return piece

    def close(self) -> None:
        """Break off, if the body has not ended."""
        # A read that was cut short closes what it reads, on its thread.
        if not self._reading:
            self._stream.close()
