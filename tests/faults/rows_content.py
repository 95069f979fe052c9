"""Rows B: answers that are too much, not JSON, not a Responder, or not for this call."""

import gzip
import json
import zlib
from functools import cache

from faults.bench import CANARY, GOOD, Bench
from faults.table import row
from mm_actions.errors import (
    AnswerTooLarge,
    BadAnswer,
    BadContentType,
    BadPayload,
    BadStatus,
    CorrelationMismatch,
    DeadlineExceeded,
    InvocationError,
    PayloadTooDeep,
    Redirected,
    ResponseAborted,
    SchemaMismatch,
    Sent,
)
from mm_actions.testing import Answer, Endless, Informational

MIB = 1 << 20


def refuses(
    bench: Bench, error: type[InvocationError] | tuple[type[InvocationError], ...], answer: object, **settings
):
    server = bench.serve(answer)
    outcome = bench.fails(bench.action(server.url, **settings), error, sent=Sent.YES)
    assert server.request_count == 1
    return outcome


@row("B1", "a success that is HTML", "`bad-content-type`")
def html(bench: Bench) -> None:
    refuses(
        bench,
        BadContentType,
        Answer(body=f"<h1>{CANARY}</h1>".encode(), headers={"Content-Type": "text/html"}),
    )


@row("B1a", "a success that is text/plain or another charset", "`bad-content-type`")
def plain(bench: Bench) -> None:
    for content_type in ("text/plain", "application/json; charset=utf-16"):
        refuses(bench, BadContentType, Answer(body=b"{}", headers={"Content-Type": content_type}))


@row(
    "B2",
    "not JSON: cut, empty, with a byte-order mark, UTF-16, not UTF-8",
    "`bad-payload`, with the position",
)
def not_json(bench: Bench) -> None:
    for body in (b"{", b"", b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"frame": {"a": "\xff"}}', b"{} {}"):
        refuses(bench, BadPayload, Answer(body=body))


@row("B3", "JSON 10,000 and 100,000 levels deep", "`payload-too-deep`")
def deep(bench: Bench) -> None:
    for depth in (10_000, 100_000):
        body = b'{"frame": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
        refuses(bench, PayloadTooDeep, Answer(body=body))


@row(
    "B4",
    "a body of announced length beyond the limit",
    "`answer-too-large`; the connection is closed, not drained",
)
def too_long(bench: Bench) -> None:
    server = bench.serve(Endless(limit=1 << 30, framing="length"))
    bench.fails(bench.action(server.url), AnswerTooLarge, sent=Sent.YES)
    assert server.bytes_sent < 64 * MIB


@row("B4a", "a chunked body without an end", "`answer-too-large`; the connection is closed, not drained")
def endless_chunks(bench: Bench) -> None:
    server = bench.serve(Endless(limit=1 << 30, framing="chunked"))
    bench.fails(bench.action(server.url), AnswerTooLarge, sent=Sent.YES)
    assert server.bytes_sent < 64 * MIB


@row("B4b", "a body without an end or a length", "`answer-too-large`; the connection is closed, not drained")
def endless_close(bench: Bench) -> None:
    server = bench.serve(Endless(limit=1 << 30, framing="close"))
    bench.fails(bench.action(server.url), AnswerTooLarge, sent=Sent.YES)
    assert server.bytes_sent < 64 * MIB


