"""What an HTTP answer means: a value, or one typed error. Pure, and the same for every engine.

:data:`TABLE` is the one place that relates errors, HTTP statuses, gRPC codes and exit codes; clients read it
from status to error, servers and the command line from error to status and exit code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_actions import errors
from mm_actions.contract.codec import decode, decode_answer
from mm_actions.contract.wire import Answer, Problem
from mm_actions.errors import BadContentType, BadStatus, InvocationError, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EMPTY = Answer()
REJECTED = "urn:mm-actions:problem:rejected"
"""The type of the problem by which an action says that it declined, whatever the status."""
NO_CONTENT, PARTIAL_CONTENT = 204, 206
_JSON = "application/json"
_FAILED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One error in the terms of each protocol.

    Attributes:
        error: The exception class.
        statuses: The HTTP statuses that mean it, the one a server answers first; empty if none does.
        grpc: The gRPC status code's name.
        exit_code: The process's exit code, after sysexits.h.
    """

    error: type[InvocationError]
    statuses: tuple[int, ...]
    grpc: str
    exit_code: int


_DATA, _UNAVAILABLE, _SOFTWARE, _TEMPORARY, _PROTOCOL, _PERMISSION = 65, 69, 70, 75, 76, 77

TABLE: tuple[Row, ...] = (
    Row(error=errors.EncodingFailed, statuses=(), grpc="INTERNAL", exit_code=_DATA),
    Row(error=errors.Overloaded, statuses=(), grpc="RESOURCE_EXHAUSTED", exit_code=_TEMPORARY),
    Row(error=errors.CircuitOpen, statuses=(), grpc="UNAVAILABLE", exit_code=_TEMPORARY),
    Row(error=errors.LoopDetected, statuses=(508,), grpc="FAILED_PRECONDITION", exit_code=_SOFTWARE),
    Row(error=errors.ConnectFailed, statuses=(), grpc="UNAVAILABLE", exit_code=_UNAVAILABLE),
    Row(error=errors.TlsFailed, statuses=(), grpc="UNAUTHENTICATED", exit_code=_PERMISSION),
    Row(error=errors.DeadlineExceeded, statuses=(), grpc="DEADLINE_EXCEEDED", exit_code=_TEMPORARY),
    Row(error=errors.ConnectionLost, statuses=(), grpc="UNAVAILABLE", exit_code=_UNAVAILABLE),
    Row(error=errors.ResponseAborted, statuses=(), grpc="UNAVAILABLE", exit_code=_UNAVAILABLE),
    Row(
        error=errors.RequestRefused,
        statuses=(400, 405, 413, 415, 422),
        grpc="INVALID_ARGUMENT",
        exit_code=_DATA,
    ),
    Row(error=errors.NotAuthorized, statuses=(401, 403), grpc="PERMISSION_DENIED", exit_code=_PERMISSION),
    Row(error=errors.ActionNotFound, statuses=(404,), grpc="NOT_FOUND", exit_code=_UNAVAILABLE),
    Row(error=errors.ActionRejected, statuses=(), grpc="INTERNAL", exit_code=_DATA),
    Row(error=errors.InProgress, statuses=(409,), grpc="ABORTED", exit_code=_TEMPORARY),
    Row(error=errors.EndpointGone, statuses=(410,), grpc="NOT_FOUND", exit_code=_UNAVAILABLE),
    Row(error=errors.TooManyRequests, statuses=(429,), grpc="RESOURCE_EXHAUSTED", exit_code=_TEMPORARY),
    Row(error=errors.DomainMissing, statuses=(449,), grpc="NOT_FOUND", exit_code=_PROTOCOL),
    Row(error=errors.ServerUnavailable, statuses=(503, 502, 504), grpc="UNAVAILABLE", exit_code=_TEMPORARY),
    Row(error=errors.ServerFailed, statuses=(500,), grpc="INTERNAL", exit_code=_SOFTWARE),
    Row(
        error=errors.Redirected, statuses=(301, 302, 303, 307, 308), grpc="UNIMPLEMENTED", exit_code=_PROTOCOL
    ),
    Row(error=errors.BadStatus, statuses=(), grpc="UNKNOWN", exit_code=_PROTOCOL),
    Row(error=errors.BadAnswer, statuses=(), grpc="INTERNAL", exit_code=_PROTOCOL),
)

