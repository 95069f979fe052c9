"""libcurl for event loops: lanes, each one handle with one connection, pooled for each loop."""

from __future__ import annotations

import asyncio
import select
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

from mm_actions.transports.http.curl.blocking import patience_for_resolver
from mm_actions.transports.http.curl.errors import UNRESOLVED, name_to_resolve, translate
from mm_actions.transports.http.curl.exchange import CurlExchange, may_use_kept
from mm_actions.transports.http.curl.idle import IdleStack
from mm_actions.transports.http.curl.inflow import CurlInflow
from mm_actions.transports.http.curl.lane import Lane
from mm_actions.transports.http.curl.stream import AsyncCurlStream
from mm_actions.transports.http.dns import why_unresolved
from mm_actions.transports.http.epoll_loop import EpollLoop
from mm_actions.transports.loop_end import at_loop_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mm_actions.transports.fork import SocketLedger
    from mm_actions.transports.http.curl.lane import Outcome
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse

_Exchange = TypeVar("_Exchange", bound=CurlExchange)


class LoopSender:
    """Sends on one event loop.

    Args:
        loop: The running one.
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, options: EngineOptions, ledger: SocketLedger) -> None:
        self.loop = loop
        self.guard: AsyncGenerator[None, None] | None = None
        self._options = options
        self._watch = watch = EpollLoop(loop) if hasattr(select, "epoll") else None
        self._idle = IdleStack(lambda: Lane(watch or loop, CurlExchange(options, ledger)), options)
        self._idle_streams = IdleStack(lambda: Lane(watch or loop, CurlInflow(options, ledger)), options)
        self._busy: set[Lane[Any]] = set()
        self._closed = False

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request on this loop and wait for the response; as the engine's ``send_async``."""
        lane = self._idle.take() if may_use_kept(request) else self._idle.make()
        self._busy.add(lane)
        whole = False
        try:
            started = time.monotonic()
            outcome: Outcome = await lane.begin(request)  # type: ignore[misc] # the future of an event loop
            if outcome is None:
                response = lane.exchange.response()
                whole = True
                return response
            reason = await self._why_unresolved(outcome[0], request, started)
            raise translate(
                outcome[0], outcome[1], lane.exchange, request, self._options, resolver_code=reason
            )
        finally:
            self._give_back(lane, self._idle, whole=whole)

    async def open_stream(self, request: HttpRequest) -> AsyncCurlStream:
        """Send a request on this loop; as the engine's ``open_stream_async``."""
        idle = self._idle_streams
        lane = idle.take() if may_use_kept(request) else idle.make()
        self._busy.add(lane)
        stream = AsyncCurlStream(
            lane, request, self._options, lambda whole: self._give_back(lane, idle, whole=whole)
        )
        try:
            started = time.monotonic()
            await stream.begin()
            reason = await self._why_unresolved(stream.code, request, started)
            stream.read_head(reason)
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        """Close every connection; calls in flight fail. To be called on the loop, or after its end."""
        self._closed = True
        self._idle.close()
        self._idle_streams.close()
        for lane in self._busy:
            lane.fail()
        if self._watch is not None:
            self._watch.close()

    def abandon(self) -> None:
        """Never touch the loop again, in a forked child."""
        self._closed = True
        for lane in (*self._busy, *self._idle, *self._idle_streams):
            lane.abandon()

    def _give_back(self, lane: Lane[_Exchange], idle: IdleStack[Lane[_Exchange]], *, whole: bool) -> None:
        self._busy.discard(lane)
        if whole and lane.exchange.single and not self._closed:
            idle.keep(lane)
        else:
            lane.close()

    async def _why_unresolved(self, code: int, request: HttpRequest, started: float) -> int | None:
        if code not in UNRESOLVED:
            return None
        patience = patience_for_resolver(request, started)
        return await asyncio.to_thread(why_unresolved, name_to_resolve(request, self._options), patience)


class LoopSenders:
    """One sender for each event loop that is in use; those of ended loops are forgotten.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._ledger = ledger
        self._senders: dict[asyncio.AbstractEventLoop, LoopSender] = {}
        self._changing = threading.Lock()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request on the running loop; as the engine's ``send_async``."""
        loop = asyncio.get_running_loop()
        sender = self._senders.get(loop) or await self._begin(loop)
        return await sender.send(request)

    def close(self) -> None:
        """Close every loop's connections: at once, or a moment later on a loop that runs elsewhere."""
        with self._changing:
            senders, self._senders = self._senders, {}
        for sender in senders.values():
            if sender.loop.is_running() and not _is_current(sender.loop):
                sender.loop.call_soon_threadsafe(sender.close)
            else:
                sender.close()

    def abandon(self) -> None:
        """Leave the parent's loops alone, in a forked child."""
        for sender in self._senders.values():
            sender.abandon()

    async def open_stream(self, request: HttpRequest) -> AsyncCurlStream:
        """Send a request on the running loop; as the engine's ``open_stream_async``."""
        loop = asyncio.get_running_loop()
        sender = self._senders.get(loop) or await self._begin(loop)
        return await sender.open_stream(request)

    async def _begin(self, loop: asyncio.AbstractEventLoop) -> LoopSender:
        sender = LoopSender(loop, self._options, self._ledger)
        with self._changing:
            for ended in [other for other in self._senders if other.is_closed()]:
                self._senders.pop(ended).close()
            self._senders[loop] = sender

        async def end() -> None:
            with self._changing:
                if self._senders.get(loop) is sender:
                    del self._senders[loop]
            sender.close()

        sender.guard = await at_loop_end(end)
        return sender


def _is_current(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
