"""One client's connection, passed on to the server byte for byte."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from mm_actions.testing.exchanges.incoming import Incoming, NoRequest
from mm_actions.testing.exchanges.testimony import Testimony
from mm_actions.testing.exchanges.witness import Content, Witness
from mm_actions.testing.faults.channel import ClientLeftError
from mm_actions.testing.faults.steps import Answer

if TYPE_CHECKING:
    from mm_actions.testing.exchanges.upstream import Upstream
    from mm_actions.testing.faults.channel import Channel

_PIECE = 64 * 1024
_FAREWELL = 1.0
_BAD_GATEWAY, _BAD_REQUEST = 502, 400


class Clerk(Protocol):
    """Keeps account of exchanges."""

    def begin(self) -> int:
        """Give the number of an exchange that begins."""
        ...

    def write(self, number: int, testimony: Testimony) -> None:
        """Take an exchange, before the client has the end of its answer."""
        ...

    def end(self) -> None:
        """Hear that an exchange has ended."""
        ...

    def tell(self, text: str) -> None:
        """Hear what went wrong."""
        ...


class Relay:
    """Passes the requests of one connection on.

    Args:
        channel: The client's connection.
        upstream: The server.
        clerk: Who keeps account.
        most: Bytes of a body that are kept.
        idle: Seconds that a connection may be without a request.
        seconds: Seconds that an exchange may take.
    """

    def __init__(
        self,
        channel: Channel,
        upstream: Upstream,
        clerk: Clerk,
        *,
        most: int,
        idle: float,
        seconds: float,
    ) -> None:
        self._channel = channel
        self._upstream = upstream
        self._most = most
        self._idle = idle
        self._seconds = seconds
        self._clerk = clerk
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Serve the connection until either side ends it."""
        try:
            while await self._has_request() and await self._exchange():
                pass
            await self._channel.half_close()
        except (ClientLeftError, OSError, TimeoutError):
            pass  # an end of a connection, which has been passed on
        finally:
            self._hang_up()

    async def _has_request(self) -> bool:
        async with asyncio.timeout(self._idle):
            return bool(self._channel.buffer) or await self._channel.fill()

    async def _exchange(self) -> bool:
        """Pass one exchange on; tell whether the connection goes on."""
        async with asyncio.timeout(self._seconds):
            try:
                request = await Incoming.read(self._channel)
            except NoRequest as error:
                await self._refuse(_BAD_REQUEST, f"This is no request of HTTP/1: {error}.")
                return False
            started = time.time()
            try:
                reader, writer = await self._connected()
            except OSError as error:
                said = "it did not answer in time" if isinstance(error, TimeoutError) else str(error)
                self._clerk.tell(f"{self._upstream.url} was not reached: {said}")
                await self._refuse(
                    _BAD_GATEWAY, "The recorder did not reach the server behind it; its own output says why."
                )
                return False
            testimony = Testimony(
                request=request,
                body=Content(self._most),
                witness=Witness(request.method, self._most),
                started=started,
                clock=time.monotonic(),
            )
            writer.write(request.head_for(self._upstream.authority, self._upstream.base))
            number = self._clerk.begin()
            try:
                return await self._both_ways(number, testimony, reader, writer)
            finally:
                self._clerk.end()

    async def _both_ways(
        self, number: int, testimony: Testimony, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        up = asyncio.ensure_future(self._upward(testimony, writer))
        down = asyncio.ensure_future(self._downward(number, testimony, reader))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            if not down.done() and isinstance(up.exception(), OSError):
                await asyncio.wait((down,))  # the server takes no more, but may say why
            if not down.done():
                testimony.broken = testimony.broken or "the client left before it had the whole answer"
                raise up.exception() or ClientLeftError
            return down.result()
        finally:
            for way in (up, down):
                way.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            if not testimony.kept:
                testimony.broken = testimony.broken or "the exchange was given up before the answer was whole"
                self._write(number, testimony)

    async def _upward(self, testimony: Testimony, writer: asyncio.StreamWriter) -> None:
        """Pass the body on as it comes, and then wait for the client to leave."""
        try:
            async for raw, content in testimony.request.body(self._channel):
                testimony.body.add(content)
                writer.write(raw)
                await writer.drain()
        except NoRequest:
            testimony.broken = "the body of the request is broken"
            raise ClientLeftError from None
        testimony.sent = True
        await self._channel.departure()

    async def _downward(self, number: int, testimony: Testimony, reader: asyncio.StreamReader) -> bool:
        witness = testimony.witness
        ended = False
        while not (witness.complete or ended):
            try:
                data = await reader.read(_PIECE)
            except OSError:
                self._channel.resets = True
                testimony.broken = "the server reset the connection before its answer was whole"
                raise
            if data:
                witness.feed(data)
            else:
                ended = True
                witness.end()
            if ended and not witness.complete:
                testimony.broken = (
                    "the answer is no HTTP"
                    if witness.odd
                    else "the server closed the connection before its answer was whole"
                )
            if witness.complete or ended:
                self._write(number, testimony)
            if data:
                await self._channel.send(data)
        if ended or not witness.keep_alive or not testimony.sent:
            self._hang_up()
        return not ended and witness.keep_alive and testimony.sent and not testimony.request.wants_close

    def _write(self, number: int, testimony: Testimony) -> None:
        testimony.kept = True
        self._clerk.write(number, testimony)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Give the connection of the last exchange, or a new one."""
        if self._server is not None and self._server[0].at_eof():
            self._hang_up()
        if self._server is None:
            self._server = await self._upstream.connect()
        return self._server

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server[1].close()
            self._server = None

    async def _refuse(self, status: int, detail: str) -> None:
        problem = {"type": "about:blank", "title": "Recorder", "status": status, "detail": detail}
        headers = {"Content-Type": "application/problem+json", "Connection": "close"}
        body = json.dumps(problem).encode()
        await self._channel.send(Answer(status, body=body, headers=headers).wire())
        await self._channel.half_close()
        # A close with more bytes on their way would turn into RST and take the answer with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._channel.departure()