@cache
def bombs() -> dict[str, bytes]:
    zeros = bytes(256 * MIB // 8)
    return {"gzip": gzip.compress(zeros), "deflate": zlib.compress(zeros)}


@row("B5", "a small body that decompresses into a large one (gzip, deflate)", "`answer-too-large`")
def bomb(bench: Bench) -> None:
    for coding, body in bombs().items():
        refuses(bench, AnswerTooLarge, Answer(body=body, headers={"Content-Encoding": coding}))


@row("B5a", "an encoding nobody asked for", "one typed error")
def unknown_coding(bench: Bench) -> None:
    refuses(
        bench,
        (BadContentType, BadPayload, BadAnswer),
        Answer(body=b"{}", headers={"Content-Encoding": "lzma"}),
    )


@row("B5b", "a body that is not what its encoding says", "one typed error")
def broken_coding(bench: Bench) -> None:
    refuses(
        bench,
        (BadPayload, ResponseAborted, BadAnswer),
        Answer(body=b"{}xx", headers={"Content-Encoding": "gzip"}),
    )


@row("B5c", "a compressed answer within the limit", "succeeds")
def compressed(bench: Bench) -> None:
    body = gzip.compress(json.dumps(GOOD.json).encode())
    server = bench.serve(Answer(body=body, headers={"Content-Encoding": "gzip"}))
    bench.succeeds(bench.action(server.url))


@row("B6", "a head beyond the limit", "one typed error")
def large_head(bench: Bench) -> None:
    headers = [(f"X-{number}", "x" * 1000) for number in range(200)]
    server = bench.serve(Answer(json={}, headers=headers))
    outcome = bench.invoke(bench.action(server.url))
    assert isinstance(outcome.error, (AnswerTooLarge, BadAnswer, ResponseAborted))


@row("B7", "an array, a number, null instead of an object", "`schema-mismatch`")
def other_top(bench: Bench) -> None:
    for value in ([], 5, None, "x"):
        refuses(bench, SchemaMismatch, Answer(json=value))


@row(
    "B7a",
    "members missing, null or unknown",
    "no change for what is missing or null; the unknown is passed over",
)
def missing(bench: Bench) -> None:
    server = bench.serve(Answer(json={"frame": None, "params": {"x": 1, "language": None}, "y": []}))
    outcome = bench.invoke(bench.action(server.url))
    assert outcome.result
    assert dict(outcome.responder) == outcome.before


@row("B8", "members of another type", "`schema-mismatch`, with a JSON Pointer; nothing merged")
def other_types(bench: Bench) -> None:
    for answer in (
        {"frame": {"a": 1}, "directives": {}},
        {"directives": ["x"], "frame": {"a": 1}},
        {"frame": []},
        {"frame": {"a": 1}, "params": {"allowed_intents": "a.b"}},
    ):
        outcome = refuses(bench, SchemaMismatch, Answer(json=answer))
        assert " at /" in str(outcome.error)


@row("B9", "NaN, infinities, 1e999, 5,000 digits, a lone surrogate", "refused, with the position")
def odd_numbers(bench: Bench) -> None:
    for value in (b"NaN", b"Infinity", b"1e999", b"9" * 5000, b'"\\ud800"'):
        refuses(bench, (BadPayload, SchemaMismatch), Answer(body=b'{"frame": {"a": ' + value + b"}}"))


@row("B9a", "two members of one name", "the last one counts; with `strict`, `bad-payload`")
def duplicates(bench: Bench) -> None:
    answer = Answer(body=b'{"frame": {"answered": false}, "frame": {"answered": true}}')
    bench.succeeds(bench.action(bench.serve(answer).url))
    refuses(bench, BadPayload, answer, strict=True)


@row("B10", "names that mean something elsewhere, control characters", "data like any other")
def odd_names(bench: Bench) -> None:
    frame = {"__proto__": 1, "__class__": 2, "a\u0000b": "\u001b[31m", "answered": True}
    outcome = bench.succeeds(bench.action(bench.serve(Answer(json={"frame": frame})).url))
    assert outcome.responder.frame == {"secret": CANARY, "kept": 1, **frame}


@row(
    "B10a",
    "a million directives",
    "`answer-too-large` by default; merged where the limit allows",
)
def many_directives(bench: Bench) -> None:
    body = b'{"directives": [' + b"{}," * 999_999 + b"{}]}"
    refuses(bench, AnswerTooLarge, Answer(body=body))
    action = bench.action(bench.serve(Answer(body=body)).url, max_response_bytes=8 * MIB)
    outcome = bench.invoke(action)
    assert outcome.result
    assert len(outcome.responder.directives) == 1 + 1_000_000


@row("B11", "an answer to another call", "`correlation-mismatch`")
def other_call(bench: Bench) -> None:
    refuses(bench, CorrelationMismatch, Answer(json={"frame": {"a": 1}}, headers={"X-MM-Call-Id": "other"}))


@row("B12", "204", "success that changes nothing")
def no_content(bench: Bench) -> None:
    outcome = bench.invoke(bench.action(bench.serve(Answer(204)).url))
    assert outcome.result
    assert dict(outcome.responder) == outcome.before


@row("B12a", "206", "`bad-status`")
def partial(bench: Bench) -> None:
    refuses(bench, BadStatus, Answer(206, json={"frame": {"a": 1}}))


@row("B12b", "200 that carries a problem", "`bad-content-type`")
def problem_in_success(bench: Bench) -> None:
    headers = {"Content-Type": "application/problem+json"}
    refuses(bench, BadContentType, Answer(json={"title": CANARY}, headers=headers))


@row(
    "B12c",
    "a storm of interim answers (1xx)",
    "one typed error",
    without={
        "aiohttp": "aiohttp passes over interim answers without counting them; the deadline bounds them"
    },
)
def storm(bench: Bench) -> None:
    server = bench.serve((Informational(103, count=10_000), GOOD))
    outcome = bench.invoke(bench.action(server.url, timeout=3))
    assert isinstance(outcome.error, (BadAnswer, ResponseAborted, DeadlineExceeded)), repr(outcome.error)


@row("B12d", "one interim answer before the real one", "succeeds")
def interim(bench: Bench) -> None:
    bench.succeeds(bench.action(bench.serve((Informational(103), GOOD)).url))


@row("B14", "HTTP/1.0, names of headers in small letters", "succeeds")
def old_http(bench: Bench) -> None:
    bench.succeeds(bench.action(bench.serve(Answer(json=GOOD.json, version="HTTP/1.0", framing="close")).url))
    body = json.dumps(GOOD.json).encode()
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    bench.succeeds(bench.action(bench.serve(Answer(body=body, headers=headers)).url))


@row(
    "B14a",
    "both a length and chunks",
    "refused, or read by its chunks alone, and the connection is not used again",
)
def both_framings(bench: Bench) -> None:
    body = json.dumps(GOOD.json).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = [("Content-Length", "5"), ("Transfer-Encoding", "chunked")]
    server = bench.serve(Answer(body=chunked, headers=headers))
    action = bench.action(server.url, timeout=1)
    outcome = bench.invoke(action)
    assert isinstance(outcome.error, (BadAnswer, ResponseAborted)), repr(outcome.result)
    bench.check_failure(outcome, action)


@row("B14b", "a status line that is not HTTP", "one typed error")
def not_http(bench: Bench) -> None:
    from mm_actions.testing import Close, ReadRequest, Send

    server = bench.serve((ReadRequest(), Send(b"SSH-2.0-OpenSSH\r\n\r\n"), Close()))
    bench.fails(
        bench.action(server.url), (BadAnswer, ResponseAborted, BadPayload), sent=(Sent.YES, Sent.MAYBE)
    )


@row("B15", "redirects of every kind", "`redirected`; nobody connects to where it points")
def redirects(bench: Bench) -> None:
    elsewhere = bench.serve()
    for status in (301, 302, 303, 307, 308):
        for location in (elsewhere.url, "file:///etc/passwd", "/action"):
            outcome = refuses(bench, Redirected, Answer(status, json={}, headers={"Location": location}))
            assert outcome.error.location == location
    assert elsewhere.connections == 0
