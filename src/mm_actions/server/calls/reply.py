"""What goes back: an answer, or a problem."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode
from mm_actions.errors import EncodingFailed

if TYPE_CHECKING:
    from mm_actions.server.errors import ActionError

JSON = b"application/json"
PROBLEM = b"application/problem+json"
_ABOUT_BLANK = "about:blank"


class Reply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An answer in the terms of HTTP.

    Attributes:
        status: The status.
        body: The content.
        media_type: The Content-Type.
        headers: Further headers, names in lower case.
    """

    status: int
    body: bytes
    media_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def problem(error: ActionError, *, trace_id: str, action: str | None = None) -> Reply:
    """Write an error as RFC 9457 has it.

    Args:
        error: What is wrong.
        trace_id: Finds the call in the logs of both sides.
        action: The action that was called, if it came to that.
    """
    members: dict[str, Any] = {
        "type": error.kind or _ABOUT_BLANK,
        "title": str(error.title),
        "status": error.status,
    }
    if error.detail is not None:
        members["detail"] = str(error.detail)
    members["instance"] = f"urn:mm-actions:trace:{trace_id}"
    members["trace_id"] = trace_id
    if (action := error.action or action) is not None:
        members["action"] = action
    if error.errors:
        members["errors"] = error.errors
    headers = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if error.do_not_retry:
        headers.append((b"x-mm-should-retry", b"false"))
    try:
        body = encode(members)
    except EncodingFailed:  # a text that is not Unicode, or errors that are not texts
        body = encode({"type": _ABOUT_BLANK, "title": "Failed", "status": error.status, "trace_id": trace_id})
    return Reply(status=error.status, body=body, media_type=PROBLEM, headers=tuple(headers))


def trace_id_of(traceparent: bytes | None) -> str:
    """Give the caller's trace id, or a new one when there is none that is valid."""
    return given_trace_id(traceparent) or os.urandom(_DIGITS // 2).hex()


def given_trace_id(traceparent: bytes | None) -> str | None:
    """Give the trace id of a header, if it is valid (W3C Trace Context, 3.2)."""
    if traceparent is None:
        return None
    parts = traceparent.split(b"-")
    if len(parts) >= _PARTS and len(parts[0]) == 2 and parts[0] != b"ff" and len(parts[1]) == _DIGITS:  # noqa: PLR2004 - the version
        found = parts[1]
        if not found.translate(None, b"0123456789abcdef") and found.strip(b"0"):
            return found.decode()
    return None


_PARTS, _DIGITS = 4, 32
