"""libcurl for blocking callers: on the calling thread, with a handle from a stack of idle ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pycurl

from mm_actions.transports.http.curl.errors import UNRESOLVED, name_to_resolve, translate
from mm_actions.transports.http.curl.exchange import CurlExchange, may_use_kept
from mm_actions.transports.http.curl.idle import IdleStack
from mm_actions.transports.http.curl.inflow import CurlInflow
from mm_actions.transports.http.curl.stream import BlockingLane, CurlStream
from mm_actions.transports.http.dns import why_unresolved

if TYPE_CHECKING:
    from mm_actions.transports.fork import SocketLedger
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse

RESOLVER_PATIENCE = 0.2
"""Seconds to find out why a name was not resolved, at most."""


class BlockingSender:
    """Sends on the calling thread.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._ledger = ledger
        self._idle = self._new_stack()
        self._idle_streams = self._new_stream_stack()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and wait for the response.

        Raises:
            InvocationError: As :meth:`mm_actions.transports.http.engine.Engine.send`.
            ConfigurationError: As there.
        """
        idle = self._idle
        exchange = idle.take() if may_use_kept(request) else idle.make()
        whole = False
        started = time.monotonic()
        try:
            exchange.prepare(request)
            exchange.handle.perform()
            response = exchange.response()
            exchange.note_connection()
            whole = True
        except pycurl.error as error:
            code, text = cast("tuple[int, str]", error.args)  # what libcurl's errors always have
            if code == pycurl.E_ABORTED_BY_CALLBACK:
                raise KeyboardInterrupt from error  # older versions of pycurl swallow it
            reason = self._why_unresolved(code, request, started)
            raise translate(code, text, exchange, request, self._options, resolver_code=reason) from error
        finally:
            if whole and exchange.single and idle is self._idle:
                idle.keep(exchange)
            else:
                exchange.close()
        return response

    def open_stream(self, request: HttpRequest) -> CurlStream:
        """Send a request and wait until the body of the response begins or ends.

        Raises:
            InvocationError: As :meth:`send`.
            ConfigurationError: As there.
        """
        idle = self._idle_streams
        lane = idle.take() if may_use_kept(request) else idle.make()

        def give_back(whole: bool) -> None:
            if whole and lane.exchange.single and idle is self._idle_streams:
                idle.keep(lane)
            else:
                lane.close()

        stream = CurlStream(lane, request, self._options, give_back)
        try:
            started = time.monotonic()
            stream.begin()
            stream.read_head(self._why_unresolved(stream.code, request, started))
        except BaseException:
            stream.close()
            raise
        return stream

    def close(self) -> None:
        """Close the idle handles; those in use are closed when their exchange ends."""
        idle, self._idle = self._idle, self._new_stack()
        streams, self._idle_streams = self._idle_streams, self._new_stream_stack()
        idle.close()
        streams.close()

    def _why_unresolved(self, code: int, request: HttpRequest, started: float) -> int | None:
        if code not in UNRESOLVED:
            return None
        patience = patience_for_resolver(request, started)
        return why_unresolved(name_to_resolve(request, self._options), patience)

    def _new_stack(self) -> IdleStack[CurlExchange]:
        return IdleStack(self._new_exchange, self._options)

    def _new_stream_stack(self) -> IdleStack[BlockingLane]:
        return IdleStack(lambda: BlockingLane(CurlInflow(self._options, self._ledger)), self._options)

    def _new_exchange(self) -> CurlExchange:
        exchange = CurlExchange(self._options, self._ledger)
        # libcurl would wait through a Ctrl-C until the deadline. It calls this at least once a second, and on
        # every call Python looks for signals.
        exchange.handle.setopt(pycurl.XFERINFOFUNCTION, _look_for_signals)
        exchange.handle.setopt(pycurl.NOPROGRESS, 0)
        return exchange


def patience_for_resolver(request: HttpRequest, started: float) -> float:
    """Give the seconds to find out why a name was not resolved.

    Args:
        request: What was to be sent.
        started: When, in seconds of the monotonic clock.
    """
    left = started + request.timeout - time.monotonic()
    return max(0.0, min(RESOLVER_PATIENCE, left))


def _look_for_signals(_to_get: int, _got: int, _to_send: int, _sent: int) -> None:
    return None
