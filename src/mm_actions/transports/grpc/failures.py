"""What a status of gRPC means: one typed error, without a word of the server's in its message.

gRPC reports what happened on this side with the same codes as what the server says. Which of the two it was,
and how far the request came, only the beginning of its text tells; what a later version writes in other words
counts as said by the server, after the request was sent.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import TYPE_CHECKING, Final

from grpc import StatusCode as Code

from mm_actions.errors import (
    BadAnswer,
    BadStatus,
    ConnectFailed,
    InProgress,
    InvocationError,
    NotAuthorized,
    RequestRefused,
    Sent,
    ServerFailed,
    ServerUnavailable,
    TlsFailed,
    TooManyRequests,
)
from mm_actions.transports.http.engine import HttpRequest
from mm_actions.transports.http.failures import (
    answer_too_large,
    connect_failed,
    connect_timeout,
    connection_lost,
    deadline_exceeded,
    dns_failed,
    headers_too_large,
    response_aborted,
)
from mm_actions.transports.http.tls_failures import (
    HOST_MISMATCH,
    client_refusal,
    handshake_failed,
    peer_untrusted,
)
from mm_actions.transports.rasa.failures import account_of, action_not_found, domain_missing, rejected

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions

_UNCONNECTED: Final = ("failed to connect to all addresses", "errors resolving ", "DNS resolution failed")
_UNRESOLVED: Final = _UNCONNECTED[1:]
_NO_SUCH_NAME: Final = ("Domain name not found", "Name or service not known", "NXDOMAIN")
_REMOVED: Final = "Stream removed ("
"""How a text begins that tells of the connection a request was on."""
_CUTS: Final = ("Socket closed", "recvmsg", "sendmsg", "Connection reset", "Broken pipe", "GOAWAY")
_UNTRUSTED: Final = re.compile(r"CERTIFICATE_VERIFY_FAILED: ([^:]*)")
_TOO_LARGE: Final = "message larger than max"
_WRONG_NAME: Final = "Hostname Verification"
_TLS: Final = ("handshake failed", "CERTIFICATE_VERIFY_FAILED", "SSL_ERROR", _WRONG_NAME)


class NoSuchMethod(RequestRefused):
    """The server has no such method; one of an older version has no streams."""


_ANSWERS: Final[dict[Code, tuple[type[BadStatus], str]]] = {
    Code.UNAUTHENTICATED: (NotAuthorized, "Set auth in the configuration"),
    Code.PERMISSION_DENIED: (NotAuthorized, "The credentials do not allow this action"),
    Code.UNIMPLEMENTED: (NoSuchMethod, "Check that url names the port of a Rasa action server"),
    Code.INVALID_ARGUMENT: (RequestRefused, ""),
    Code.FAILED_PRECONDITION: (RequestRefused, ""),
    Code.OUT_OF_RANGE: (RequestRefused, ""),
    Code.ALREADY_EXISTS: (RequestRefused, ""),
    Code.ABORTED: (InProgress, ""),
    Code.RESOURCE_EXHAUSTED: (TooManyRequests, ""),
    Code.UNAVAILABLE: (ServerUnavailable, ""),
    Code.UNKNOWN: (ServerFailed, "Look at the server's log"),
    Code.INTERNAL: (ServerFailed, "Look at the server's log"),
}


def error_of(
    code: Code, details: str, *, host: str, options: EngineOptions, timeout: float, answered: bool
) -> InvocationError:
    """Make the typed error of a status.

    Args:
        code: The status code.
        details: Its text: gRPC's own, or the server's.
        host: Which host was called.
        options: The channel's.
        timeout: The seconds that the call had.
        answered: Whether the answer had begun.
    """
    if code is Code.UNAVAILABLE and details.startswith(_UNCONNECTED):
        return _unconnected(details, host, options, timeout)
    if code is Code.DEADLINE_EXCEEDED:
        # Whether it was on a connection by then, gRPC does not reliably tell.
        return deadline_exceeded(HttpRequest(url=host, timeout=timeout), Sent.YES if answered else Sent.MAYBE)
    if _TOO_LARGE in details and not details.startswith("SERVER"):
        return answer_too_large(options)
    if "metadata size exceeds" in details:
        return headers_too_large(options)
    if details.startswith(_REMOVED) or code is Code.CANCELLED or _is_cut(code, details):
        return _on_the_way(code, details.removeprefix(_REMOVED), options, answered=answered)
    return _said(code, details)


def _said(code: Code, details: str) -> InvocationError:
    """Make the error of what the server says."""
    account = account_of(details) if code in {Code.NOT_FOUND, Code.INTERNAL} else {}
    if code is Code.NOT_FOUND:
        return domain_missing() if account.get("resource_type") == "DOMAIN" else action_not_found()
    if code is Code.INTERNAL and isinstance(account.get("action_name"), str):
        return rejected(account["action_name"], account.get("message"))
    if code is Code.RESOURCE_EXHAUSTED and _TOO_LARGE in details:
        return RequestRefused(
            "the turn has more bytes than the server takes",
            hint="Send less: see history and rasa.send, or raise the limit of the server",
            sent=Sent.YES,
        )
    kind, hint = _ANSWERS.get(code, (BadStatus, ""))
    return kind(f"the server answered {code.name}", hint=hint, sent=Sent.YES)


def _is_cut(code: Code, details: str) -> bool:
    return code is Code.UNAVAILABLE and details.startswith(_CUTS)


def _on_the_way(code: Code, details: str, options: EngineOptions, *, answered: bool) -> InvocationError:
    """Make the error of a connection that broke under a request."""
    words = _short(details)
    sent = Sent.YES if answered else Sent.MAYBE
    if any(sign in details for sign in _TLS):  # the refusal of a certificate comes after the handshake
        refusal = client_refusal(details, options.tls.current() if options.tls else None, sent, asked=False)
        if refusal is not None:
            return refusal
    if code in {Code.UNKNOWN, Code.INTERNAL, Code.DATA_LOSS}:
        return BadAnswer(
            f"the server does not speak gRPC as it should ({words})",
            hint="Check that url names the port of a gRPC server",
            sent=Sent.YES,
        )
    return response_aborted(words) if answered else connection_lost(words, sent)


def _unconnected(details: str, host: str, options: EngineOptions, timeout: float) -> InvocationError:
    """Make the error of a connection that did not come about."""
    if details.startswith(_UNRESOLVED):
        known = any(sign in details for sign in _NO_SUCH_NAME)
        return dns_failed(host, socket.EAI_NONAME if known else None)
    if any(sign in details for sign in _TLS):
        return _no_secure_channel(details, host, options)
    if "timed out" in details or "Timeout" in details:
        return connect_timeout(HttpRequest(url=host, timeout=timeout), options)
    if "Failed parsing HTTP/2" in details:
        return ConnectFailed(
            "no connection: the server does not speak gRPC",
            hint="Check that url names the port of a gRPC server, and of one without TLS for grpc://",
        )
    for number in _ERRNOS:
        if os.strerror(number) in details:
            return connect_failed(number, "")
    return _cut_short(options)


def _no_secure_channel(details: str, host: str, options: EngineOptions) -> TlsFailed:
    material = options.tls.current() if options.tls else None
    refusal = client_refusal(details, material, Sent.NO, asked=False)
    if refusal is not None:
        return refusal
    untrusted = _UNTRUSTED.search(details)
    if untrusted is not None:
        words = untrusted.group(1).strip()
        return peer_untrusted(_VERIFIED.get(words, 0), words, host)
    if _WRONG_NAME in details:
        return peer_untrusted(HOST_MISMATCH, "", host)
    return handshake_failed(_short(details.partition("OPENSSL_internal:")[2] or details), Sent.NO)


def _cut_short(options: EngineOptions) -> ConnectFailed:
    """Say that the connection was closed before gRPC had begun, and what may be the reason."""
    if options.tls is None:
        hint = "Check that a gRPC server listens there; to one that speaks TLS, the url is grpcs://"
    elif options.tls.current().client_facts is None:
        hint = "The server may want a client certificate: set public_key and private_key"
    else:
        hint = f"The server may have refused the client certificate {options.tls.current().client_facts}"
    return ConnectFailed("no connection: it was closed before gRPC had begun", hint=hint)


def _short(details: str) -> str:
    """Give gRPC's own words, without the brackets that they came in."""
    words = details[:100]
    return words.removesuffix(")") if words.count(")") > words.count("(") else words


_ERRNOS = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ECONNRESET, errno.EMFILE)
_VERIFIED: dict[str, int] = {
    "unable to get local issuer certificate": 20,
    "self signed certificate in certificate chain": 19,
    "self-signed certificate in certificate chain": 19,
    "self signed certificate": 18,
    "self-signed certificate": 18,
    "certificate has expired": 10,
    "certificate is not yet valid": 9,
    "unable to verify the first certificate": 21,
}