_BY_STATUS = {
    status: row.error for row in TABLE if issubclass(row.error, BadStatus) for status in row.statuses
}
_BY_CLASS: dict[int, type[BadStatus]] = {
    2: errors.BadStatus,
    3: errors.Redirected,
    4: errors.RequestRefused,
    5: errors.ServerFailed,
}
_BY_ERROR = {row.error: row for row in TABLE}


def row_of(error: InvocationError) -> Row:
    """Find the row of an error's class, or of the nearest class above it."""
    return next(_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR)


def answer_of(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, strict: bool = False
) -> Answer:
    """Read an HTTP answer.

    A 2xx with a valid body is the action's answer. A 204, and a 2xx that is empty and does not claim to be
    JSON, is an answer that changes nothing.

    Args:
        status: The HTTP status.
        headers: Lower-case names.
        body: The decoded content.
        now: Unix time in seconds, for a ``Retry-After`` that is a date.
        strict: Refuse two members of the same name.

    Raises:
        BadStatus: Any other status, 206 (a part of an answer) included.
        BadAnswer: A 2xx whose body is not a Responder.
    """
    if not 200 <= status < 300 or status == PARTIAL_CONTENT:  # noqa: PLR2004 - the class of successes
        raise error_of(status, headers, body, now=now)
    content_type = headers.get("content-type", "")
    if status == NO_CONTENT or not (body or content_type):
        return EMPTY
    if content_type != _JSON:
        check_json(content_type)
    return decode_answer(body, strict=strict)


def error_of(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> BadStatus:
    """Make the typed error of a status that is not a success."""
    return _error_of(status, headers, _problem(headers, body), now=now)


def _error_of(status: int, headers: Mapping[str, str], problem: Problem | None, *, now: float) -> BadStatus:
    kind = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, errors.BadStatus)
    if problem is not None and problem.type == REJECTED:
        kind = errors.ActionRejected
    error = kind(
        f"the server answered {status}",
        hint=_HINTS.get(status, ""),
        sent=Sent.YES,
        status=status,
        retry_after=retry_after(headers.get("retry-after"), now=now),
        do_not_retry=headers.get("x-mm-should-retry", "").strip().lower() == "false",
    )
    error.location = headers.get("location")
    error.problem = problem
    return error


def error_of_problem(problem: Problem) -> BadStatus:
    """Make the typed error of a failure that came within a stream, whose own status is a success.

    Args:
        problem: The server's account; a status that is not one of a failure is taken for 500.
    """
    status = problem.status
    if status is None or not 400 <= status < 600:  # noqa: PLR2004 - the classes of failures
        status = _FAILED
    error = _error_of(status, {}, problem, now=0.0)
    error.cause = f"the server ended the stream with an error of status {status}"
    return error


def check_json(content_type: str) -> None:
    """Refuse an answer that is not JSON in UTF-8 by its own account; no account at all is let through.

    Raises:
        BadContentType: It says that it is something else.
    """
    check_media_type(content_type, _JSON, _is_json)


def check_media_type(content_type: str, wanted: str, fits: Callable[[str], bool]) -> None:
    """Refuse an answer whose own account is not what is wanted, in UTF-8; no account at all is let through.

    Args:
        content_type: The header, or an empty string.
        wanted: The media type to name in the message.
        fits: Whether a media type, in lower case, will do.

    Raises:
        BadContentType: It will not.
    """
    media_type, _, parameters = content_type.lower().partition(";")
    media_type = media_type.strip()
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "')
    if (media_type and not fits(media_type)) or charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise BadContentType(
            f"the answer is {content_type[:100]!r}, not {wanted}",
            hint="Check that url names an action server's path, and that the server sets Content-Type",
            sent=Sent.YES,
        )


def _is_json(media_type: str) -> bool:
    return media_type == _JSON or (media_type.endswith("+json") and media_type != "application/problem+json")


def retry_after(value: str | None, *, now: float) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3): seconds to wait, or None for what it is not."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rare, and slow to load

    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - now)


def _problem(headers: Mapping[str, str], body: bytes) -> Problem | None:
    if not headers.get("content-type", "").lower().startswith("application/problem+json"):
        return None
    try:
        return decode(body, Problem)
    except InvocationError:
        return None


_HINTS = {
    401: "Set auth in the configuration",
    403: "The credentials do not allow this action",
    404: "Check the url's path, and the action's name against GET /actions",
    410: "The server has moved for good: change its url and reload",
    413: "Send less: set history in the configuration to none or a number of turns",
    **dict.fromkeys((301, 302, 303, 307, 308), "Redirects are not followed: write the final url"),
}
