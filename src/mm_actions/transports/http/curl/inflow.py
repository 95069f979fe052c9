"""A libcurl handle whose response is taken piece by piece: libcurl stops reading while pieces wait."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

import pycurl

from mm_actions.transports.http.curl.exchange import CurlExchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.transports.fork import SocketLedger
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest

HELD = 64 << 10
"""Bytes that may wait here; what is beyond waits in the sockets, and then at the server."""


class CurlInflow(CurlExchange):
    """An exchange whose body goes to whoever takes it, as it arrives and not decompressed.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.

    Attributes:
        wake: Called, within libcurl's work, when a piece has arrived.
    """

    __slots__ = ("_held", "_paused", "_pieces", "wake")

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._paused = False
        self.wake: Callable[[], object] = _nobody
        super().__init__(options, ledger)
        # libcurl keeps what it decompresses while it is paused, however much that is.
        self.handle.setopt(pycurl.HTTP_CONTENT_DECODING, 0)
        self.handle.unsetopt(pycurl.ACCEPT_ENCODING)
        # Who reads the stream counts its lines and its whole.
        self.handle.setopt(pycurl.MAXFILESIZE_LARGE, 0)

    def prepare(self, request: HttpRequest) -> None:
        """Make the handle ready; see :meth:`CurlExchange.prepare`."""
        self._let_go()
        super().prepare(request)

    def take(self) -> bytes | None:
        """Give the oldest piece that waits, if there is one; have libcurl go on when there is room again."""
        if not self._pieces:
            return None
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if self._paused and not self._held:
            self._paused = False
            with contextlib.suppress(pycurl.error):  # the exchange has ended meanwhile
                self.handle.pause(pycurl.PAUSE_CONT)
        return piece

    def forget(self) -> None:
        """Let go of what arrived; see :meth:`CurlExchange.forget`."""
        self._let_go()
        self.wake = _nobody
        super().forget()

    def _let_go(self) -> None:
        self._pieces.clear()
        self._held = 0
        self._paused = False

    def _on_body(self, data: bytes) -> int | None:
        if self._held >= HELD:
            self._paused = True
            return int(pycurl.WRITEFUNC_PAUSE)  # the same bytes come again after the pause
        self._pieces.append(data)
        self._held += len(data)
        self.wake()
        return None


def _nobody() -> None:
    """Wake nobody."""
