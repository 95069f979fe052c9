"""Responses read piece by piece over a libcurl lane, for blocking callers and for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from mm_actions.transports.http.curl.errors import translate
from mm_actions.transports.http.curl.inflow import CurlInflow
from mm_actions.transports.http.curl.lane import Lane
from mm_actions.transports.http.poll_loop import PollLoop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from mm_actions.transports.http.curl.lane import Landing, Outcome
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest

_WELL = 0
"""libcurl's code for an exchange that did not fail."""


class BlockingLane(Lane[CurlInflow]):
    """A lane with a loop of its own, which runs while its caller waits.

    Args:
        exchange: What the lane carries.
    """

    __slots__ = ("loop",)

    def __init__(self, exchange: CurlInflow) -> None:
        self.loop = PollLoop()
        super().__init__(self.loop, exchange)


_Lane = TypeVar("_Lane", bound=Lane[CurlInflow])


class _Stream(Generic[_Lane]):
    """What both colours share.

    Args:
        lane: What carries the exchange.
        request: What to send.
        options: The engine's.
        give_back: Takes the lane back, and hears whether the exchange ended well.

    Attributes:
        status: The final status, once the head was read.
        headers: The response's.
    """

    def __init__(
        self, lane: _Lane, request: HttpRequest, options: EngineOptions, give_back: Callable[[bool], None]
    ) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self._lane = lane
        self._request = request
        self._options = options
        self._give_back = give_back
        self._landing: Landing | None = None
        self._first: bytes | None = None
        self._over = False

    @property
    def code(self) -> int:
        """How the exchange failed, as libcurl's code; 0 while it has not."""
        landing = self._landing
        if landing is None or not landing.done() or landing.exception() is not None:
            return _WELL
        outcome = landing.result()
        return _WELL if outcome is None else outcome[0]

    def read_head(self, resolver_code: int | None) -> None:
        """Look at the head of the response, once its body has begun or ended.

        Args:
            resolver_code: What getaddrinfo says to a name that libcurl did not resolve.

        Raises:
            CustomActionException: There is no response, or its head cannot be used.
        """
        if not self._first:
            self._check(resolver_code)
        response = self._lane.exchange.response()
        self.status, self.headers = response.status, response.headers

    def close(self) -> None:
        """Break off, if the body has not ended."""
        self._end(whole=False)

    def _next(self) -> bytes | None:
        """Give what has arrived, empty for the end; None when nothing has."""
        if self._first is not None:
            piece, self._first = self._first, None
            return piece
        if self._over:
            return b""
        arrived = self._lane.exchange.take()
        if arrived is None and self._landing is not None and self._landing.done():
            return b""
        return arrived

    def _read(self, piece: bytes) -> bytes:
        """Let a piece through; at the end, see whether it is a good one."""
        if not piece and not self._over:
            try:
                self._check(None)
            except BaseException:
                self.close()
                raise
            self._end(whole=True)
        return piece

    def _check(self, resolver_code: int | None) -> None:
        assert self._landing is not None  # noqa: S101 - for the type checker: a stream that is read was begun
        outcome: Outcome = self._landing.result()
        if outcome is not None:
            raise translate(
                *outcome, self._lane.exchange, self._request, self._options, resolver_code=resolver_code
            )

    def _end(self, *, whole: bool) -> None:
        if self._over:
            return
        self._over = True
        self._lane.exchange.wake = _nobody
        if self._landing is not None and self._landing.done():
            self._landing.exception()  # heard of, so that no loop complains that nobody did
        self._give_back(whole)


class CurlStream(_Stream[BlockingLane]):
    """A response for a blocking caller."""

    def begin(self) -> None:
        """Send, and wait for the first piece of the body or for its end."""
        self._landing = self._lane.begin(self._request)
        self._first = self._wait()

    def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.HttpStream.read`."""
        try:
            return self._read(self._wait())
        except KeyboardInterrupt:
            self.close()
            raise

    def _wait(self) -> bytes:
        while (piece := self._next()) is None:
            self._lane.loop.step()
        return piece


class AsyncCurlStream(_Stream[Lane[CurlInflow]]):
    """A response for an event loop."""

    async def begin(self) -> None:
        """Send, and wait for the first piece of the body or for its end."""
        self._landing = self._lane.begin(self._request)
        self._first = await self._wait()

    async def read(self) -> bytes:
        """Wait for the next piece; see :meth:`.engine.AsyncHttpStream.read`."""
        try:
            return self._read(await self._wait())
        except BaseException:
            self.close()
            raise

    async def _wait(self) -> bytes:
        while (piece := self._next()) is None:
            await self._news()
        return piece

    async def _news(self) -> None:
        import asyncio  # noqa: PLC0415 - for event loops only

        arrived = asyncio.get_running_loop().create_future()

        def wake(_landing: object = None) -> None:
            if not arrived.done():
                arrived.set_result(None)

        self._lane.exchange.wake = wake
        landing: asyncio.Future[Outcome] = self._landing  # type: ignore[assignment] # it is on this loop
        landing.add_done_callback(wake)
        try:
            await arrived
        finally:
            landing.remove_done_callback(wake)


def _nobody() -> None:
    """Wake nobody."""
