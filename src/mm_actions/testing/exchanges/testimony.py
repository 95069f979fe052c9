"""What was seen of an exchange, and how it is written down."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import deeper_than
from mm_actions.testing.exchanges.exchange import Exchange
from mm_actions.testing.exchanges.redaction import ANSWER_HEADERS, REQUEST_HEADERS, Cleaning

if TYPE_CHECKING:
    from mm_actions.testing.exchanges.incoming import Incoming
    from mm_actions.testing.exchanges.redaction import Redaction
    from mm_actions.testing.exchanges.witness import Content, Witness

_EVENTS = "application/x-ndjson"
_DEEPEST = 200  # far below what breaks a reader or a writer of files


@dataclass(slots=True, kw_only=True)
class Testimony:
    """An exchange that is under way.

    Attributes:
        request: The head of the request.
        body: Its body, as far as it came.
        witness: The answer, as far as it came.
        started: Unix time of the head's arrival.
        clock: The same on :func:`time.monotonic`.
        sent: Whether the whole request has gone to the server.
        broken: Why the answer is not whole.
        kept: Whether it has been written down.
    """

    request: Incoming
    body: Content
    witness: Witness
    started: float
    clock: float
    sent: bool = False
    broken: str | None = None
    kept: bool = False

    def written(self, redaction: Redaction) -> Exchange:
        """Write it down, without secrets."""
        now, witness, cleaning = time.monotonic(), self.witness, Cleaning(redaction)
        first = now if witness.first_byte is None else witness.first_byte
        members: dict[str, Any] = {
            "recorded": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="milliseconds"),
            "method": self.request.method,
            "path": cleaning.find_in_text(self.request.target),
            "request_headers": cleaning.headers(self.request.headers, REQUEST_HEADERS),
            "status": witness.status or 502,
            "headers": cleaning.headers(witness.headers, ANSWER_HEADERS),
            "timing": {"first_byte_ms": _span(self.clock, first), "total_ms": _span(self.clock, now)},
            "broken": self.broken,
        }
        omitted: dict[str, str] = {}
        sides = (
            ("request", self.body, self.request.header("content-encoding"), ""),
            ("answer", witness.content, witness.header("content-encoding"), witness.header("content-type")),
        )
        for side, content, coding, media_type in sides:
            if side == "request" and not self.sent:
                omitted[side] = "it had not come as a whole when the exchange ended"
                continue
            try:
                members.update(_body(side, content, coding, media_type, cleaning))
            except ValueError as error:
                omitted[side] = str(error)
        members["omitted"] = omitted
        return msgspec.convert(cleaning.scrub(members), Exchange)


def _body(side: str, content: Content, coding: str, media_type: str, cleaning: Cleaning) -> dict[str, Any]:
    """Give a body as the member of a file that can hold it.

    Raises:
        ValueError: It is too large, compressed in a way that is not known, or no text.
    """
    data = content.decoded(coding)
    if not data:
        return {}
    if deeper_than(_DEEPEST, data):
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{len(data)} bytes are no text") from None
    try:
        if media_type.startswith(_EVENTS):
            return {"events": [cleaning.find(_json(line)) for line in text.splitlines() if line.strip()]}
        return {side: cleaning.find(_json(text))}
    except ValueError:
        return {f"{side}_text": cleaning.find_in_text(text)}


def _json(text: str) -> Any:
    """Read JSON.

    Raises:
        ValueError: It is none, or a number in it is one that no float holds.
    """
    value = json.loads(text)
    json.dumps(value, allow_nan=False)
    return value


def _span(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
