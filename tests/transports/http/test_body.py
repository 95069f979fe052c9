"""Bodies are decoded as they arrive, and never beyond the limit."""

import gzip
import zlib

import pytest

from mm_actions.errors import AnswerTooLarge, BadContentType, BadPayload
from mm_actions.transports.http.content_coding import Body
from mm_actions.transports.http.engine import EngineOptions

TEXT = b"abc" * 500


def decoded(coding: str, data: bytes, step: int = 7, limit: int = 1500) -> bytes:
    body = Body(coding, EngineOptions(max_response_bytes=limit))
    for start in range(0, len(data), step):
        body.add(data[start : start + step])
    return body.whole()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("X-GZIP", gzip.compress(TEXT[:600]) + gzip.compress(TEXT[600:])),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
    ],
    ids=["none", "identity", "gzip", "two members", "zlib", "raw"],
)
@pytest.mark.parametrize("step", [1, 7, 5000])
def test_a_body_in_pieces_is_decoded(coding, data, step):
    assert decoded(coding, data, step) == TEXT


@pytest.mark.parametrize(
    ("coding", "data"), [("", TEXT), ("gzip", gzip.compress(TEXT))], ids=["plain", "gzip"]
)
def test_one_byte_beyond_the_limit_is_refused(coding, data):
    with pytest.raises(AnswerTooLarge, match="1499"):
        decoded(coding, data, limit=1499)


@pytest.mark.parametrize("data", [b"not gzip", gzip.compress(TEXT)[:-9]], ids=["damaged", "cut"])
def test_a_damaged_or_cut_stream_is_refused(data):
    with pytest.raises(BadPayload):
        decoded("gzip", data)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zstd"])
def test_a_coding_that_was_not_offered_is_refused(coding):
    with pytest.raises(BadContentType):
        Body(coding, EngineOptions())
