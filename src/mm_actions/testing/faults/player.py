"""Play the steps of a script on one connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, assert_never

from mm_actions.testing.faults.steps import (
    Answer,
    Close,
    Do,
    Dribble,
    Endless,
    HalfClose,
    Hang,
    Informational,
    NotExecuted,
    ReadBytes,
    ReadHead,
    Reading,
    ReadRequest,
    Reset,
    Send,
    Step,
    Wait,
    WaitFor,
    encode_chunk,
    encode_head,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mm_actions.testing.faults.channel import Channel
    from mm_actions.testing.faults.received import RequestReader

_STORM_PIECE = 256
"""Interim responses sent at once."""


class ConnectionOverError(Exception):
    """A step ended the connection."""


class Player:
    """Play steps.

    Args:
        channel: The connection.
        on_read: Told after each step that reads.
        on_execution: Told before the first other step, when the request was read whole and is not declared
            as :class:`NotExecuted`.
    """

    def __init__(
        self,
        channel: Channel,
        on_read: Callable[[RequestReader], None],
        on_execution: Callable[[RequestReader], None],
    ) -> None:
        self._channel = channel
        self._on_read = on_read
        self._on_execution = on_execution

    async def play(self, steps: Sequence[Step], reader: RequestReader) -> bool:
        """Play all steps; return whether the connection may carry another request.

        Raises:
            ConnectionOverError: A step ended the connection.
            ClientLeftError: The client ended it.
        """
        executed = any(isinstance(step, NotExecuted) for step in steps)
        goes_on = True
        for step in steps:
            if isinstance(step, Reading):
                await self._read(step, reader)
                continue
            if not executed and reader.complete:
                executed = True
                self._on_execution(reader)
            await self._perform(step)
            goes_on = goes_on and not (isinstance(step, Answer) and step.closes)
        return goes_on and reader.complete

    async def _read(self, step: Reading, reader: RequestReader) -> None:
        match step:
            case ReadRequest(send_continue):
                await reader.read_all(send_continue=send_continue)
            case ReadHead():
                await reader.read_head()
            case ReadBytes(count):
                await reader.read_bytes(count)
        self._on_read(reader)

    async def _perform(self, step: Step) -> None:
        channel = self._channel
        match step:
            case Send(data):
                await channel.send(data)
            case Answer():
                await channel.send(step.wire())
            case Informational():
                await self._storm(step)
            case Dribble():
                await self._dribble(step)
            case Endless():
                await self._pour(step)
            case Wait(seconds, watch):
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._pause(None, watch=watch)
            case WaitFor(gate, watch):
                await self._pause(gate.wait(), watch=watch)
            case Hang(watch):
                await self._pause(None, watch=watch)
            case Close() | HalfClose() | Reset():
                await self._end(step)
            case Do(function):
                function()
            case NotExecuted() | ReadRequest() | ReadHead() | ReadBytes():
                pass
            case _:
                assert_never(step)

    async def _end(self, step: Close | HalfClose | Reset) -> None:
        match step:
            case HalfClose():
                await self._channel.half_close()
                return
            case Close(notify):
                await self._channel.half_close(notify=notify)
            case Reset():
                self._channel.resets = True
        raise ConnectionOverError

    async def _pause(self, until: Awaitable[None] | None, *, watch: bool) -> None:
        """Wait for something, or for ever; with `watch`, the client's departure ends it."""
        if until is None:
            until = asyncio.get_running_loop().create_future()
        if not watch:
            await until
            return
        waits = [asyncio.ensure_future(until), asyncio.ensure_future(self._channel.departure())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            results = await asyncio.gather(*waits, return_exceptions=True)
        if isinstance(results[1], Exception):
            raise results[1]

    async def _storm(self, step: Informational) -> None:
        interim = encode_head(f"HTTP/1.1 {step.status} Interim", step.headers)
        left = step.count
        while left > 0:
            await self._channel.send(interim * min(left, _STORM_PIECE))
            left -= _STORM_PIECE
            await asyncio.sleep(0)

    async def _dribble(self, step: Dribble) -> None:
        data = step.data.wire() if isinstance(step.data, Answer) else step.data
        for at in range(0, len(data), step.chunk):
            if at:
                await self._perform(Wait(step.interval))
            await self._channel.send(data[at : at + step.chunk])

    async def _pour(self, step: Endless) -> None:
        chunked = step.framing == "chunked"
        head = Answer(
            step.status,
            headers=step.headers,
            framing=step.framing,
            declared_length=step.limit,
            last_chunk=False,
        )
        await self._channel.send(head.head())
        left = step.limit
        piece = step.prefix or step.chunk
        while left > 0 and piece:
            piece = piece[:left]
            await self._channel.send(encode_chunk(piece) if chunked else piece)
            left -= len(piece)
            piece = step.chunk
            await asyncio.sleep(0)  # a fast reader must not keep the other connections waiting
        if chunked:
            await self._channel.send(encode_chunk(b""))
        elif step.framing == "close":
            await self._perform(Close())
