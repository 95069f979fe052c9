"""One connection through a fault proxy: two sockets and two streams of bytes."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, TypeAlias

from mm_actions.testing.sockets import close, receive, reset
from mm_actions.testing.toxics import Direction

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from mm_actions.testing.toxicity import Toxicity

_UNDER_WAY = 64
"""Pieces of at most 64 KiB that a latency may hold in each direction."""

_Arrivals: TypeAlias = "asyncio.Queue[tuple[float, bytes]]"


def _arrivals() -> _Arrivals:
    return asyncio.Queue(_UNDER_WAY)


class LinkEndedError(Exception):
    """A fault ended the connection."""

    def __init__(self, *, resets: bool) -> None:
        super().__init__()
        self.resets = resets


class Link:
    """Forward one client's connection.

    Args:
        client: The accepted socket.
        toxicity: The faults in force.
        luck: The source of jitter.
        on_bytes: Told how many bytes were delivered, and which way.
    """

    def __init__(
        self,
        client: socket.socket,
        toxicity: Toxicity,
        luck: random.Random,
        on_bytes: Callable[[Direction, int], None],
    ) -> None:
        self._client = client
        self._server: socket.socket | None = None
        self._toxicity = toxicity
        self._luck = luck
        self._on_bytes = on_bytes
        self._began = time.monotonic()
        self._delivered = dict.fromkeys(Direction, 0)
        self._resets = False

    async def run(self, upstream: tuple[str, int]) -> None:
        """Connect to the server and forward until both sides, one failure or a fault end it."""
        family = socket.AF_INET6 if ":" in upstream[0] else socket.AF_INET
        self._server = socket.socket(family, socket.SOCK_STREAM)
        self._server.setblocking(False)
        self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(self._server, upstream)
            await self._forward(self._client, self._server)
        except LinkEndedError as end:
            self._resets = end.resets
        except OSError:
            self._resets = True  # what happened to one side happens to the other

    def close(self) -> None:
        """Give both sockets back."""
        for sock in (self._client, self._server):
            if sock is not None:
                if self._resets:
                    reset(sock)
                else:
                    close(sock)

    async def _forward(self, client: socket.socket, server: socket.socket) -> None:
        up, down = _arrivals(), _arrivals()
        deliveries = {
            asyncio.ensure_future(self._deliver(Direction.UPSTREAM, up, server)),
            asyncio.ensure_future(self._deliver(Direction.DOWNSTREAM, down, client)),
        }
        pending = deliveries | {
            asyncio.ensure_future(work)
            for work in (self._collect(client, up), self._collect(server, down), self._watch())
        }
        try:
            while not all(delivery.done() for delivery in deliveries):
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                failures = [error for task in done if (error := task.exception())]
                if failures:  # both halves may fail at once; each was asked, so none complains
                    raise failures[0]
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            for direction in Direction:
                limit = self._toxicity.byte_limit(direction)
                if limit is not None and self._delivered[direction] >= limit[0]:
                    raise LinkEndedError(resets=limit[1])
            end = self._toxicity.time_limit(self._began)
            if end is not None and end[0] <= time.monotonic():
                raise LinkEndedError(resets=end[1])
            await self._toxicity.pause(None if end is None else end[0] - time.monotonic())

    async def _collect(self, source: socket.socket, arrivals: _Arrivals) -> None:
        data = b"?"
        while data:
            data = await receive(source)
            await arrivals.put((time.monotonic(), data))

    async def _deliver(self, direction: Direction, arrivals: _Arrivals, sink: socket.socket) -> None:
        data = b"?"
        while data:
            arrived, data = await arrivals.get()
            luck = self._luck.uniform(-1, 1)
            await self._until(lambda: arrived + self._toxicity.latency(direction, luck))  # noqa: B023 - used up here
            if data:
                await self._send(direction, data, sink)
        ended = time.monotonic()
        await self._until(lambda: ended + self._toxicity.closing_delay(direction))
        while self._toxicity.swallows(direction):
            await self._toxicity.pause(None)
        sink.shutdown(socket.SHUT_WR)

    async def _until(self, due: Callable[[], float]) -> None:
        """Wait until a moment that a change of the faults may move."""
        while (left := due() - time.monotonic()) > 0:
            await self._toxicity.pause(left)

    async def _send(self, direction: Direction, data: bytes, sink: socket.socket) -> None:
        ready = time.monotonic()
        while data and not self._toxicity.swallows(direction):
            size, seconds_per_byte, delay = self._toxicity.piece(direction)
            piece, data = data[:size], data[size:]
            limit = self._toxicity.byte_limit(direction)
            if limit is not None:
                piece = piece[: max(0, limit[0] - self._delivered[direction])]
            # Counted from when the last piece was due, so that late wake-ups do not lower the rate.
            ready += len(piece) * seconds_per_byte
            await asyncio.sleep(ready - time.monotonic())
            await asyncio.get_running_loop().sock_sendall(sink, piece)
            self._delivered[direction] += len(piece)
            self._on_bytes(direction, len(piece))
            if limit is not None and self._delivered[direction] >= limit[0]:
                raise LinkEndedError(resets=limit[1])
            if data and delay:
                ready += delay
                await asyncio.sleep(ready - time.monotonic())
