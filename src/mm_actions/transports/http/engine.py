"""The border between HTTP libraries and the rest: an engine sends one request and brings one response.

An engine belongs to one server: it keeps that server's connections and TLS contexts, enforces the limits
of :class:`EngineOptions` while the answer arrives, follows no redirect, and lets no exception of its
library through: what goes wrong is an :class:`~mm_actions.errors.InvocationError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.transports.http.tls import TlsMaterial, TlsSource


# Structs of msgspec, because they are made for every call: 0.1 µs instead of 0.7 for a frozen dataclass.
class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        url: Absolute, http or https.
        method: POST, or GET for the optional operations.
        headers: Names and values, as they travel.
        body: The encoded payload.
        timeout: Seconds within which the whole exchange must end, connecting included.
    """

    url: str
    timeout: float
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __repr__(self) -> str:
        """Leave out the query, headers and body, which may hold secrets."""
        place = self.url.partition("?")[0]
        return f"HttpRequest({self.method} {place}, {len(self.body)} bytes, timeout={self.timeout:.3g})"


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One complete response: every byte that was announced has arrived and is decoded.

    Attributes:
        status: The final status; interim 1xx responses are not reported.
        headers: Lower-case names; repeated fields joined by ", ".
        body: The content after Content-Encoding was undone.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What an engine keeps for all requests to its server.

    Attributes:
        connect_timeout: Seconds for name resolution, TCP and TLS together.
        tls: Certificates and how to check the server's; None for the system's trust store.
            A source follows its files; a material stays as it is.
        max_response_bytes: Decoded bytes of an answer, at most.
        max_header_bytes: Bytes of all header lines of an answer, at most.
        max_connections: Connections kept open, at most.
        idle_timeout: Seconds after which an unused connection is not used again.
        proxy: URL of an HTTP proxy; None for a direct connection, whatever the environment says.
    """

    connect_timeout: float = 1.0
    tls: TlsMaterial | TlsSource | None = None
    max_response_bytes: int = 1 << 20
    max_header_bytes: int = 64 << 10
    max_connections: int = 100
    idle_timeout: float = 55.0
    proxy: str | None = field(default=None, repr=False)


class HttpStream(Protocol):
    """A response whose body is taken piece by piece: the server can be no further ahead than some buffers.

    Attributes:
        status: The final status.
        headers: As those of a :class:`HttpResponse`.
    """

    status: int
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """Wait for the next piece of the body; empty once all that was announced has arrived.

        Raises:
            InvocationError: What went wrong, the deadline of the request included.
        """
        ...

    def close(self) -> None:
        """Break off, if the body has not ended: the connection is closed. A second time does nothing."""
        ...


class AsyncHttpStream(Protocol):
    """A :class:`HttpStream` for an event loop; cancelling a read closes it."""

    status: int
    headers: Mapping[str, str]

    async def read(self) -> bytes:
        """As :meth:`HttpStream.read`, without blocking the loop."""
        ...

    def close(self) -> None:
        """As :meth:`HttpStream.close`; it does not wait, so that it may be called wherever a call ends."""
        ...


class Engine(Protocol):
    """Sends requests to one server, for blocking and for asynchronous callers."""

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send and wait on the calling thread.

        Raises:
            InvocationError: With ``sent`` telling whether the request may have reached the server.
            ConfigurationError: The request could not be made into HTTP, or the engine cannot work here.
        """
        ...

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Send without blocking the event loop; cancelling it closes what it opened.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ...

    def open_stream(self, request: HttpRequest) -> HttpStream:
        """Send, and wait on the calling thread until the body of the response begins or ends.

        The body is not decompressed: the request has to ask for one that is not.

        Raises:
            InvocationError: As :meth:`send`.
            ConfigurationError: As :meth:`send`.
        """
        ...

    async def open_stream_async(self, request: HttpRequest) -> AsyncHttpStream:
        """As :meth:`open_stream`, without blocking the event loop; cancelling it closes what it opened."""
        ...

    def close(self) -> None:
        """Close every connection; the engine may be used again and then opens new ones."""
        ...
