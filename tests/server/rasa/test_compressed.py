"""Bodies of ``/webhook`` that are compressed."""

from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import JSON, PATIENCE
from tests.server.rasa.conftest import call_of, failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.rasa.conftest import RasaServed

    from mm_actions.server import ActionServer

    Serve = Callable[[], RasaServed]

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress], ids=["deflate", "gzip"])
def test_a_compressed_call_that_fails_is_a_500_with_the_actions_name(
    server: ActionServer, served: Serve, compress: Callable[[bytes], bytes]
) -> None:
    @server.action
    def fail(request, responder):
        raise RuntimeError

    coding = "deflate" if compress is zlib.compress else "gzip"
    body = compress(json.dumps(call_of("fail")).encode())
    failed(served().exchange("POST", "/webhook", body, {**JSON, "Content-Encoding": coding}), 500, "fail")


@pytest.mark.parametrize("coding", ["deflate", "Deflate", "gzip", "x-gzip", "raw", "identity"])
def test_a_body_may_be_compressed(server: ActionServer, served: Serve, coding: str) -> None:
    @server.action
    async def count(request, responder):
        responder.reply(str(len(request.history)))

    turns = [{"event": "user", "timestamp": 1.0, "text": "hello " * 30, "parse_data": {}}] * 5000
    plain = json.dumps(call_of("count", tracker={"sender_id": "u", "events": turns})).encode()
    assert len(plain) > MEBIBYTE
    raw = zlib.compressobj(wbits=-15)
    body = {
        "raw": lambda: raw.compress(plain) + raw.flush(),
        "deflate": lambda: zlib.compress(plain),
        "gzip": lambda: gzip.compress(plain),
        "identity": lambda: plain,
    }[coding.lower().removeprefix("x-")]()
    header = "deflate" if coding == "raw" else coding
    answer = served().exchange("POST", "/webhook", body, {**JSON, "Content-Encoding": header})
    assert answer.status == 200, answer.body


def test_a_zlib_bomb_is_refused_at_little_memory_while_others_are_answered(
    server: ActionServer, served: Serve
) -> None:
    running = served()
    bomb = zlib.compress(bytes(300 * MEBIBYTE), 9)
    assert len(bomb) < MEBIBYTE
    answers: list[Any] = []
    headers = {**JSON, "Content-Encoding": "deflate"}
    tracemalloc.start()
    try:
        sender = threading.Thread(
            target=lambda: answers.append(running.exchange("POST", "/webhook", bomb, headers))
        )
        began = time.monotonic()
        sender.start()
        assert running.get("/health").json == {"status": "ok"}
        sender.join(PATIENCE)
        assert time.monotonic() - began < 5
        assert tracemalloc.get_traced_memory()[1] < 64 * MEBIBYTE
    finally:
        tracemalloc.stop()
    assert "16777216 bytes" in failed(answers[0], 413)


@pytest.mark.parametrize("body", [zlib.compress(b"{}" * 1000)[:-9], b"{}", b"\x78\x9c" + b"\xff" * 20, b""])
def test_what_is_not_deflated_is_a_400(served: Serve, body: bytes) -> None:
    failed(served().exchange("POST", "/webhook", body, {**JSON, "Content-Encoding": "deflate"}), 400)


def test_another_coding_is_a_415_that_names_those_there_are(served: Serve) -> None:
    answer = served().exchange("POST", "/webhook", b"{}", {**JSON, "Content-Encoding": "br"})
    assert "deflate, gzip" in failed(answer, 415)
    assert answer.headers["accept-encoding"] == "deflate, gzip"
