"""What every call tells of itself in headers, whatever its body is, and which answer belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.core import hops
from mm_actions.errors import CorrelationMismatch, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.core.transport import Call

CALL_ID = "X-MM-Call-Id"
_FIELD = CALL_ID.lower()


def call_headers(call: Call) -> tuple[tuple[str, str], ...]:
    """Give the headers by which a server knows a call, its trace and its attempts."""
    headers: tuple[tuple[str, str], ...] = (
        ("traceparent", call.traceparent),
        (CALL_ID, call.call_id),
        (hops.HEADER, str(call.hops)),
    )
    if call.idempotency_key is not None:
        headers += (("Idempotency-Key", call.idempotency_key),)
    if call.tracestate:
        headers += (("tracestate", call.tracestate),)
    return headers


def time_left(seconds: float) -> tuple[str, str]:
    """Give the header that says how long somebody waits for the answer."""
    return ("X-MM-Timeout-Ms", str(int(seconds * 1000) or 1))


def check_answered(call: Call, status: int, headers: Mapping[str, str]) -> None:
    """Note that a call was answered, and refuse what is the answer to another one.

    Raises:
        CorrelationMismatch: It is.
    """
    if call.answered is not None:
        call.answered(status)
    if headers.get(_FIELD, call.call_id) != call.call_id:
        raise CorrelationMismatch(
            f"the answer's {CALL_ID} is not the one that was sent",
            hint="Look for a cache or a proxy between here and the server",
            sent=Sent.YES,
        )
