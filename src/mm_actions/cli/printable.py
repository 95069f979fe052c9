"""Values and texts from elsewhere, made harmless for a terminal and for JSON."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

#: Escape sequences: CSI, OSC and its like up to their terminator, and those of two characters (ECMA-48).
_SEQUENCES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*[0-~]?"
)
#: What is left of C0 and C1, and what reorders the text around it (Unicode's bidirectional controls).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("\r\n?|[\n\x85\u2028\u2029]")

LONGEST = 500
DEEPEST = 50


def printable(text: object, *, most: int | None = LONGEST) -> str:
    """Give a text as one line, without control characters and of bounded length.

    Args:
        text: What a server, a file or a user said.
        most: Characters at most; None for all of them.
    """
    line = " ".join(lines(text))
    return line if most is None or len(line) <= most else f"{line[:most]}…"


def lines(text: object) -> list[str]:
    """Give the lines of a text, without control characters."""
    return [
        _CONTROLS.sub("", _SEQUENCES.sub("", line.replace("\t", " "))) for line in _BREAKS.split(str(text))
    ]


def plain(value: Any, depth: int = 0) -> Any:
    """Give a value as JSON has it: an app keeps what it likes in its frame, and showing it must not fail."""
    if value is None or isinstance(value, (str, int, bool)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [plain(item, depth + 1) for item in value]
    return f"<{type(value).__name__}>"


def compact(value: Any) -> str:
    """Write a value as one short line of JSON."""
    return printable(json.dumps(plain(value), ensure_ascii=False))


def document(value: Any) -> str:
    """Write a value as one line of JSON in ASCII, for programs."""
    return json.dumps(plain(value))
