"""How far a call is from where it began, so that actions that call each other in a circle are stopped."""

from __future__ import annotations

from contextvars import ContextVar

from mm_actions.errors import LoopDetected

HEADER = "X-MM-Hops"
MAX_HOPS = 8
"""Calls within calls; nobody needs as many, and a circle soon has them."""

_hops: ContextVar[int] = ContextVar("mm_actions_hops", default=0)


def arrived(header: str | None) -> None:
    """Remember, in an action server, how far the call being served has come; its own calls count on.

    Args:
        header: The request's ``X-MM-Hops``, if it has one; anything but a number counts as none.
    """
    if header is None and not _hops.get():
        return
    value = (header or "").strip()
    _hops.set(int(value) if value.isascii() and value.isdecimal() and len(value) <= len("999") else 0)


def next_hop() -> int:
    """Count one further.

    Raises:
        LoopDetected: There were :data:`MAX_HOPS` already.
    """
    hop = _hops.get() + 1
    if hop > MAX_HOPS:
        raise LoopDetected(
            f"this call is {hop} calls deep", hint="Look for an action that calls itself by way of others"
        )
    return hop
