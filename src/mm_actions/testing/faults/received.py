"""A request as it arrived, whole or in part."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.testing.faults.channel import ClientLeftError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.testing.faults.channel import Channel

_HEAD_LIMIT = 1 << 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class MalformedRequestError(ValueError):
    """The bytes that arrived are not an HTTP/1 request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """What a client sent.

    Args:
        number: Which request of the server's life, from 1.
        connection: Which connection of the server's life, from 1.
        number_on_connection: Which request of its connection, from 1.
        time: Seconds on ``time.monotonic`` when its first bytes were there.
        method: The method; empty if the head did not arrive.
        path: The request target, query included.
        version: ``HTTP/1.1`` or another.
        headers: By name in lower case; repeated ones joined by a comma.
        raw_headers: As they came.
        body: The decoded body, or what has arrived of it.
        complete: Whether the request was read to its end.
        client_certificate: The client's verified certificate, as ``ssl.SSLSocket.getpeercert`` puts it.
    """

    number: int
    connection: int
    number_on_connection: int
    time: float
    method: str = ""
    path: str = ""
    version: str = ""
    headers: Mapping[str, str]
    raw_headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    complete: bool = False
    client_certificate: Mapping[str, Any] | None = None

    @property
    def idempotency_key(self) -> str:
        """The ``Idempotency-Key``, empty when there is none."""
        return self.headers.get("idempotency-key", "").strip()

    @property
    def wants_close(self) -> bool:
        """Whether the client asks for the connection to end after the answer."""
        wish = self.headers.get("connection", "").lower()
        return "close" in wish or (self.version == "HTTP/1.0" and "keep-alive" not in wish)

    def json(self) -> Any:
        """Return the body as a JSON value."""
        return json.loads(self.body)


class RequestReader:
    """Read one request from a channel, in as many steps as a script likes."""

    def __init__(self, channel: Channel, *, number: int, connection: int, number_on_connection: int) -> None:
        self._channel = channel
        self._ids = {"number": number, "connection": connection, "number_on_connection": number_on_connection}
        self._time = time.monotonic()
        self._start: list[str] = []
        self._raw_headers: tuple[tuple[str, str], ...] = ()
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._partial = b""
        self.complete = False

    async def read_bytes(self, count: int) -> None:
        """Take raw bytes and leave the rest."""
        self._partial += await self._channel.take(count)

    async def read_head(self) -> None:
        """Take the request line and the headers."""
        if self._start:
            return
        self._channel.buffer[:0] = self._partial
        self._partial = b""
        try:
            head = await self._channel.take_past(b"\r\n\r\n", _HEAD_LIMIT)
        except ValueError as error:
            raise MalformedRequestError(f"no end of the headers: {error}") from error
        self._parse_head(head)

    async def read_all(self, *, send_continue: bool) -> None:
        """Take the rest of the request."""
        if self.complete:
            return
        await self.read_head()
        if send_continue and self._headers.get("expect", "").lower() == "100-continue":
            await self._channel.send(_CONTINUE)
        try:
            if "chunked" in self._headers.get("transfer-encoding", "").lower():
                await self._read_chunks()
            else:
                await self._read_length(int(self._headers.get("content-length", "0")))
        except ValueError as error:
            raise MalformedRequestError(f"the body's framing: {error}") from error
        self.complete = True

    def snapshot(self) -> ReceivedRequest:
        """Return what has been read so far."""
        if not self._start:
            self._parse_partial()
        method, path, version = (*self._start, "", "", "")[:3]
        return ReceivedRequest(
            **self._ids,
            time=self._time,
            method=method,
            path=path,
            version=version,
            headers=self._headers,
            raw_headers=self._raw_headers,
            body=bytes(self._body),
            complete=self.complete,
            client_certificate=self._channel.client_certificate,
        )

    async def _read_length(self, length: int) -> None:
        if length < 0:
            raise ValueError("a negative Content-Length")
        try:
            self._body += await self._channel.take(length)
        except ClientLeftError:
            self._body += self._channel.buffer
            raise

    async def _read_chunks(self) -> None:
        channel = self._channel
        while True:
            line = await channel.take_past(b"\r\n", _HEAD_LIMIT)
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            self._body += await channel.take(size)
            if await channel.take(2) != b"\r\n":
                raise ValueError("a chunk is longer than it says")
        while await channel.take_past(b"\r\n", _HEAD_LIMIT) != b"\r\n":
            pass  # trailers say nothing to a test

    def _parse_head(self, head: bytes) -> None:
        start, *lines = head.decode("latin-1").split("\r\n")[:-2]
        words = start.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/"):  # noqa: PLR2004 - method, target, version
            raise MalformedRequestError(f"no request line in {len(head)} bytes")
        pairs = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise MalformedRequestError("a header line without a name and a colon")
            pairs.append((name, value.strip()))
        self._start = words
        self._raw_headers = tuple(pairs)
        headers: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        self._headers = headers

    def _parse_partial(self) -> None:
        head, end, rest = (self._partial or bytes(self._channel.buffer)).partition(b"\r\n\r\n")
        if end:
            try:
                self._parse_head(head + end)
            except MalformedRequestError:
                return
            self._body += rest
