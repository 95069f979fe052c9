"""uvicorn's HTTP protocol, with bounds that it does not set itself: on the time and the size of a head."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mm_actions.server.calls.reply import problem, trace_id_of
from mm_actions.server.errors import ActionError
from mm_actions.server.serving.cycle import WholeCycle

if TYPE_CHECKING:
    import asyncio

    from mm_actions.server.options import ServerOptions


_FAREWELL = 1.0


class ActionProtocol(HttpToolsProtocol):
    """Speaks HTTP on one connection, and gives up clients that send a head slowly, or without an end."""

    head_timeout: float
    max_head: int
    _in_head = False
    _begun = False
    _head = 0
    _timer: asyncio.TimerHandle | None = None
    everyone: ClassVar[WeakSet[ActionProtocol]]
    """All connections, from their being accepted on: before the handshake of TLS, if there is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._quiet_since = self.loop.time()
        self.everyone.add(self)

    def expects(self, since: float) -> bool:
        """Tell whether a request may be on its way: the connection is new, or was used, since then."""
        if self.transport is not None and self.transport.is_closing():
            return False
        busy = self.cycle is not None and not self.cycle.response_complete
        return not busy and self._quiet_since > since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin: a client that connects and says nothing does not stay."""
        super().connection_made(transport)
        self._quiet_since = self.loop.time()
        self._timer = self.loop.call_later(self.head_timeout, self._expire)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_timer()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        self.everyone.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; what comes in one piece costs no timer."""
        self._begun = False
        super().data_received(data)
        if not self._in_head:
            return
        if not self._begun:  # a piece in which a head begins may hold the end of a body as well
            self._head += len(data)
        if self._head > self.max_head:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._timer is None:
            self._timer = self.loop.call_later(self.head_timeout, self._expire)

    def on_message_begin(self) -> None:
        """Count a new head."""
        super().on_message_begin()
        self._in_head = self._begun = True
        self._head = 0

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_head = False
        if self._timer is not None:
            self._stop_timer()
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.__class__ = WholeCycle  # uvicorn makes it by its own name; it has not begun yet

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words, for people
        """Answer what is not HTTP in the form of every other error."""
        self._refuse(HTTPStatus.BAD_REQUEST)

    def shutdown(self) -> None:
        """Close when there is nothing more to answer."""
        super().shutdown()
        self._hurry()

    def on_response_complete(self) -> None:
        """Go on with the next request, if there is to be one."""
        self._quiet_since = self.loop.time()
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            if self.transport.is_closing():
                self._hurry()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """Let the timer run: when it fires, it sees for how long the connection has been quiet.

        To cancel it and to set it anew, as uvicorn does for each request, took 2 of 60 µs.
        """

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self._end_quiet)

    def _end_quiet(self) -> None:
        self.timeout_keep_alive_task = None
        if self._in_head or not self.cycle.response_complete:
            return  # the next response sets it anew
        rest = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if rest > 0:
            self._keep_alive(rest)
        else:
            self.transport.close()

    def _hurry(self) -> None:
        """Do not wait long for the other side's end of TLS: it may keep connections without reading."""
        if self.scheme == "https" and self.transport.is_closing():
            self.loop.call_later(_FAREWELL, self.transport.abort)

    def _expire(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        self._in_head = False
        self._stop_timer()
        if self.transport.is_closing():
            return
        reply = problem(ActionError(status), trace_id=trace_id_of(None))
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, status.phrase.encode(), reply.media_type, len(reply.body), reply.body)
        )
        self.transport.close()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def protocol_of(options: ServerOptions) -> type[ActionProtocol]:
    """Give the protocol with a server's bounds."""

    class BoundedProtocol(ActionProtocol):
        head_timeout = options.head_timeout
        max_head = options.max_head
        everyone: ClassVar[WeakSet[ActionProtocol]] = WeakSet()

    return BoundedProtocol
