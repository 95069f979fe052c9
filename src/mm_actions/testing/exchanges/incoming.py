"""A request on its way through: its head, changed as little as possible, and its body as it comes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mm_actions.testing.faults.channel import Channel

MOST_HEAD = 64 * 1024
_PIECE = 64 * 1024
_LONGEST_LINE = 4096
_START = re.compile(rb"([A-Z]{1,20}) (/[^\s\x00-\x1f\x7f]*) HTTP/1\.([01])")
_HOST = re.compile(rb"(?im)^host[ \t]*:[^\r\n]*")


class NoRequest(ValueError):
    """The bytes that arrived are no request of HTTP/1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request whose head has arrived.

    Attributes:
        method: The method.
        target: The path and the query.
        head: The bytes as they came, the empty line included.
        headers: Names and values as they came.
        http_1_0: Whether it is of HTTP/1.0.
    """

    method: str
    target: str
    head: bytes
    headers: tuple[tuple[str, str], ...]
    http_1_0: bool

    @classmethod
    async def read(cls, channel: Channel) -> Incoming:
        """Read a head.

        Raises:
            NoRequest: It is none.
            ClientLeftError: The client left.
        """
        try:
            head = await channel.take_past(b"\r\n\r\n", MOST_HEAD)
        except ValueError as error:
            raise NoRequest(f"its head has no end within {MOST_HEAD} bytes") from error
        first, *lines = head[:-4].split(b"\r\n")
        start = _START.fullmatch(first)
        if start is None:
            raise NoRequest("its first line is none of HTTP/1")
        headers = []
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise NoRequest("a line of its head is no header")
            headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
        return cls(
            method=start[1].decode(),
            target=start[2].decode("latin-1"),
            head=head,
            headers=tuple(headers),
            http_1_0=start[3] == b"0",
        )

    def header(self, name: str) -> str:
        """Give the value of a header, empty if there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")

    @property
    def wants_close(self) -> bool:
        """Whether the client asks for the connection to end."""
        wish = self.header("connection").lower()
        return "close" in wish or (self.http_1_0 and "keep-alive" not in wish)

    def head_for(self, host: str, base: str) -> bytes:
        """Give the head for the server: another Host, a path before the path, and nothing else changed."""
        first, _, rest = self.head.partition(b"\r\n")
        method, target, version = first.split(b" ")
        rest = _HOST.sub(b"Host: " + host.encode(), rest)
        return b" ".join((method, base.encode() + target, version)) + b"\r\n" + rest

    async def body(self, channel: Channel) -> AsyncIterator[tuple[bytes, bytes]]:
        """Give the body as it comes: the bytes as they travel, and what they hold.

        Raises:
            NoRequest: Its framing is broken.
            ClientLeftError: The client left.
        """
        if "chunked" in self.header("transfer-encoding").lower():
            async for piece in _chunks(channel):
                yield piece
            return
        length = self.header("content-length") or "0"
        if not (length.isascii() and length.isdigit()):
            raise NoRequest("its Content-Length is no number")
        async for data in _exactly(channel, int(length)):
            yield data, data


async def _exactly(channel: Channel, count: int) -> AsyncIterator[bytes]:
    while count:
        if not channel.buffer:
            data = await channel.take(1)
            data += await channel.take(min(count - 1, len(channel.buffer), _PIECE))
        else:
            data = await channel.take(min(count, len(channel.buffer), _PIECE))
        count -= len(data)
        yield data


async def _chunks(channel: Channel) -> AsyncIterator[tuple[bytes, bytes]]:
    while True:
        line = await _line(channel)
        yield line, b""
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError as error:
            raise NoRequest("a chunk has no length") from error
        if not size:
            break
        async for data in _exactly(channel, size):
            yield data, data
        yield await _line(channel), b""
    while True:
        line = await _line(channel)
        yield line, b""
        if line == b"\r\n":
            return


async def _line(channel: Channel) -> bytes:
    try:
        return await channel.take_past(b"\r\n", _LONGEST_LINE)
    except ValueError as error:
        raise NoRequest("a line of its chunks does not end") from error
