"""The engine on libcurl: the default, for both colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.transports.fork import SocketLedger, start_anew_after_fork
from mm_actions.transports.http.curl.blocking import BlockingSender
from mm_actions.transports.http.curl.on_loop import LoopSenders

if TYPE_CHECKING:
    from mm_actions.transports.http.curl.stream import AsyncCurlStream, CurlStream
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse


class CurlEngine:
    """Sends with libcurl. Threads, event loops and forked children may use one engine at once.

    Args:
        options: Limits, certificates and time-outs.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._begin()
        start_anew_after_fork(self)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send and wait on the calling thread; see :meth:`Engine.send <.engine.Engine.send>`."""
        return self._blocking.send(request)

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Send on the running event loop; see :meth:`Engine.send_async <.engine.Engine.send_async>`."""
        return await self._loops.send(request)

    def open_stream(self, request: HttpRequest) -> CurlStream:
        """Send, and read as the caller goes on; see :meth:`.engine.Engine.open_stream`."""
        return self._blocking.open_stream(request)

    async def open_stream_async(self, request: HttpRequest) -> AsyncCurlStream:
        """Send, and read as the caller goes on; see :meth:`.engine.Engine.open_stream_async`."""
        return await self._loops.open_stream(request)

    def close(self) -> None:
        """Close every connection; the engine may be used again."""
        self._blocking.close()
        self._loops.close()

    def forget_parent(self) -> None:
        """Let go of the parent's connections, in a forked child."""
        self._ledger.detach()
        self._loops.abandon()
        self._begin()

    def _begin(self) -> None:
        self._ledger = SocketLedger()
        self._blocking = BlockingSender(self._options, self._ledger)
        self._loops = LoopSenders(self._options, self._ledger)
