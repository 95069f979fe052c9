"""Bodies that were compressed: inflated no further than is allowed."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from mm_actions.server.errors import ActionError
from mm_actions.server.rasa.words import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

CODINGS = "deflate, gzip"
_AT_ONCE = 256 * 1024
_STEP = 1024 * 1024
_GZIP, _ZLIB, _RAW = 31, 15, -15  # zlib's names for the formats: its wbits
_DEFLATE_METHOD = 8


async def plain_body(headers: Mapping[bytes, bytes], body: bytes, most: int) -> bytes:
    """Undo the Content-Encoding of a body; a long one on a thread, where it holds up nobody.

    Args:
        headers: The request's.
        body: As it arrived.
        most: Bytes that it may have.

    Raises:
        ActionError: 413, 415, or 400 where it is not what the header says.
    """
    coding = headers.get(b"content-encoding", b"").strip().lower()
    if coding in {b"", b"identity"}:
        return body
    if coding in {b"gzip", b"x-gzip"}:
        form = _GZIP
    elif coding == b"deflate":
        form = _ZLIB if _has_zlib_head(body) else _RAW
    else:
        raise ActionError(
            415,
            "Unsupported media type",
            f"The body may be compressed with {CODINGS}.",
            kind="urn:mm-actions:problem:media-type",
            headers={"Accept-Encoding": CODINGS},
        )
    inflating = zlib.decompressobj(form)
    try:
        plain = inflating.decompress(body, min(_AT_ONCE, most + 1))
        if not inflating.eof and len(plain) <= most and inflating.unconsumed_tail:
            plain = await asyncio.to_thread(_inflate, inflating, plain, most)
    except zlib.error:
        raise refused(f"The body is not {coding.decode()}.") from None
    if len(plain) > most:
        raise ActionError(
            413,
            "Content too large",
            f"The body may have {most} bytes, once it is inflated.",
            kind="urn:mm-actions:problem:too-large",
        )
    if not inflating.eof:
        raise refused("The body ends too early.")
    return plain


def _inflate(inflating: zlib._Decompress, begun: bytes, most: int) -> bytes:
    plain = bytearray(begun)
    while len(plain) <= most and not inflating.eof:
        piece = inflating.decompress(inflating.unconsumed_tail, min(_STEP, most + 1 - len(plain)))
        if not piece:
            break
        plain += piece
    return bytes(plain)


def _has_zlib_head(body: bytes) -> bool:
    """Tell the format of RFC 1950, which HTTP means, from that of RFC 1951, which some clients send."""
    return len(body) > 1 and body[0] & 15 == _DEFLATE_METHOD and int.from_bytes(body[:2]) % 31 == 0
