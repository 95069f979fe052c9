"""Messages of the protocol on pipes: one a line (MCP, transports, stdio). Needs the extra `mcp`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

import anyio
import mcp_types as types
from mcp.shared.message import SessionMessage

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

TOO_LARGE = "mm_actions: more bytes than are taken"
"""The data of the error that stands for a message that was passed over."""

_PIECE = 64 << 10
_HEAD = 512
_ID = re.compile(rb'"id"\s*:\s*(\d{1,15}|"[\w.:-]{1,64}")')


class Lines:
    """The messages that arrive on a pipe, as the SDK reads them.

    A line that is too long is passed over without being kept; who waits for it gets an error in its place.

    Args:
        reader: The pipe.
        limit: Bytes of a line, at most.
        ended: Called when the other side has closed the pipe.
    """

    def __init__(
        self, reader: asyncio.StreamReader, limit: int, ended: Callable[[], object] = lambda: None
    ) -> None:
        self._reader = reader
        self._limit = limit
        self._ended = ended
        self._buffer = bytearray()
        self._looked_at = 0
        self._over = False

    async def receive(self) -> SessionMessage | Exception:
        """Wait for the next message; what is no message is given as an error."""
        return await self.__anext__()

    async def __anext__(self) -> SessionMessage | Exception:
        """Wait for the next message."""
        while True:
            line = await self._line()
            if line is None:
                self._ended()
                raise StopAsyncIteration
            message = self._refusal(line) if self._over else _message(line)
            self._over = False
            if message is not None:
                return message

    async def _line(self) -> bytes | None:
        buffer = self._buffer
        while (end := buffer.find(b"\n", self._looked_at)) < 0:
            self._looked_at = len(buffer)
            if len(buffer) > self._limit:
                self._over = True
                del buffer[_HEAD:]
                self._looked_at = len(buffer)
            try:
                piece = await self._reader.read(_PIECE)
            except OSError:  # cut off, which is an end as well
                return None
            if not piece:
                return None
            if self._over:
                rest = piece.find(b"\n")
                if rest < 0:
                    continue
                piece = piece[rest:]
            buffer += piece
        self._over = self._over or end > self._limit
        line = bytes(buffer[: min(end, _HEAD) if self._over else end])
        del buffer[: end + 1]
        self._looked_at = 0
        return line

    def _refusal(self, head: bytes) -> SessionMessage | None:
        found = _ID.search(head)
        if found is None or b'"method"' in head:
            return None
        given = found.group(1)
        error = types.ErrorData(
            code=types.INTERNAL_ERROR, message=f"a message has more than {self._limit} bytes", data=TOO_LARGE
        )
        name = given[1:-1].decode() if given.startswith(b'"') else int(given)
        return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=name, error=error))

    def __aiter__(self) -> Self:
        """Give itself."""
        return self

    async def aclose(self) -> None:
        """Do nothing: the pipe belongs to who opened it."""

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()


class Writer:
    """Messages to a pipe, as the SDK writes them.

    Args:
        writer: The pipe.
        sent: Called when a request has been written.
        ended: Called when the other side reads no more.
    """

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        sent: Callable[[str], object] = lambda _: None,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        self._writer = writer
        self._sent = sent
        self._ended = ended

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message; a notification does not wait for a reader that does not read.

        Raises:
            anyio.BrokenResourceError: The other side reads no more; it is by this error that the SDK knows.
        """
        message = item.message
        self._writer.write(message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
        if self._writer.is_closing():  # asyncio found it broken, and has dropped the message whole
            self._ended()
            raise anyio.BrokenResourceError
        if isinstance(message, types.JSONRPCRequest):
            self._sent(message.method)
        if isinstance(message, types.JSONRPCNotification):
            return
        try:
            await self._writer.drain()
        except OSError as error:
            self._ended()
            raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        """Do nothing: the pipe belongs to who opened it."""

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()


def _message(line: bytes) -> SessionMessage | Exception | None:
    if not line.strip():
        return None
    try:
        message: Any = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValueError as error:
        return error
    return SessionMessage(message)
