"""One line for each request that was answered; nothing of its body, its headers' secrets or its query."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from mm_actions.server.calls.reply import given_trace_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.core.exchange import Exchange

logger = logging.getLogger("mm_actions.access")

_LONGEST = 200
_LEFT = 499
"""What the log says of a client that left before it was answered, as nginx has it."""


class AccessLog:
    """Watches exchanges, and logs each when it has ended."""

    def begin(self, exchange: Exchange) -> Callable[[], None]:
        """See an exchange begin."""
        began = time.perf_counter()
        return lambda: _log(exchange, (time.perf_counter() - began) * 1000)


def _log(exchange: Exchange, milliseconds: float) -> None:
    scope = exchange.scope
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    call_id = trace_id = None
    for name, value in scope["headers"]:
        if name == b"x-mm-call-id":
            call_id = _word(value.decode("latin-1"))
        elif name == b"traceparent":
            trace_id = given_trace_id(value)
    facts: dict[str, Any] = {
        "method": _word(scope["method"]),
        "path": _word(raw.partition(b"?")[0].decode("latin-1")),
        "status": exchange.status or _LEFT,
        "ms": round(milliseconds, 3),
        "action": exchange.action,
        "call_id": call_id,
        "trace_id": trace_id,
    }
    logger.info(
        "%s %s %d %.1f ms%s%s%s",
        facts["method"],
        facts["path"],
        facts["status"],
        milliseconds,
        f" {_word(exchange.action)}" if exchange.action else "",
        f" call={call_id}" if call_id else "",
        f" trace={trace_id}" if trace_id else "",
        extra={"facts": {name: fact for name, fact in facts.items() if fact is not None}},
    )


def _word(text: str) -> str:
    """Give a caller's text as a word: it must not look like a line of ours, nor move a cursor."""
    text = text[:_LONGEST]
    return text if text.isascii() and text.isprintable() and " " not in text else ascii(text)
