"""What every engine does in both colours when nothing is broken, and with answers that are."""

import threading
import time
import zlib
from functools import cache

import pytest

from mm_actions.errors import (
    AnswerTooLarge,
    BadAnswer,
    BadContentType,
    BadPayload,
    ConfigurationError,
    DeadlineExceeded,
    EncodingFailed,
    Sent,
)
from transports.http.byte_server import ByteServer, ok, serve


def test_a_call_brings_status_headers_and_body(start, client):
    server = start(serve(ok(b'{"b":2}', "X-Two: 1", "x-two: 2", status="201 Created")))
    response = client.call(server.url, headers=(("Content-Type", "application/json"), ("X-Mine", "x")))
    assert (response.status, response.body) == (201, b'{"b":2}')
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-two"] == "1, 2"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /action HTTP/1.1\r\n")
    assert b"\r\nX-Mine: x" in head
    assert b"xpect:" not in head
    assert body == b'{"a":1}'


def test_a_get_has_no_body(start, client):
    server = start(serve(ok()))
    assert client.call(server.url, b"", method="GET").status == 200
    assert client.call(server.url, b"{}").status == 200
    assert server.requests[0].startswith(b"GET /action ")
    assert server.requests[1].endswith(b"\r\n\r\n{}")


def test_a_hundred_calls_share_one_connection(start, client):
    server = start(serve(ok()))
    for number in range(100):
        assert client.call(server.url, b"x" * (number * 37)).status == 200
    assert server.connections == 1
    assert [len(request.partition(b"\r\n\r\n")[2]) for request in server.requests] == [
        number * 37 for number in range(100)
    ] or server.connections <= 2


def test_a_large_request_arrives_whole(start, client):
    body = bytes(range(256)) * 8192
    server = start(serve(ok()))
    client.call(server.url, body)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == body


def test_an_answer_with_no_content_is_an_empty_body(start, client):
    server = start(serve(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert client.call(server.url).status == 204
    assert client.call(server.url).body == b""
    assert server.connections == 1


def test_chunked_and_close_delimited_and_old_answers_are_read(start, client):
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert client.call(start(serve(chunked)).url).body == b"abcde"

    def old(peer):
        peer.read()
        peer.send(b"HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}")

    response = client.call(start(old).url)
    assert (response.body, response.headers["content-type"]) == (b"{}", "application/json")


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_answer_is_decoded(start, client, coding):
    compressor = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
    data = compressor.compress(b"abc" * 1000) + compressor.flush()
    server = start(serve(ok(data, f"Content-Encoding: {coding}")))
    assert client.call(server.url).body == b"abc" * 1000
    assert b"ccept-Encoding: gzip, deflate\r\n" in server.requests[0]


def test_an_unknown_coding_is_refused(start, client):
    server = start(serve(ok(b"abc", "Content-Encoding: zstd2")))
    with pytest.raises(BadContentType, match="zstd2") as caught:
        client.call(server.url)
    assert caught.value.sent is Sent.YES


def test_a_damaged_compression_is_refused(start, client):
    server = start(serve(ok(b"this is no gzip at all", "Content-Encoding: gzip")))
    with pytest.raises(BadPayload):
        client.call(server.url)


def endless(head: bytes, piece: bytes):
    def script(peer):
        peer.read()
        peer.send(head)
        while True:
            peer.send(piece)

    return script


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"Content-Length: 1000000000\r\n", b"x" * 65536),
        (b"", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ],
    ids=["announced", "close-delimited", "chunked"],
)
def test_an_endless_answer_is_stopped_at_the_cap_and_its_connection_closed(start, client, head, piece):
    server = start(endless(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", piece))
    began = time.monotonic()
    with pytest.raises(AnswerTooLarge, match="1048576"):
        client.call(server.url)
    assert time.monotonic() - began < 2
    assert server.client_left.wait(5)


def test_an_answer_of_exactly_the_cap_is_taken(start, open_client):
    client = open_client(max_response_bytes=1000)
    assert len(client.call(start(serve(ok(b"x" * 1000))).url).body) == 1000
    with pytest.raises(AnswerTooLarge):
        client.call(start(serve(ok(b"x" * 1001))).url)


def test_a_compression_bomb_is_stopped_at_the_cap(start, client):
    server = start(serve(ok(bomb(), "Content-Encoding: gzip")))
    before = resident()
    with pytest.raises(AnswerTooLarge):
        client.call(server.url)
    assert resident() - before < 16 << 20


@cache
def bomb() -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    return b"".join(compressor.compress(bytes(1 << 20)) for _ in range(300)) + compressor.flush()


def resident() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - no file of the disk
        return int(file.read().split()[1]) * 4096


def test_too_many_header_bytes_are_refused(start, client):
    server = start(serve(ok(b"{}", *(f"X-{number}: {'y' * 4000}" for number in range(60)))))
    with pytest.raises(AnswerTooLarge, match="header"):
        client.call(server.url)


def test_an_endless_head_is_refused(start, client):
    def script(peer):
        peer.read()
        peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.send(b"X-Flood: " + b"y" * 1000 + b"\r\n")

    with pytest.raises(AnswerTooLarge, match="header"):
        client.call(start(script).url, timeout=5)


def test_a_few_interim_responses_are_skipped(start, client):
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    server = start(serve(hint + go_on + hint + ok(b"[1]")))
    assert client.call(server.url).body == b"[1]"
    assert client.call(server.url).body == b"[1]"
    assert server.connections == 1


def test_a_storm_of_interim_responses_ends(start, client, engine_name):
    def script(peer):
        peer.read()
        while True:
            peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)

    # aiohttp skips interim responses without counting them: there the deadline ends it.
    expected = DeadlineExceeded if engine_name == "aiohttp" else BadAnswer
    with pytest.raises(expected):
        client.call(start(script).url, timeout=0.5 if engine_name == "aiohttp" else 5)


@pytest.mark.parametrize(
    "length", ["Transfer-Encoding: chunked", "Content-Length: 7"], ids=["beside chunked", "twice"]
)
def test_an_answer_that_says_its_length_in_two_ways_is_refused(start, client, length):
    server = start(serve(ok(b"2\r\n{}\r\n0\r\n\r\n", length)))
    with pytest.raises(BadAnswer):
        client.call(server.url, timeout=2)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"{}\n", b"HTTP/1.1 abc OK\r\n\r\n"])
