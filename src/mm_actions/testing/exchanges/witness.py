"""Reads an answer while it passes by, without holding it up."""

from __future__ import annotations

import time
import zlib

from mm_actions.errors import ConfigurationError, InvocationError
from mm_actions.transports.http.content_coding import Body
from mm_actions.transports.http.engine import EngineOptions

try:
    import httptools
except ImportError as missing:
    raise ConfigurationError("recording needs httptools: pip install 'mm_actions[server]'") from missing

_FINAL = 200


class Content:
    """The beginning of a body, and how long the whole of it was.

    Args:
        most: Bytes that are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = bytearray()
        self.length = 0

    def add(self, data: bytes) -> None:
        """Take in what arrived."""
        self.length += len(data)
        if self.length <= self._most:
            self._kept += data
        else:
            self._kept.clear()

    def decoded(self, coding: str) -> bytes:
        """Give the body, its Content-Encoding undone.

        Raises:
            ValueError: It is not kept, or not in that coding; the message says which.
        """
        if self.length > self._most:
            raise ValueError(f"{self.length} bytes are more than {self._most}")
        try:
            body = Body(coding, EngineOptions(max_response_bytes=self._most))
            body.add(bytes(self._kept))
            return body.whole()
        except (InvocationError, zlib.error) as error:
            raise ValueError(f"its Content-Encoding {coding!r} cannot be undone") from error


class Witness:
    """Understands an answer of HTTP/1.

    Args:
        method: The method of the request: an answer to HEAD has no body.
        most: Bytes of the body that are kept.

    Attributes:
        status: The final status; 0 before it is known.
        headers: Names and values as they came.
        content: The body.
        complete: Whether the answer has arrived as a whole.
        odd: Whether what arrives is not HTTP.
        first_byte: When the first byte came, on :func:`time.monotonic`.
    """

    def __init__(self, method: str, most: int) -> None:
        self._method = method
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.content = Content(most)
        self.complete = False
        self.odd = False
        self.keep_alive = False
        self.first_byte: float | None = None

    def feed(self, data: bytes) -> None:
        """Take in what arrived."""
        if self.first_byte is None:
            self.first_byte = time.monotonic()
        if self.odd or self.complete:
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.odd = not self.complete

    def end(self) -> None:
        """Note that the server closed the connection, which ends a body that has no other end."""
        if self.status and not self.odd and not self._framed:
            self.complete = True
        self.keep_alive = False

    @property
    def _framed(self) -> bool:
        return any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in self.headers)

    def header(self, name: str) -> str:
        """Give the value of a header, empty if there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin with a head, perhaps after an interim one."""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header."""
        self.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Note a final status."""
        status = self._parser.get_status_code()
        if status >= _FINAL:
            self.status = status
            self.keep_alive = self._parser.should_keep_alive()
            self.complete = self._method == "HEAD"

    def on_body(self, body: bytes) -> None:
        """Note a piece of the body."""
        self.content.add(body)

    def on_message_complete(self) -> None:
        """Note the end, unless it was an interim answer that ended."""
        self.complete = self.complete or bool(self.status)
