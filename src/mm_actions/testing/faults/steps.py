"""What a fault server does on a connection: one value a step, in seconds and bytes.

A script is put together from these. Steps that read come first; an exchange that begins with none of them
begins by reading the request whole.
"""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from mm_actions.testing.faults.gate import Gate

Headers: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]
Framing: TypeAlias = Literal["length", "chunked", "close"]


class _Absent:
    """The type of :data:`ABSENT`."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""Stands for "no JSON body", because ``None`` is a JSON value."""


def encode_head(start: str, headers: Headers) -> bytes:
    """Return a start line and headers as they travel, up to and including the empty line."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [start, *(f"{name}: {value}" for name, value in pairs)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def encode_chunk(data: bytes) -> bytes:
    """Return one chunk of ``Transfer-Encoding: chunked``; an empty one is the last."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """Read the request to its end, by ``Content-Length`` or by chunks.

    Args:
        send_continue: Answer ``Expect: 100-continue`` before the body is read (RFC 9110, 10.1.1).
    """

    send_continue: bool = True


@dataclass(frozen=True, slots=True)
class ReadHead:
    """Read the request line and the headers, and leave the body in the socket."""


@dataclass(frozen=True, slots=True)
class ReadBytes:
    """Read this many bytes of the request and leave the rest in the socket; 0 reads nothing at all."""

    count: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Send a response; well-formed unless its arguments say otherwise.

    Args:
        status: The status code.
        json: The body as a JSON value, sent as ``application/json``.
        body: The body as bytes, when `json` is not given.
        headers: Headers beside those of the framing; pairs may repeat a name. A ``Connection: close`` among
            them ends the connection after the answer.
        framing: How the end of the body is told: ``Content-Length``, chunks, or the end of the connection.
        declared_length: The ``Content-Length`` to claim instead of the true one.
        chunk_size: Bytes in a chunk; 0 puts the whole body into one.
        last_chunk: Whether the chunk that ends the body is sent.
        version: The protocol version to claim.
        reason: The reason phrase; the standard one when not given.
    """

    status: int = 200
    json: object = ABSENT
    body: bytes = b""
    headers: Headers = ()
    framing: Framing = "length"
    declared_length: int | None = None
    chunk_size: int = 0
    last_chunk: bool = True
    version: str = "HTTP/1.1"
    reason: str | None = None

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        asked = any(name.lower() == "connection" and value.lower() == "close" for name, value in pairs)
        return asked or self.framing == "close"

    def head(self) -> bytes:
        """Return the status line and the headers as they travel."""
        return self._head(len(self._content()))

    def wire(self) -> bytes:
        """Return the whole answer as it travels; slices of it make :class:`Send` steps that are cut short."""
        content = self._content()
        return self._head(len(content)) + self._framed(content)

    def _content(self) -> bytes:
        return self.body if self.json is ABSENT else json_module.dumps(self.json).encode()

    def _framed(self, content: bytes) -> bytes:
        if self.framing != "chunked":
            return content
        size = self.chunk_size or len(content) or 1
        chunks = [encode_chunk(content[at : at + size]) for at in range(0, len(content), size)]
        return b"".join([*chunks, encode_chunk(b"") if self.last_chunk else b""])

    def _head(self, length: int) -> bytes:
        pairs = list(self.headers.items() if isinstance(self.headers, Mapping) else self.headers)
        given = {name.lower() for name, _ in pairs}
        bodiless = self.status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        if "content-type" not in given and not bodiless:
            pairs.append(("Content-Type", "application/json"))
        if self.framing == "chunked" and "transfer-encoding" not in given:
            pairs.append(("Transfer-Encoding", "chunked"))
        if self.framing == "length" and "content-length" not in given and not bodiless:
            pairs.append(
                ("Content-Length", str(length if self.declared_length is None else self.declared_length))
            )
        return encode_head(f"{self.version} {self.status} {self._phrase()}", pairs)

    def _phrase(self) -> str:
        if self.reason is not None:
            return self.reason
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Unassigned"


@dataclass(frozen=True, slots=True)
class Informational:
    """Send interim responses (1xx) before the answer; many of them make a storm.

    Args:
        status: The status code.
        count: How many to send.
        headers: The headers of each.
    """

    status: int = 103
    count: int = 1
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Dribble:
    """Send bytes, or an answer, a little at a time.

    Args:
        data: What to send.
        chunk: Bytes sent at once.
        interval: Seconds between two of them.
    """

    data: bytes | Answer
    chunk: int = 1
    interval: float = 0.5


@dataclass(frozen=True, slots=True)
class Endless:
    """Send an answer whose body does not end until the client leaves or the limit is reached.

    Args:
        chunk: The bytes repeated.
        limit: Bytes of body after which to give up.
        framing: With ``length`` the limit is declared as the ``Content-Length``.
        prefix: Bytes of body sent once, before the first chunk; they count towards the limit.
        status: The status code.
        headers: Headers beside those of the framing, such as a ``Content-Encoding``.
    """

    chunk: bytes = b" " * 65536
    limit: int = 1 << 30
    framing: Framing = "chunked"
    prefix: bytes = b""
    status: int = 200
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait; the end of the server ends it, and so does the end of the client unless told otherwise.

    Args:
        seconds: How long.
        watch: Whether to notice that the client closed its connection, which ends the script.
    """

    seconds: float
    watch: bool = True


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Wait until the test opens the gate.

    Args:
        gate: What the test opens.
        watch: As for :class:`Wait`.
    """

    gate: Gate
    watch: bool = True


@dataclass(frozen=True, slots=True)
class Hang:
    """Do nothing more until the server is closed.

    Args:
        watch: Whether to notice that the client closed its connection. Without it nothing is read either, so
            a client that goes on sending finds its window full.
    """

    watch: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """End the connection with FIN.

    Bytes that arrive afterwards are answered with RST, as any closed socket does, which can overtake an
    answer the client has not read. ``HalfClose(), Wait(1)`` before it gives the client time.

    Args:
        notify: Over TLS, say ``close_notify`` before; without it the end looks like a truncation.
    """

    notify: bool = True


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Send FIN, over TLS with ``close_notify``, and go on with the next step, which may still read."""


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with RST."""


@dataclass(frozen=True, slots=True)
class Do:
    """Call a function on the server's thread; it must not block."""

    function: Callable[[], object]


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """Say that this exchange runs no action, so that the server's ledger does not count it."""


Reading: TypeAlias = ReadRequest | ReadHead | ReadBytes
Step: TypeAlias = (
    Reading
    | Send
    | Answer
    | Informational
    | Dribble
    | Endless
    | Wait
    | WaitFor
    | Hang
    | Close
    | HalfClose
    | Reset
    | Do
    | NotExecuted
)
