"""A compressed body is refused, in a way from which a client learns what to do instead."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import JSON, assert_answered, assert_problem, read

if TYPE_CHECKING:
    from tests.server.conftest import Served

BODY = b'{"action": "hello"}'


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZIP", gzip.compress(BODY)),
        ("deflate", zlib.compress(BODY)),
        ("identity, gzip", gzip.compress(BODY)),
        ("br", BODY),
        ("gzip", gzip.compress(b" " * 10_000_000)),
    ],
    ids=["gzip", "upper case", "deflate", "several", "br", "bomb"],
)
def test_a_compressed_body_is_refused_with_the_coding_that_is_taken(
    door: Served, coding: str, body: bytes
) -> None:
    connection = door.connect()
    try:
        connection.request("POST", "/action", body, {**JSON, "Content-Encoding": coding})
        answer = read(connection)
        assert_problem(answer, 415)
        assert answer.headers["accept-encoding"] == "identity"
        connection.request("POST", "/action", BODY, JSON)
        assert_answered(read(connection))
    finally:
        connection.close()
