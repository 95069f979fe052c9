"""Collects a body as it arrives and undoes its Content-Encoding, never beyond the limit.

For engines whose library would decompress a whole chunk before anybody can count it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from mm_actions.transports.http.failures import answer_too_large, broken_coding, unknown_coding

if TYPE_CHECKING:
    from mm_actions.transports.http.engine import EngineOptions

ACCEPT_ENCODING = "gzip, deflate"
_GZIP = 16 + zlib.MAX_WBITS


class Body:
    """A body in the making.

    Args:
        coding: The value of Content-Encoding; empty for none.
        options: The engine's.

    Raises:
        BadContentType: The coding was not offered.
    """

    def __init__(self, coding: str, options: EngineOptions) -> None:
        self._options = options
        self._chunks: list[bytes] = []
        self._room = options.max_response_bytes
        self._inflate: zlib._Decompress | None = None
        self._wbits = 0
        name = coding.strip().lower()
        if name in {"gzip", "x-gzip"}:
            self._wbits = _GZIP
        elif name == "deflate":
            self._wbits = zlib.MAX_WBITS
        elif name not in {"", "identity"}:
            raise unknown_coding(coding)

    def add(self, data: bytes) -> None:
        """Take in what arrived.

        Raises:
            AnswerTooLarge: The decoded bytes are over the limit.
            BadPayload: The bytes are not in the coding they are said to be in.
        """
        if not self._wbits:
            self._take(data)
            return
        try:
            while data:
                data = self._decode(data)
        except zlib.error as error:
            raise broken_coding() from error

    def whole(self) -> bytes:
        """Give the decoded body once everything has been added.

        Raises:
            BadPayload: The compressed stream has no end.
        """
        if self._inflate is not None and not self._inflate.eof:
            raise broken_coding()
        return b"".join(self._chunks)

    def _decode(self, data: bytes) -> bytes:
        if self._inflate is None:
            if self._wbits == zlib.MAX_WBITS and data[0] & 0x0F != zlib.DEFLATED:
                self._wbits = -zlib.MAX_WBITS  # servers that leave out the zlib wrapper
            self._inflate = zlib.decompressobj(self._wbits)
        elif self._inflate.eof:
            self._inflate = zlib.decompressobj(self._wbits)  # gzip may have several members
        self._take(self._inflate.decompress(data, self._room + 1))
        return self._inflate.unconsumed_tail or self._inflate.unused_data

    def _take(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            self._chunks.clear()
            del data  # the error's traceback holds this frame
            raise answer_too_large(self._options)
        self._chunks.append(data)
