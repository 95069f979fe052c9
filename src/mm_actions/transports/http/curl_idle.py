"""Handles between two exchanges, each with the connection it used last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mm_actions.transports.http.curl_exchange import CurlExchange

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions
    from mm_actions.transports.http.fork import SocketLedger


class IdleExchanges:
    """A stack: what was used last is used next, so that few stay warm and the rest ages.

    Append and pop of a list are atomic, so the threads that share a stack need no lock.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.
    """

    __slots__ = ("_ledger", "_options", "_stack")

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._ledger = ledger
        self._stack: list[CurlExchange] = []

    def take(self) -> CurlExchange:
        """Give an exchange that is used by nobody else."""
        try:
            return self._stack.pop()
        except IndexError:
            return CurlExchange(self._options, self._ledger)

    def keep(self, exchange: CurlExchange) -> None:
        """Take back an exchange that ended well."""
        stack = self._stack
        if len(stack) >= self._options.max_connections:
            exchange.close()
            return
        now = exchange.last_used = time.monotonic()
        if stack and now - stack[0].last_used > self._options.idle_timeout:
            # Nothing else would close the connections at the bottom of the stack after a burst.
            self._drop_oldest(now)
        stack.append(exchange)

    def close(self) -> None:
        """Close what is here."""
        stack = self._stack
        while True:
            try:
                stack.pop().close()
            except IndexError:
                return

    def _drop_oldest(self, now: float) -> None:
        try:
            oldest = self._stack.pop(0)
        except IndexError:  # another thread took it
            return
        if now - oldest.last_used > self._options.idle_timeout:
            oldest.close()
        else:
            self._stack.append(oldest)
