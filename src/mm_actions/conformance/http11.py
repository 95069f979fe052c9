"""HTTP/1.1 on a socket: sends whatever a check wants to send, and reads with patience but not forever."""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Self

from mm_actions.conformance.exchange import Response

if TYPE_CHECKING:
    from mm_actions.conformance.exchange import Headers, SentRequest
    from mm_actions.resilience import Deadline

MOST_BYTES = 64 * 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_LINE = 64 * 1024
_MOST_HEADERS = 200
_STATUS_LINE = re.compile(rb"HTTP/(1\.[01]) (\d{3})(?: (.*))?")
_WITHOUT_BODY = (204, 304)


class NoAnswer(Exception):
    """No answer came, or what came is not HTTP.

    Args:
        reason: Which of these.
        late: Whether the time was up.
    """

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


class Line:
    """One connection.

    Args:
        host: A name or an address.
        port: The port.
        tls: How to speak TLS; None for plain http.
        deadline: By when everything on this connection has happened.

    Raises:
        NoAnswer: There is no connection.
    """

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, deadline: Deadline) -> None:
        self._deadline = deadline
        self._name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._buffer = b""
        self._received = 0
        self._ended = False
        try:
            plain = socket.create_connection((host, port), timeout=self._left())
        except OSError as error:
            raise NoAnswer(f"no connection: {_said(error)}", late=isinstance(error, TimeoutError)) from error
        self._socket = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                plain.settimeout(self._left())
                self._socket = tls.wrap_socket(plain, server_hostname=host)
        except OSError as error:
            plain.close()
            raise NoAnswer(f"no secure connection: {_said(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def drop(self) -> None:
        """Close at once with a reset, as a client does that crashed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def send_head(self, request: SentRequest) -> None:
        """Send the head of a request."""
        lines = [f"{request.method} {request.path} HTTP/1.1", f"Host: {self._name}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        if request.chunked:
            lines.append("Transfer-Encoding: chunked")
        elif request.body or request.method in {"POST", "PUT"}:
            lines.append(f"Content-Length: {len(request.body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))

    def send_body(self, request: SentRequest) -> None:
        """Send the body of a request, until an answer comes: whoever answers early may not want the rest."""
        for start in range(0, len(request.body), _PIECE):
            if start and self._arrived():
                return
            piece = request.body[start : start + _PIECE]
            self.send(b"%x\r\n%b\r\n" % (len(piece), piece) if request.chunked else piece)
        if request.chunked:
            self.send(b"0\r\n\r\n")

    def send(self, data: bytes) -> None:
        """Send bytes as they are; that the other side has closed is seen when its answer is read."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)
        except TimeoutError:
            raise NoAnswer("it does not read what is sent to it, and does not answer", late=True) from None
        except OSError:
            return

    def wait(self, seconds: float) -> None:
        """Wait until something arrives, so many seconds at most."""
        until = self._deadline.within(seconds)
        poll = select.poll()  # select() itself knows no descriptor above 1023
        poll.register(self._socket, select.POLLIN)
        while not self._arrived() and until.remaining():
            poll.poll(until.remaining_ms() + 1)

    def receive(self) -> Response:
        """Read an answer.

        Raises:
            NoAnswer: There is none in time, or it is not HTTP.
        """
        interim: list[int] = []
        while True:
            version, status, phrase, headers = self._head()
            if status >= 200:  # noqa: PLR2004 - the first final status
                break
            interim.append(status)
        found = {name.lower(): value for name, value in headers}
        framed = True
        if status in _WITHOUT_BODY:
            body = b""
        elif "chunked" in found.get("transfer-encoding", "").lower():
            body = self._chunks()
        elif (length := found.get("content-length")) is not None:
            if not length.isdecimal() or int(length) > MOST_BYTES:
                raise NoAnswer(f"its Content-Length is {length[:20]!r}")
            body = self._take(int(length))
        else:
            body, framed = self._rest(), False
        closing = "close" in found.get("connection", "").lower() or version == b"1.0"
        return Response(
            status=status,
            phrase=phrase,
            headers=headers,
            body=body,
            interim=tuple(interim),
            reusable=framed and not closing,
        )

    def _head(self) -> tuple[bytes, int, str, Headers]:
        line = self._line()
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise NoAnswer(f"what it sends is not HTTP/1.1: {line[:60]!r}")
        headers: list[tuple[str, str]] = []
        while line := self._line():
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or len(headers) >= _MOST_HEADERS:
                raise NoAnswer(f"its head is not HTTP/1.1: {line[:60]!r}")
            headers.append((name.strip(), value.strip()))
        return match[1], int(match[2]), (match[3] or b"").decode("latin-1"), tuple(headers)

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise NoAnswer("a line of its head does not end")
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            size = self._line().partition(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError:
                length = -1
            if length < 0:
                raise NoAnswer(f"its chunks are broken: {size[:20]!r} is no length")
            if length == 0:
                break
            parts.append(self._take(length))
            self._line()
        while self._line():
            pass
        return b"".join(parts)

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._fill()
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def _rest(self) -> bytes:
        while True:
            try:
                self._fill()
            except NoAnswer as end:
                if end.late:
                    raise
                data, self._buffer = self._buffer, b""
                return data

    def _fill(self) -> None:
        try:
            self._socket.settimeout(self._left())
            data = b"" if self._ended else self._socket.recv(_PIECE)
        except TimeoutError:
            raise NoAnswer("no answer in time", late=True) from None
        except OSError as error:
            raise NoAnswer(f"the connection broke: {_said(error)}") from error
        if not data:
            raise NoAnswer("it closed the connection before its answer was whole")
        self._received += len(data)
        if self._received > MOST_BYTES:
            raise NoAnswer(f"its answers have more than {MOST_BYTES} bytes")
        self._buffer += data

    def _arrived(self) -> bool:
        """Tell whether something came, or the other side closed; of TLS, more than its own messages."""
        if self._buffer:
            return True
        try:
            self._socket.settimeout(0)
            data = self._socket.recv(_PIECE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True  # reading on will say what it is
        self._buffer, self._ended = data, not data
        return True

    def _left(self) -> float:
        """Seconds left; never 0, which would make a socket give up rather than time out."""
        return max(self._deadline.remaining(), _SOON)


_SOON = 0.001


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "nobody answered in time"
    return error.strerror or str(error) or type(error).__name__
