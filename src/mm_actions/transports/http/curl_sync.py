"""libcurl for blocking callers: on the calling thread, with a handle from a stack of idle ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast

import pycurl

from mm_actions.transports.http.curl_errors import UNRESOLVED, name_to_resolve, translate
from mm_actions.transports.http.curl_exchange import CurlExchange, may_use_kept
from mm_actions.transports.http.curl_idle import IdleStack
from mm_actions.transports.http.dns import why_unresolved

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest, HttpResponse
    from mm_actions.transports.http.fork import SocketLedger

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
            reason = None
            if code in UNRESOLVED:
                left = started + request.timeout - time.monotonic()
                patience = max(0.0, min(RESOLVER_PATIENCE, left))
                reason = why_unresolved(name_to_resolve(request, self._options), patience)
            raise translate(code, text, exchange, request, self._options, resolver_code=reason) from error
        finally:
            if whole and exchange.single and idle is self._idle:
                idle.keep(exchange)
            else:
                exchange.close()
        return response

    def close(self) -> None:
        """Close the idle handles; those in use are closed when their exchange ends."""
        idle, self._idle = self._idle, self._new_stack()
        idle.close()

    def _new_stack(self) -> IdleStack[CurlExchange]:
        return IdleStack(self._new_exchange, self._options)

    def _new_exchange(self) -> CurlExchange:
        exchange = CurlExchange(self._options, self._ledger)
        # libcurl would wait through a Ctrl-C until the deadline. It calls this at least once a second, and on
        # every call Python looks for signals.
        exchange.handle.setopt(pycurl.XFERINFOFUNCTION, _look_for_signals)
        exchange.handle.setopt(pycurl.NOPROGRESS, 0)
        return exchange


def _look_for_signals(_to_get: int, _got: int, _to_send: int, _sent: int) -> None:
    return None
