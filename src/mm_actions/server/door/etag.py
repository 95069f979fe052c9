"""Answers that a caller may have already (RFC 9110, 13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mm_actions.server.calls.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping


def unless_known(
    headers: Mapping[bytes, bytes],
    content: bytes,
    media_type: bytes,
    tag: bytes,
    further: tuple[tuple[bytes, bytes], ...],
) -> Reply:
    """Answer with the content, or with 304 if its tag is the caller's (RFC 9110, 13.1.2)."""
    further = (*further, (b"etag", tag))
    known = [each.strip().removeprefix(b"W/") for each in headers.get(b"if-none-match", b"").split(b",")]
    if tag in known or b"*" in known:
        return Reply(status=304, body=b"", media_type=media_type, headers=further)
    return Reply(status=200, body=content, media_type=media_type, headers=further)


def tag_of(content: bytes) -> bytes:
    """Make a strong entity tag."""
    return b'"' + hashlib.sha256(content).hexdigest()[:32].encode() + b'"'
