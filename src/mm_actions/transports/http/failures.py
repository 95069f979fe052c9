"""The words for what goes wrong in an HTTP exchange, the same from every engine."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

from mm_actions.errors import (
    AnswerTooLarge,
    BadAnswer,
    BadContentType,
    BadPayload,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DeadlineExceeded,
    DnsFailed,
    EncodingFailed,
    InvocationError,
    Overloaded,
    ResponseAborted,
    Sent,
)

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest

MAX_INTERIM_RESPONSES = 32
"""Responses of status 1xx before the final one; RFC 9110 sets no limit, and no server needs more."""

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def deadline_exceeded(request: HttpRequest, sent: Sent) -> DeadlineExceeded:
    """Say that the whole time was used up."""
    where = {
        Sent.NO: "before the request could be sent",
        Sent.MAYBE: "while the request was being sent",
        Sent.YES: "before the whole answer had arrived",
    }[sent]
    return DeadlineExceeded(
        f"the {request.timeout:.3g} s for the call were up {where}",
        hint="Raise timeout if the action may take longer, or look at what holds the server up.",
        sent=sent,
    )


def connect_timeout(request: HttpRequest, options: EngineOptions) -> InvocationError:
    """Say that no connection came about in time: the connect timeout, or the call's if that is shorter."""
    if request.timeout <= options.connect_timeout:
        return deadline_exceeded(request, Sent.NO)
    return ConnectTimeout(
        f"no connection within {options.connect_timeout:.3g} s",
        hint="Check the host, the port and the firewalls between, or raise connect_timeout.",
    )


def dns_failed(host: str, code: int | None) -> DnsFailed:
    """Say that a host name was not resolved.

    Args:
        host: The name.
        code: What getaddrinfo returned; None when it is not known.
    """
    if code in _NO_SUCH_NAME:
        return DnsFailed(
            f"there is no host called {host}", hint="Correct the url of the server.", do_not_retry=True
        )
    return DnsFailed(
        f"the name {host} could not be resolved just now", hint="Look at the resolver of this machine."
    )


def connect_failed(number: int | None, detail: str) -> InvocationError:
    """Say why the operating system gave no connection.

    Args:
        number: The errno, when it is known.
        detail: What to say otherwise.
    """
    if number in {errno.EMFILE, errno.ENFILE}:
        return Overloaded(
            "this process has no file descriptor left for a connection", hint="Raise `ulimit -n`."
        )
    if number == errno.EADDRNOTAVAIL:
        return ConnectFailed(
            "no connection: this machine has no local port or address left for one",
            hint="Look at what opens so many connections (`ss -s`), or widen net.ipv4.ip_local_port_range.",
        )
    cause = os.strerror(number).lower() if number else detail
    return ConnectFailed(
        f"no connection: {cause}", hint="Check that the server runs and that url names its host and port."
    )


def connection_lost(detail: str, sent: Sent) -> ConnectionLost:
    """Say that the connection went before the answer began."""
    return ConnectionLost(
        f"the connection was cut before the answer began ({detail})",
        hint="" if sent is Sent.NO else "The action may have run; an idempotency key makes a retry safe.",
        sent=sent,
    )


def response_aborted(detail: str) -> ResponseAborted:
    """Say that the answer is not whole."""
    return ResponseAborted(
        f"the answer was cut off ({detail})", hint="The action has probably run.", sent=Sent.YES
    )


def answer_too_large(options: EngineOptions) -> AnswerTooLarge:
    """Say that the body went over its limit."""
    return AnswerTooLarge(
        f"the answer has more than {options.max_response_bytes} bytes",
        hint="Raise max_response_bytes if such answers are meant.",
        sent=Sent.YES,
    )


def headers_too_large(options: EngineOptions) -> AnswerTooLarge:
    """Say that the header lines went over their limit."""
    return AnswerTooLarge(
        f"the answer has more than {options.max_header_bytes} bytes of header lines, or too many lines",
        hint="Look at what the server or a proxy puts into the headers.",
        sent=Sent.YES,
    )


def too_many_interim_responses() -> BadAnswer:
    """Say that the server kept sending 1xx."""
    return BadAnswer(
        f"the server sent more than {MAX_INTERIM_RESPONSES} interim responses (1xx)", sent=Sent.YES
    )


def unasked_interim_response(status: int) -> BadAnswer:
    """Say that the server sent a 1xx that the library at hand takes for the answer."""
    return BadAnswer(f"the server answered with the interim status {status}", sent=Sent.YES)


def conflicting_length() -> BadAnswer:
    """Say that two headers disagree on where the body ends (RFC 9112, section 6.3: request smuggling)."""
    return BadAnswer(
        "the answer says its length in two ways (Content-Length twice, or beside Transfer-Encoding)",
        hint="Correct the server or the proxy in front of it.",
        sent=Sent.YES,
    )


def not_http(detail: str) -> BadAnswer:
    """Say that the bytes are no HTTP."""
    return BadAnswer(
        f"the server does not speak HTTP as RFC 9112 has it ({detail})",
        hint="Check that url names the right port.",
        sent=Sent.YES,
    )


def unknown_coding(coding: str) -> BadContentType:
    """Say that the body is compressed in a way that was not offered."""
    return BadContentType(
        f"the answer's Content-Encoding {coding!r} cannot be undone",
        hint="The server must choose from the Accept-Encoding it was sent.",
        sent=Sent.YES,
    )


def broken_coding() -> BadPayload:
    """Say that the compressed body is damaged."""
    return BadPayload("the compressed answer is damaged", sent=Sent.YES)


def unfit_header() -> EncodingFailed:
    """Say that a header of the request would break out of its line, without quoting it."""
    return EncodingFailed(
        "a request header holds a line break, another control character or one outside ASCII",
        hint="Look at headers, auth and the names put into headers.",
    )
