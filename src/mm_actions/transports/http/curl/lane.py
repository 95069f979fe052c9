"""One libcurl handle on an event loop: the loop watches its socket and its one timer."""

from __future__ import annotations

import errno
import math
import threading
import time
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import pycurl

from mm_actions.errors import Sent
from mm_actions.transports.http.curl.exchange import CurlExchange
from mm_actions.transports.http.failures import connect_failed, connection_lost

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

    from mm_actions.errors import InvocationError
    from mm_actions.transports.http.engine import HttpRequest
    from mm_actions.transports.http.epoll_loop import EpollLoop
    from mm_actions.transports.http.poll_loop import PollLoop, Timer

Outcome = tuple[int, str] | None
"""libcurl's error code and words, or None when the exchange ended well."""

Landing: TypeAlias = "asyncio.Future[Outcome] | Future[Outcome]"
"""Where the outcome of an exchange will be."""

_PRECISION = 0.001
"""Seconds by which loops may call too early; libcurl counts in these, too."""

_Exchange = TypeVar("_Exchange", bound=CurlExchange)


class Lane(Generic[_Exchange]):
    """A multi handle of libcurl with a single exchange in it, so with a connection of its own.

    Many exchanges in one multi handle would share its connections, but then nobody could look whether
    the one that is about to be used still lives, or close just the one of a cancelled call.

    Args:
        loop: The running one, what watches sockets for it, or that of a blocking caller.
        exchange: What the lane carries; it becomes the lane's own.

    Raises:
        Overloaded: The process has no descriptor left.

    Attributes:
        exchange: What the lane carries.
        last_used: When it was last used; kept by whoever pools it.
    """

    __slots__ = (
        "_due", "_events", "_future", "_loop", "_multi", "_rings", "_silent", "_starting", "_timer",
        "exchange", "last_used",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop | EpollLoop | PollLoop, exchange: _Exchange) -> None:
        self.exchange = exchange
        self.last_used = 0.0
        self._loop = loop
        self._events: dict[int, int] = {}
        self._future: Landing | None = None
        self._timer: asyncio.TimerHandle | Timer | None = None
        self._due = self._rings = math.inf
        self._silent = self._starting = False
        try:
            self._multi = pycurl.CurlMulti()
        except pycurl.error as error:  # it needs descriptors of its own
            self.exchange.close()
            raise connect_failed(errno.EMFILE, str(error)) from error
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)

    def begin(self, request: HttpRequest) -> Landing:
        """Begin to carry a request, and say where its outcome will be.

        The outcome is a ConnectionLost when the lane is closed meanwhile.

        Raises:
            ConfigurationError: As :meth:`CurlExchange.prepare`.
            EncodingFailed: As there.
            DeadlineExceeded: As there.
        """
        self.exchange.prepare(request)
        future: Landing = self._loop.create_future()
        self._future = future
        # libcurl asks for a timer of 0 ms to get a new exchange going. Doing at once what it would do then
        # saves a turn of the loop.
        self._starting = True
        try:
            self._multi.add_handle(self.exchange.handle)
        finally:
            self._starting = False
        self._act(pycurl.SOCKET_TIMEOUT, 0)
        return future

    def stale(self) -> bool:
        """Whether the kept connection must not be used again."""
        return self.exchange.stale()

    def fail(self) -> None:
        """End an exchange in flight, because the engine is being closed."""
        self._end(connection_lost("the engine was closed", Sent.MAYBE))

    def close(self) -> None:
        """Close the connection, in mid-exchange too, and let go of the loop."""
        if self._silent:
            return
        if self._future is not None:
            self._future = None
            self._multi.remove_handle(self.exchange.handle)
        if not self._loop.is_closed():
            # A connection that is being shut down is watched too, and libcurl closes it below.
            for descriptor in self._events:
                self._loop.remove_reader(descriptor)
                self._loop.remove_writer(descriptor)
        self._events.clear()
        self.abandon()
        if self.exchange.resolving:
            threading.Thread(target=self._multi.close, name="mm_actions-resolver", daemon=True).start()
        else:
            self._multi.close()
        self.exchange.handle.close()
        self.exchange.forget()

    def abandon(self) -> None:
        """Never touch the loop again."""
        self._silent = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, error: InvocationError) -> None:
        if self._future is not None and not self._future.done() and not self._loop.is_closed():
            self._future.set_exception(error)

    def _act(self, descriptor: int, events: int) -> None:
        if self._silent:
            return
        try:
            _, running = self._multi.socket_action(descriptor, events)
        except pycurl.error as error:  # of the multi handle, not of the exchange
            self._end(connection_lost(str(error), Sent.MAYBE))
            return
        if not running and self._future is not None:
            self._land(self._future)

    def _land(self, future: Landing) -> None:
        _, done, failed = self._multi.info_read()
        if not done and not failed:
            return
        outcome: Outcome = None
        if failed:
            _, code, text = failed[0]
            outcome = code, text
        else:
            self.exchange.note_connection()
        self._future = None
        self._multi.remove_handle(self.exchange.handle)
        if not future.done():
            future.set_result(outcome)

    def _on_timer(self, milliseconds: int) -> None:
        if self._starting or self._silent:
            return
        self._due = math.inf if milliseconds < 0 else time.monotonic() + milliseconds / 1000
        # A timer that rings too early is left to do so, and then set anew: most calls end long before their
        # deadline, and need none of their own.
        if self._due < self._rings and not self._loop.is_closed():
            if self._timer is not None:
                self._timer.cancel()
            self._set_timer(milliseconds / 1000)

    def _set_timer(self, seconds: float) -> None:
        self._rings = self._due
        self._timer = self._loop.call_later(seconds, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._rings = math.inf
        left = self._due - time.monotonic()
        if left <= _PRECISION:
            self._act(pycurl.SOCKET_TIMEOUT, 0)
        elif left < math.inf:
            self._set_timer(left)

    def _on_socket(self, what: int, descriptor: int, _multi: object, _data: object) -> None:
        if self._silent or self._loop.is_closed():
            return
        old = self._events.pop(descriptor, 0)
        new = 0 if what == pycurl.POLL_REMOVE else what
        if new:
            self._events[descriptor] = new
        if new & pycurl.POLL_IN and not old & pycurl.POLL_IN:
            self._loop.add_reader(descriptor, self._act, descriptor, pycurl.CSELECT_IN)
        elif old & pycurl.POLL_IN and not new & pycurl.POLL_IN:
            self._loop.remove_reader(descriptor)
        if new & pycurl.POLL_OUT and not old & pycurl.POLL_OUT:
            self._loop.add_writer(descriptor, self._act, descriptor, pycurl.CSELECT_OUT)
        elif old & pycurl.POLL_OUT and not new & pycurl.POLL_OUT:
            self._loop.remove_writer(descriptor)
