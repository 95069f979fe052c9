"""One libcurl handle, made ready for a request, and what its callbacks collect of the response.

A handle is used for many requests, one at a time. Options that did not change since the last request are
not set again, and the callbacks are bound once: at 50 µs an exchange, each of them would be noticed.
"""

from __future__ import annotations

import select
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

import pycurl

from mm_actions.errors import ConfigurationError, InvocationError, Sent
from mm_actions.transports.http.curl.options import ALWAYS, set_material, set_up
from mm_actions.transports.http.engine import HttpResponse
from mm_actions.transports.http.failures import (
    answer_too_large,
    deadline_exceeded,
    headers_too_large,
    response_aborted,
)
from mm_actions.transports.http.head import check_request, header_lines, read_head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.transports.fork import SocketLedger
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest
    from mm_actions.transports.http.tls import TlsMaterial

_LIBCURL: int = pycurl.version_info()[2]
_LIMITS_HEADERS = 0x080400
"""Since this version libcurl itself ends a response with more than 300 kB of header lines."""


def may_use_kept(request: HttpRequest) -> bool:
    """Whether a request may go over a connection that was used before.

    One without a body needs no rewinding, so libcurl would send it again by itself when the connection dies.
    """
    return bool(request.body) or request.method == "GET"


class CurlExchange:
    """A handle and the state of the exchange it is used for.

    Args:
        options: The engine's.
        ledger: Takes down the sockets that are opened.

    Attributes:
        handle: libcurl's.
        refusal: Why this side broke the exchange off.
        answered: Whether the server has begun its answer.
        alert: What the server's TLS said last, as libcurl's trace has it.
        certificate_asked: Whether the server asked for a client certificate in the latest handshake.
        material: What the latest handshake used.
        last_used: When the exchange last ended; kept by whoever pools it.
        single: Whether the handle holds one connection at most.
    """

    __slots__ = (
        "_body", "_chunks", "_connect_timeout", "_head", "_head_lines", "_headers", "_known",
        "_length", "_lines", "_method", "_offset", "_options", "_poll", "_received", "_socket", "_timeout",
        "_tls_ready", "_url", "_verbose", "alert", "certificate_asked", "handle", "last_used", "material",
        "refusal", "single",
    )  # fmt: skip

    def __init__(self, options: EngineOptions, ledger: SocketLedger) -> None:
        self._options = options
        self._url = self._method = ""
        self._headers: tuple[tuple[str, str], ...] | None = None
        self._known: dict[tuple[str, str], bytes] = {}
        self._length = self._timeout = self._connect_timeout = -1
        self._tls_ready = self._verbose = False
        self._socket = -1
        self._poll: select.poll | None = None
        self._chunks: list[bytes] = []
        self._lines: list[bytes] = []
        self._head_lines: list[bytes] = []
        self._head: tuple[int, Mapping[str, str]] = 0, {}
        self.material: TlsMaterial | None = None
        self.certificate_asked = False
        self.alert = ""
        self.last_used = 0.0
        self.single = True
        self._forget_exchange(b"")
        self.handle = pycurl.Curl()
        set_up(self.handle, options)
        # No SEEKFUNCTION on purpose. When a kept-alive connection turns out dead, libcurl sends the request
        # again by itself, and an action would run twice; without a way to rewind the body it cannot.
        self.handle.setopt(pycurl.READFUNCTION, self._on_read)
        # A function in Python for each line would cost a fifth of what this class does.
        counted = _LIBCURL >= _LIMITS_HEADERS
        self.handle.setopt(pycurl.HEADERFUNCTION, self._lines.append if counted else self._on_header)
        self.handle.setopt(pycurl.WRITEFUNCTION, self._on_body)
        self.handle.setopt(pycurl.SOCKOPTFUNCTION, ledger.note)

    @property
    def answered(self) -> bool:
        """Whether the server has begun its answer."""
        return bool(self._lines)

    @property
    def coding(self) -> str:
        """The Content-Encoding of the answer."""
        head = read_head(self._lines)
        return head[1].get("content-encoding", "") if head else ""

    def prepare(self, request: HttpRequest) -> None:
        """Make the handle ready to send a request.

        Raises:
            ConfigurationError: The url or the method cannot be used.
            EncodingFailed: A header cannot be sent.
            DeadlineExceeded: There is no time left.
        """
        if request.timeout <= 0:
            raise deadline_exceeded(request, Sent.NO)
        handle = self.handle
        body = request.body
        self._forget_exchange(body)
        if request.url != self._url or request.method != self._method:
            self._aim(request)
        if request.headers != self._headers:
            handle.setopt(pycurl.HTTPHEADER, [*header_lines(request.headers, self._known), *ALWAYS])
            self._headers = request.headers
        if len(body) != self._length and request.method == "POST":
            handle.setopt(pycurl.POSTFIELDSIZE_LARGE, len(body))
            self._length = len(body)
        # libcurl takes 0 for "no limit".
        timeout = max(1, int(request.timeout * 1000))
        if timeout != self._timeout:
            handle.setopt(pycurl.TIMEOUT_MS, timeout)
            self._timeout = timeout
            connect_timeout = max(1, min(timeout, int(self._options.connect_timeout * 1000)))
            if connect_timeout != self._connect_timeout:
                handle.setopt(pycurl.CONNECTTIMEOUT_MS, connect_timeout)
                self._connect_timeout = connect_timeout

    def response(self) -> HttpResponse:
        """Give the response of the exchange that ended well.

        Raises:
            ResponseAborted: The connection ended within the head, which libcurl takes for its end.
            BadAnswer: The head is too large, or says the body's length in two ways.
        """
        lines = self._lines
        if not lines or lines != self._head_lines:
            if sum(map(len, lines)) > self._options.max_header_bytes:
                raise headers_too_large(self._options)
            head = read_head(lines)
            if head is None:
                raise response_aborted("within the header lines")
            # A server says the same for every answer of a second and of a length.
            self._head, self._head_lines = (head[0], MappingProxyType(head[1])), lines.copy()
        status, headers = self._head
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._verbose:
            self._verbose = False
            self.handle.setopt(pycurl.VERBOSE, 0)
        return HttpResponse(status=status, headers=headers, body=body)

    def note_connection(self) -> None:
        """Remember the connection that was used, before the handle is taken from any multi handle."""
        descriptor = self.handle.getinfo(pycurl.ACTIVESOCKET)
        if descriptor == self._socket:
            return
        # An older connection may still lie in the handle, and would be used next without being looked at.
        self.single = self._socket < 0
        self._socket = descriptor
        self._poll = None
        if descriptor >= 0:
            self._poll = select.poll()
            self._poll.register(descriptor, select.POLLIN)

    def stale(self) -> bool:
        """Whether the kept connection must not be used again.

        Anything to be read on it means that the server closed it, or says what nobody asked for. libcurl
        itself looks at most once a second. A connection made with certificates that were replaced since is
        left, too.
        """
        if self._tls_ready and self._newest_material() is not self.material:
            return True
        return self._poll is not None and bool(self._poll.poll(0))

    @property
    def resolving(self) -> bool:
        """Whether a look-up of the host's name may still be under way.

        libcurl does it on a thread, which nothing can interrupt, and joins that when it closes the handle.
        """
        started_anew = self._timeout >= 0 and self._socket < 0
        return started_anew and self.handle.getinfo(pycurl.NAMELOOKUP_TIME) == 0

    def forget(self) -> None:
        """Let go of the answer: libcurl's handle and its callbacks form a circle, freed some time later."""
        self._forget_exchange(b"")

    def close(self) -> None:
        """Close the handle and the connections that are its own."""
        self.forget()
        if self.resolving:
            threading.Thread(target=self.handle.close, name="mm_actions-resolver", daemon=True).start()
        else:
            self.handle.close()

    def _forget_exchange(self, body: bytes) -> None:
        self._body = body
        self._offset = self._received = 0
        self._chunks.clear()
        self._lines.clear()
        self.refusal: InvocationError | None = None

    def _aim(self, request: HttpRequest) -> None:
        check_request(request)
        try:
            self.handle.setopt(pycurl.URL, request.url)
        except (pycurl.error, UnicodeEncodeError) as error:
            raise ConfigurationError(f"{request.url!r} is no url; correct the setting url") from error
        if request.method != self._method:
            self.handle.setopt(pycurl.POST if request.method == "POST" else pycurl.HTTPGET, 1)
            self._length = -1
        if not self._tls_ready and request.url.startswith("https:"):
            self._make_ready_for_tls()
        self._url, self._method = request.url, request.method

    def _make_ready_for_tls(self) -> None:
        self.material = self._newest_material()
        set_material(self.handle, self.material)
        # libcurl tells only in its trace that the server asked for a certificate. The first exchange of a
        # handle is the one that connects; after it, tracing stops.
        self._tls_ready = self._verbose = True
        self.handle.setopt(pycurl.DEBUGFUNCTION, self._on_trace)
        self.handle.setopt(pycurl.VERBOSE, 1)

    def _newest_material(self) -> TlsMaterial | None:
        source = self._options.tls
        return None if source is None else source.current()

    def _on_trace(self, kind: int, data: bytes) -> None:
        if kind != pycurl.INFOTYPE_TEXT:
            return
        if b"Request CERT" in data:
            self.certificate_asked = True
        elif b"(IN), TLS alert, " in data:
            self.alert = data.partition(b"alert, ")[2].decode("ascii", "replace")

    def _on_read(self, size: int) -> bytes:
        start = self._offset
        if start == 0 and len(self._body) <= size:
            self._offset = len(self._body)
            return self._body
        piece = self._body[start : start + size]
        self._offset = start + len(piece)
        return piece

    def _on_header(self, line: bytes) -> int | None:
        """Take header lines from a libcurl that does not limit them."""
        self._lines.append(line)
        if sum(map(len, self._lines)) > self._options.max_header_bytes:
            return self._refuse(headers_too_large(self._options))
        return None

    def _on_body(self, data: bytes) -> int | None:
        self._received += len(data)
        if self._received > self._options.max_response_bytes:
            self._chunks.clear()
            return self._refuse(answer_too_large(self._options))
        self._chunks.append(data)
        return None

    def _refuse(self, error: InvocationError) -> int:
        """Have libcurl break off and close the connection: fewer bytes taken than it gave."""
        self.refusal = error
        return 0
