"""libcurl for blocking callers: a stack of idle handles, each with a connection of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pycurl

from mm_actions.transports.http.curl_errors import UNRESOLVED, name_to_resolve, translate
from mm_actions.transports.http.curl_exchange import CurlExchange
from mm_actions.transports.http.dns import why_unresolved

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse
    from mm_actions.transports.http.fork import SocketLedger

RESOLVER_PATIENCE = 0.2
"""Seconds to find out why a name was not resolved, at most."""


class BlockingPool:
    """Sends on the calling thread. The handle that was used last is used next, so few stay warm.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._ledger = ledger
        # Append and pop of a list are atomic, so the stack needs no lock.
        self._idle: list[CurlExchange] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and wait for the response.

        Raises:
            InvocationError: As :meth:`mm_actions.transports.http.engine.Engine.send`.
            ConfigurationError: As there.
        """
        idle = self._idle
        started = time.monotonic()
        try:
            exchange = idle.pop()
        except IndexError:
            exchange = CurlExchange(self._options, self._ledger)
        whole = False
        try:
            exchange.prepare(request)
            exchange.handle.perform()
            response = exchange.response()
            whole = True
        except pycurl.error as error:
            code, text = error.args
            reason = None
            if code in UNRESOLVED:
                left = started + request.timeout - time.monotonic()
                patience = max(0.0, min(RESOLVER_PATIENCE, left))
                reason = why_unresolved(name_to_resolve(request, self._options), patience)
            raise translate(code, text, exchange, request, self._options, resolver_code=reason) from error
        finally:
            if whole:
                self._keep(exchange, idle)
            else:
                exchange.close()
        return response

    def close(self) -> None:
        """Close the idle handles; those in use are closed when their exchange ends."""
        idle, self._idle = self._idle, []
        while idle:
            idle.pop().close()

    def _keep(self, exchange: CurlExchange, idle: list[CurlExchange]) -> None:
        if idle is not self._idle or len(idle) >= self._options.max_connections:
            exchange.close()
            return
        now = exchange.last_used = time.monotonic()
        if idle and now - idle[0].last_used > self._options.idle_timeout:
            # Nothing else would close the connections at the bottom of the stack after a burst.
            self._drop_oldest(idle, now)
        idle.append(exchange)

    def _drop_oldest(self, idle: list[CurlExchange], now: float) -> None:
        try:
            oldest = idle.pop(0)
        except IndexError:  # another thread took it
            return
        if now - oldest.last_used > self._options.idle_timeout:
            oldest.close()
        else:
            idle.append(oldest)
