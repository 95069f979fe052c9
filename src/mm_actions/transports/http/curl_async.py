"""libcurl for event loops: its multi-socket interface on the loop's readers, writers and one timer."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pycurl

from mm_actions.errors import Sent
from mm_actions.transports.http.curl_errors import UNRESOLVED, name_to_resolve, translate
from mm_actions.transports.http.curl_exchange import CurlExchange
from mm_actions.transports.http.curl_sync import RESOLVER_PATIENCE
from mm_actions.transports.http.dns import why_unresolved
from mm_actions.transports.http.failures import connection_lost
from mm_actions.transports.http.loop_end import at_loop_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse
    from mm_actions.transports.http.fork import SocketLedger

_Outcome = tuple[int, str] | None
"""libcurl's error code and words, or None when the exchange ended well."""


class LoopDriver:
    """Sends on one event loop, all exchanges through one multi handle that keeps their connections.

    Args:
        loop: The running one.
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, options: EngineOptions, ledger: SocketLedger) -> None:
        self.loop = loop
        self.guard: AsyncGenerator[None, None] | None = None
        self._options = options
        self._ledger = ledger
        self._idle: list[CurlExchange] = []
        self._flying: dict[pycurl.Curl, tuple[CurlExchange, asyncio.Future[_Outcome]]] = {}
        self._events: dict[int, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False
        self._starting = False
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, options.max_connections)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request on this loop and wait for the response; as the engine's ``send_async``."""
        idle = self._idle
        started = time.monotonic()
        exchange = idle.pop() if idle else CurlExchange(self._options, self._ledger)
        whole = False
        try:
            exchange.prepare(request)
            outcome = await self._fly(exchange)
            if outcome is None:
                response = exchange.response()
                whole = True
                return response
            code, text = outcome
            reason = None
            if code in UNRESOLVED:
                left = started + request.timeout - time.monotonic()
                patience = max(0.0, min(RESOLVER_PATIENCE, left))
                name = name_to_resolve(request, self._options)
                reason = await asyncio.to_thread(why_unresolved, name, patience)
            raise translate(code, text, exchange, request, self._options, resolver_code=reason)
        finally:
            if whole and not self._silent and len(idle) < self._options.max_connections:
                idle.append(exchange)
            else:
                exchange.close()

    def close(self) -> None:
        """Close every connection; calls in flight fail. To be called on the loop, or after its end."""
        if self._silent:
            return
        for handle, (_, future) in list(self._flying.items()):
            self._multi.remove_handle(handle)
            if not (future.done() or self.loop.is_closed()):
                future.set_exception(connection_lost("the engine was closed", Sent.MAYBE))
        self._flying.clear()
        self._multi.close()
        self.abandon()
        while self._idle:
            self._idle.pop().close()

    def abandon(self) -> None:
        """Never touch the loop again."""
        self._silent = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _fly(self, exchange: CurlExchange) -> _Outcome:
        handle = exchange.handle
        future: asyncio.Future[_Outcome] = self.loop.create_future()
        self._flying[handle] = exchange, future
        try:
            # libcurl asks for a timer of 0 ms to get a new exchange going. Doing it here saves the exchange
            # a turn of the loop.
            self._starting = True
            try:
                self._multi.add_handle(handle)
            finally:
                self._starting = False
            self._act(pycurl.SOCKET_TIMEOUT, 0)
            return await future
        finally:
            if self._flying.pop(handle, None) is not None and not self._silent:
                self._multi.remove_handle(handle)  # in mid-exchange: libcurl closes the connection

    def _act(self, descriptor: int, events: int) -> None:
        if self._silent:
            return
        _, running = self._multi.socket_action(descriptor, events)
        if running < len(self._flying):
            self._land()

    def _land(self) -> None:
        left = 1
        while left:
            left, done, failed = self._multi.info_read()
            for handle in done:
                self._settle(handle, None)
            for handle, code, text in failed:
                self._settle(handle, (code, text))

    def _settle(self, handle: pycurl.Curl, outcome: _Outcome) -> None:
        self._multi.remove_handle(handle)
        _, future = self._flying.pop(handle)
        if not future.done():
            future.set_result(outcome)

    def _on_timer(self, milliseconds: int) -> None:
        if self._starting or self._silent:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0 and not self.loop.is_closed():
            self._timer = self.loop.call_later(milliseconds / 1000, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._act(pycurl.SOCKET_TIMEOUT, 0)

    def _on_socket(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if self._silent or self.loop.is_closed():
            return
        old = self._events.pop(descriptor, 0)
        new = 0 if what == pycurl.POLL_REMOVE else what
        if new:
            self._events[descriptor] = new
        if new & pycurl.POLL_IN and not old & pycurl.POLL_IN:
            self.loop.add_reader(descriptor, self._act, descriptor, pycurl.CSELECT_IN)
        elif old & pycurl.POLL_IN and not new & pycurl.POLL_IN:
            self.loop.remove_reader(descriptor)
        if new & pycurl.POLL_OUT and not old & pycurl.POLL_OUT:
            self.loop.add_writer(descriptor, self._act, descriptor, pycurl.CSELECT_OUT)
        elif old & pycurl.POLL_OUT and not new & pycurl.POLL_OUT:
            self.loop.remove_writer(descriptor)


class LoopDrivers:
    """One driver for each event loop that sends; drivers of ended loops are forgotten.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._ledger = ledger
        self._drivers: dict[asyncio.AbstractEventLoop, LoopDriver] = {}
        self._changing = threading.Lock()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request on the running loop; as the engine's ``send_async``."""
        loop = asyncio.get_running_loop()
        driver = self._drivers.get(loop) or await self._begin(loop)
        return await driver.send(request)

    def close(self) -> None:
        """Close every loop's connections."""
        with self._changing:
            drivers, self._drivers = self._drivers, {}
        for driver in drivers.values():
            if driver.loop.is_running() and not _is_current(driver.loop):
                driver.loop.call_soon_threadsafe(driver.close)
            else:
                driver.close()

    def forget_parent(self) -> None:
        """Leave the parent's loops alone, in a forked child."""
        for driver in self._drivers.values():
            driver.abandon()
        self._drivers = {}
        self._changing = threading.Lock()

    async def _begin(self, loop: asyncio.AbstractEventLoop) -> LoopDriver:
        driver = LoopDriver(loop, self._options, self._ledger)
        with self._changing:
            for ended in [other for other in self._drivers if other.is_closed()]:
                self._drivers.pop(ended).close()
            self._drivers[loop] = driver

        async def end() -> None:
            with self._changing:
                if self._drivers.get(loop) is driver:
                    del self._drivers[loop]
            driver.close()

        driver.guard = await at_loop_end(end)
        return driver


def _is_current(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