def test_what_is_not_http_is_refused(start, client, answer):
    def script(peer):
        peer.read()
        peer.send(answer)

    with pytest.raises(BadAnswer):
        client.call(start(script).url, timeout=2)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_reported_and_not_followed(start, client, status):
    target = start(serve(ok()))
    server = start(serve(ok(b"moved", f"Location: {target.url}", status=f"{status} Moved")))
    response = client.call(server.url)
    assert response.status == status
    assert response.headers["location"] == target.url
    assert target.connections == 0


def test_the_proxy_of_the_environment_is_ignored(start, open_client, monkeypatch):
    proxy = start(serve(ok(status="502 Wrong")))
    server = start(serve(ok()))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    assert open_client().call(server.url).status == 200
    assert proxy.connections == 0


def test_a_proxy_that_was_given_is_used(start, open_client, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    proxy = start(serve(ok(b"[]")))
    client = open_client(proxy=f"http://127.0.0.1:{proxy.port}")
    assert client.call("http://action.example/action").body == b"[]"
    assert proxy.requests[0].startswith(b"POST http://action.example/action ")


@pytest.mark.parametrize(
    "header", [("X-A", "1\r\nX-B: 2"), ("X-A", "1\n"), ("X\r-A", "1"), ("X-A", "\0"), ("X-A", "\xfc")]
)
def test_a_header_that_would_break_out_of_its_line_is_refused(start, client, header):
    server = start(serve(ok()))
    with pytest.raises(EncodingFailed) as caught:
        client.call(server.url, headers=(header,))
    assert "X-B" not in str(caught.value)
    assert server.connections == 0


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://[::1"])
def test_an_url_that_is_not_http_is_refused(client, url):
    with pytest.raises(ConfigurationError, match="url"):
        client.call(url)


def test_a_method_that_is_not_served_is_refused(client):
    with pytest.raises(ConfigurationError, match="DELETE"):
        client.call("http://127.0.0.1:1/", method="DELETE")


def test_no_time_left_is_a_deadline_and_nothing_is_sent(start, client):
    server = start(serve(ok()))
    with pytest.raises(DeadlineExceeded) as caught:
        client.call(server.url, timeout=0.0)
    assert caught.value.sent is Sent.NO
    assert server.requests == []


def test_a_closed_engine_can_be_used_again(start, client):
    server = start(serve(ok()))
    assert client.call(server.url).status == 200
    client.engine.close()
    assert server.client_left.wait(5) or client.colour == "async"
    assert client.call(server.url).status == 200
    assert server.connections == 2


def test_an_idle_connection_is_not_used_beyond_its_time(start, open_client):
    server: ByteServer = start(serve(ok()))
    client = open_client(idle_timeout=0.3)
    assert client.call(server.url).status == 200
    assert not server.client_left.wait(0.7) or client.colour == "sync"
    if client.colour == "async":
        client.run(_turn())
    assert client.call(server.url).status == 200
    assert server.connections == 2


async def _turn() -> None:
    return None


@pytest.mark.parametrize("colour", ["sync"])  # threads call the blocking colour
def test_calls_from_fifty_threads_are_in_flight_at_once(start, open_client, colour):
    together = threading.Barrier(50)

    def script(peer):
        while peer.read() is not None:
            together.wait(10)
            peer.send(ok())

    server = start(script)
    client = open_client()
    statuses = []
    threads = [
        threading.Thread(target=lambda: statuses.append(client.call(server.url).status)) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 50
