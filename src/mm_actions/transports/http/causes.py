"""Finds the fault under a library's exceptions, for engines built on Python's own sockets and ssl."""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from mm_actions.errors import InvocationError, Sent
from mm_actions.transports.http.failures import (
    connect_failed,
    connect_timeout,
    connection_lost,
    deadline_exceeded,
    dns_failed,
    response_aborted,
)
from mm_actions.transports.http.tls_failures import client_refusal, handshake_failed, peer_untrusted
from mm_actions.transports.http.tls_sockets import certificate_was_asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.transports.http.engine import EngineOptions, HttpRequest
    from mm_actions.transports.http.tls import TlsMaterial

_Error = TypeVar("_Error", bound=BaseException)
_CUT = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
_HUNGRY = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


@dataclass(slots=True)
class Progress:
    """How far an exchange has come.

    Attributes:
        connected: A connection is there, its handshake done.
        sent: How much of the request has been written.
        answered: The answer has begun.
        out_of_time: The deadline has passed.
        material: What the TLS handshake uses.
    """

    connected: bool = False
    sent: Sent = Sent.NO
    answered: bool = False
    out_of_time: bool = False
    material: TlsMaterial | None = None


def explain(
    error: BaseException, request: HttpRequest, options: EngineOptions, progress: Progress
) -> InvocationError:
    """Translate whatever a library raised.

    Args:
        error: The outermost exception.
        request: What was to be sent.
        options: The engine's.
        progress: How far it came.
    """
    # A TLS of one's own that ran out of bytes says so on the way; it is no fault.
    causes = [cause for cause in causes_of(error) if not isinstance(cause, _HUNGRY)]
    ours = _first(causes, InvocationError)
    if ours is not None:
        return ours
    if progress.out_of_time:
        return deadline_exceeded(request, Sent.YES if progress.answered else progress.sent)
    host = urlsplit(request.url).hostname or request.url
    unresolved = _first(causes, socket.gaierror)
    if unresolved is not None:
        return dns_failed(urlsplit(options.proxy or request.url).hostname or host, unresolved.errno)
    untrusted = _first(causes, ssl.SSLCertVerificationError)
    if untrusted is not None:
        return peer_untrusted(untrusted.verify_code, untrusted.verify_message, host)
    if any(isinstance(cause, TimeoutError) for cause in causes):
        if progress.connected:
            return deadline_exceeded(request, Sent.YES if progress.answered else progress.sent)
        return connect_timeout(request, options)
    secure = _first(causes, ssl.SSLError)
    if secure is not None and not progress.answered:
        return _tls_failure(secure, progress)
    return _cut(error, causes, progress)


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Go through an exception and everything it was made of, outermost first."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        # requests and urllib3 keep the inner exception as `reason` or as an argument, others as the cause.
        waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
        waiting.append(getattr(one, "os_error", None))


def _cut(error: BaseException, causes: list[BaseException], progress: Progress) -> InvocationError:
    system = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno), None)
    number = system.errno if system is not None else None
    detail = errno.errorcode.get(number, str(number)) if number else type(error).__name__
    if progress.answered:
        return response_aborted(detail)
    if not progress.connected:
        return connect_failed(number, detail)
    # Bytes that were handed to the system may or may not have been read by the server before the cut.
    return connection_lost(detail, Sent.NO if progress.sent is Sent.NO else Sent.MAYBE)


def _tls_failure(error: ssl.SSLError, progress: Progress) -> InvocationError:
    sent = Sent.NO if progress.sent is Sent.NO else Sent.MAYBE
    text = f"{error.reason or ''} {error.strerror or ''}".strip() or type(error).__name__
    refusal = client_refusal(text, progress.material, sent, asked=certificate_was_asked(error))
    if refusal is not None:
        return refusal
    if isinstance(error, _CUT):
        if progress.connected:
            return connection_lost("closed", sent)
        return connect_failed(None, "cut during the TLS handshake (closed)")
    return handshake_failed((error.reason or text).lower().replace("_", " "), sent)


def _first(causes: list[BaseException], kind: type[_Error]) -> _Error | None:
    # aiohttp's errors are subclasses of ssl's without any of their attributes.
    return next(
        (c for c in causes if isinstance(c, kind) and not type(c).__module__.startswith("aiohttp")), None
    )
