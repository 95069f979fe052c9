"""Translates libcurl's error codes into ours, and finds out whether the request may have arrived."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pycurl

from mm_actions.errors import ConfigurationError, CustomActionException, InvocationError, Sent
from mm_actions.transports.http.failures import (
    answer_too_large,
    broken_coding,
    connect_failed,
    connect_timeout,
    connection_lost,
    deadline_exceeded,
    dns_failed,
    headers_too_large,
    not_http,
    response_aborted,
    unknown_coding,
)
from mm_actions.transports.http.tls_failures import (
    HOST_MISMATCH,
    certificate_rejected,
    client_refusal,
    handshake_failed,
    peer_untrusted,
)

if TYPE_CHECKING:
    from mm_actions.transports.http.curl.exchange import CurlExchange
    from mm_actions.transports.http.engine import EngineOptions, HttpRequest

# pycurl names not all of libcurl's codes in every version.
_TOO_LARGE = getattr(pycurl, "E_TOO_LARGE", 100)
_WEIRD_REPLY = getattr(pycurl, "E_WEIRD_SERVER_REPLY", 8)
UNRESOLVED = frozenset({pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_RESOLVE_PROXY})
_SIZE_UPLOAD = getattr(pycurl, "SIZE_UPLOAD_T", None) or pycurl.SIZE_UPLOAD
_CUT = frozenset({errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED})
_HANDSHAKE = frozenset({pycurl.E_SSL_CONNECT_ERROR, pycurl.E_SSL_CIPHER, pycurl.E_SSL_CERTPROBLEM})


def name_to_resolve(request: HttpRequest, options: EngineOptions) -> str:
    """Give the host that libcurl connects to: the proxy, or the server."""
    return urlsplit(options.proxy or request.url).hostname or ""


def translate(
    code: int,
    text: str,
    exchange: CurlExchange,
    request: HttpRequest,
    options: EngineOptions,
    *,
    resolver_code: int | None = None,
) -> CustomActionException:
    """Say what an exchange that libcurl ended with an error failed of.

    Args:
        code: libcurl's.
        text: libcurl's words.
        exchange: As it ended.
        request: What was to be sent.
        options: The engine's.
        resolver_code: What getaddrinfo says to a name that libcurl did not resolve.
    """
    if exchange.refusal is not None:
        return exchange.refusal
    host = urlsplit(request.url).hostname or request.url
    if code in UNRESOLVED:
        return dns_failed(name_to_resolve(request, options), resolver_code)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        if _connecting(exchange):
            return connect_timeout(request, options)
        return deadline_exceeded(request, sent_so_far(exchange, request))
    if code in {pycurl.E_COULDNT_CONNECT, pycurl.E_INTERFACE_FAILED}:
        return connect_failed(exchange.handle.getinfo(pycurl.OS_ERRNO), text)
    if code == pycurl.E_PEER_FAILED_VERIFICATION:
        return _unverified(text, exchange, host)
    if code in _HANDSHAKE:
        return _tls_failure(text, exchange)
    if code == pycurl.E_URL_MALFORMAT:
        return ConfigurationError(f"{request.url!r} is no url; correct the setting url")
    return _failure_of_exchange(code, text, exchange, options)


def sent_so_far(exchange: CurlExchange, request: HttpRequest) -> Sent:
    """Tell how much of the request has left.

    Returns:
        YES only when the whole request was written or an answer began: then the server has it, however it
        fares. A connection that broke is for the caller to call MAYBE.
    """
    if exchange.answered:
        return Sent.YES
    if exchange.handle.getinfo(pycurl.REQUEST_SIZE) == 0:
        return Sent.NO
    whole = exchange.handle.getinfo(_SIZE_UPLOAD) >= len(request.body)
    return Sent.YES if whole else Sent.MAYBE


def _connecting(exchange: CurlExchange) -> bool:
    return exchange.handle.getinfo(pycurl.REQUEST_SIZE) == 0 and not exchange.answered


def _failure_of_exchange(
    code: int, text: str, exchange: CurlExchange, options: EngineOptions
) -> InvocationError:
    if code == pycurl.E_FILESIZE_EXCEEDED:
        return answer_too_large(options)
    if code == _TOO_LARGE or "response header" in text.lower():
        return headers_too_large(options)
    if code == pycurl.E_BAD_CONTENT_ENCODING:
        if "nrecognized" in text:
            return unknown_coding(exchange.coding)
        return broken_coding()
    if code in {pycurl.E_UNSUPPORTED_PROTOCOL, _WEIRD_REPLY}:
        return not_http(text)
    if code == pycurl.E_PARTIAL_FILE or exchange.answered:
        return response_aborted(text)
    if code in {pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR}:
        refusal = _late_refusal(code, text, exchange)
        if refusal is not None:
            return refusal
    if code == pycurl.E_SEND_FAIL_REWIND:
        # A kept-alive connection was dead, and libcurl wanted to send the request a second time.
        return connection_lost("a kept-alive connection had been closed", Sent.MAYBE)
    nothing_left = exchange.handle.getinfo(pycurl.REQUEST_SIZE) == 0
    return connection_lost(text, Sent.NO if nothing_left else Sent.MAYBE)


def _unverified(text: str, exchange: CurlExchange, host: str) -> InvocationError:
    if "subject name" in text or "does not match" in text:
        # libcurl compares the name itself, after OpenSSL found the chain good.
        return peer_untrusted(HOST_MISMATCH, text, host)
    # libcurl has one code for an expired certificate, be it the server's or ours.
    asked = exchange.certificate_asked
    refusal = client_refusal(f"alert {exchange.alert}", exchange.material, Sent.NO, asked=asked)
    return refusal or peer_untrusted(exchange.handle.getinfo(pycurl.SSL_VERIFYRESULT), text, host)


def _tls_failure(text: str, exchange: CurlExchange) -> InvocationError:
    refusal = client_refusal(text, exchange.material, Sent.NO, asked=exchange.certificate_asked)
    if refusal is not None:
        return refusal
    number = exchange.handle.getinfo(pycurl.OS_ERRNO)
    if number in _CUT or "unexpected eof" in text.lower() or "SSL_ERROR_SYSCALL" in text:
        detail = os.strerror(number).lower() if number in _CUT else "closed"
        return connect_failed(None, f"cut during the TLS handshake ({detail})")
    return handshake_failed(text, Sent.NO)


def _late_refusal(code: int, text: str, exchange: CurlExchange) -> InvocationError | None:
    """Recognise TLS 1.3's way: the handshake ends well, and the refusal is the first thing to be read."""
    refusal = client_refusal(text, exchange.material, Sent.MAYBE, asked=exchange.certificate_asked)
    if refusal is not None:
        return refusal
    # The reset that follows the alert may overtake it: the server was gone before it had the request, on
    # a connection just made, for which it had asked a certificate.
    bare = exchange.material is None or exchange.material.client_facts is None
    new = exchange.handle.getinfo(pycurl.NUM_CONNECTS) > 0
    if new and exchange.certificate_asked and (bare or code == pycurl.E_SEND_ERROR):
        return certificate_rejected("it cut the connection", exchange.material, Sent.MAYBE)
    return None
