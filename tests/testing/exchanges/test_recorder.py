"""A recorder: what passes is what was sent, and what is written is what passed, without secrets."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.testing.exchanges.exchanging import (
    call,
    documents,
    exchange_raw,
    post,
    reply,
    send,
    settings_for,
    text_of,
)

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import ConfigurationError
from mm_actions.server import ActionServer
from mm_actions.testing import (
    Answer,
    Close,
    FaultServer,
    Gate,
    HalfClose,
    InOrder,
    ReadHead,
    Reset,
    Send,
    WaitFor,
)
from mm_actions.testing.exchanges import Recorder, RecorderOptions, Redaction, Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mm_actions.testing import CertificateAuthority

    Record = Callable[..., Recorder]


def test_an_exchange_is_a_file_that_people_can_read(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(Answer(201, json=reply("hi"), headers={"Retry-After": "3", "Server": "x", "X-Own": "y"}))
    recorder = record(behind.url, redaction=Redaction(headers=["X-Own"]))
    sent = call("place order", "a latte")
    found = send(f"{recorder.url}/action?tenant=a", sent, headers={"X-Tenant": "a", "Idempotency-Key": "k"})
    assert (found.status, found.json) == (201, reply("hi"))
    (path,) = (tmp_path / "recorded").iterdir()
    assert path.name == "0001-place-order.json"
    document = json.loads(path.read_text("utf-8"))
    assert list(document) == [
        "recorded", "method", "path", "request_headers", "request", "status", "headers", "answer", "timing",
    ]  # fmt: skip
    assert document["request"] == sent
    assert document["answer"] == reply("hi")
    assert (document["method"], document["path"], document["status"]) == ("POST", "/action", 201)
    assert document["request_headers"] == {"content-type": "application/json", "idempotency-key": "k"}
    assert document["headers"] == {"content-type": "application/json", "retry-after": "3", "x-own": "y"}
    assert 0 <= document["timing"]["first_byte_ms"] <= document["timing"]["total_ms"]


ODD_ANSWERS = {
    "reason phrase": b"HTTP/1.1 299 Just Fine\r\nX-a:  b \r\nx-A: c\r\nContent-Length: 2\r\n\r\n{}",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1;x=y\r\n{\r\n1\r\n}\r\n0\r\nT: r\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
    "cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\n{}",
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}",
    "no http": b"220 mail.example ESMTP\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", ODD_ANSWERS)
def test_an_answer_passes_byte_for_byte(
    record: Record, behind: FaultServer, tmp_path: Path, kind: str
) -> None:
    behind.play((Send(ODD_ANSWERS[kind]), Close()))
    recorder = record(behind.url)
    assert exchange_raw(recorder.url, post(b'{"action": "odd"}')) == ODD_ANSWERS[kind]
    (document,) = documents(tmp_path / "recorded")
    assert ("broken" in document) == (kind in {"truncated", "no http", "nothing"})
    assert document["request"] == {"action": "odd"}


def test_a_request_passes_with_another_host_and_nothing_else_changed(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    recorder = record(f"{behind.url}/shop/action")
    chunked = (
        b"POST /action HTTP/1.1\r\nHost: me\r\nConnection: close\r\nX-Odd:  spaces \r\n"
        b'Transfer-Encoding: chunked\r\n\r\n3;a=b\r\n{"a\r\n7\r\nction":\r\n5\r\n"odd"\r\n1\r\n}\r\n0\r\n\r\n'
    )
    for data in (post(b'{"action":"odd"}'), chunked):
        exchange_raw(recorder.url, data)
    for request in behind.requests:
        assert request.path == "/shop/action"
        assert request.headers["host"] == f"127.0.0.1:{behind.port}"
        assert request.body == b'{"action":"odd"}'
        assert [name for name, _ in request.raw_headers][:1] == ["Host"]
    assert behind.requests[1].headers["transfer-encoding"] == "chunked"
    assert [document["request"] for document in documents(tmp_path / "recorded")] == [{"action": "odd"}] * 2


def test_a_reset_of_the_server_is_a_reset_of_the_recorder(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(Reset())
    with pytest.raises(ConnectionResetError):
        exchange_raw(record(behind.url).url, post(b'{"action":"odd"}'))
    (document,) = documents(tmp_path / "recorded")
    assert document["broken"] == "the server reset the connection before its answer was whole"


def test_a_stream_passes_line_by_line(record: Record, behind: FaultServer, tmp_path: Path) -> None:
    gate = Gate()
    lines = [b'{"event":"directive","directive":{"name":"reply"}}\n', b'{"event":"result","responder":{}}\n']
    answer = Answer(headers={"Content-Type": "application/x-ndjson"}, framing="chunked", last_chunk=False)
    chunks = [b"%x\r\n%b\r\n" % (len(line), line) for line in lines]
    behind.play((Send(answer.head() + chunks[0]), WaitFor(gate), Send(chunks[1] + b"0\r\n\r\n")))
    action = CustomAction("talk", {"url": f"{record(behind.url).url}/action", "timeout": 20})
    with action.stream(Request(), DialogueResponder()) as directives:
        assert next(directives) == {"name": "reply"}  # while the rest has not been sent
        gate.open()
        assert list(directives) == []
    assert directives.result
    (document,) = documents(tmp_path / "recorded")
    assert document["events"] == [json.loads(line) for line in lines]


def test_what_is_compressed_is_written_as_what_it_means(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    packed = gzip.compress(json.dumps(reply("hi")).encode())
    behind.play(Answer(body=packed, headers={"Content-Encoding": "gzip"}))
    assert send(f"{record(behind.url).url}/action", call("greet")).body == packed
    (document,) = documents(tmp_path / "recorded")
    assert document["answer"] == reply("hi")


def test_what_is_too_large_or_no_text_passes_and_the_file_says_so(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(
        InOrder(
            Answer(json={"frame": {"a": "x" * 3000}}),
            Answer(body=b"\xff\xfe\x00", headers={"Content-Type": "image/png"}),
            Answer(body=b"zzz", headers={"Content-Encoding": "br"}),
        )
    )
    url = f"{record(behind.url, options=RecorderOptions(max_body=2000)).url}/action"
    assert len(send(url, call("greet", "y" * 3000)).body) > 3000
    assert send(url, call("greet")).body == b"\xff\xfe\x00"
    assert send(url, call("greet")).body == b"zzz"
    large, image, odd = documents(tmp_path / "recorded")
    assert set(large["omitted"]) == {"request", "answer"}
    assert "bytes are more than 2000" in large["omitted"]["answer"]
    assert image["omitted"] == {"answer": "3 bytes are no text"}
    assert "'br'" in odd["omitted"]["answer"]


def test_numbers_go_on_where_an_earlier_recording_ended(behind: FaultServer, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "recorded"
    for _ in range(2):
        with Recorder(settings_for(behind.url), Shelf(folder)) as recorder:
            send(f"{recorder.url}/action", call("greet"))
            send(f"{recorder.url}/actions", method="GET")
    assert sorted(path.name for path in folder.iterdir()) == [
        "0001-greet.json",
        "0002-GET-actions.json",
        "0003-greet.json",
        "0004-GET-actions.json",
    ]


def test_many_clients_at_once_lose_nothing(record: Record, behind: FaultServer, tmp_path: Path) -> None:
    recorder = record(behind.url)
    url = f"{recorder.url}/action"
    threads = [
        threading.Thread(target=lambda: [send(url, call("greet")) for _ in range(10)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert recorder.written == 80
    names = sorted(path.name for path in (tmp_path / "recorded").iterdir())
    assert names == [f"{number:04}-greet.json" for number in range(1, 81)]


def test_after_the_last_exchange_that_is_written_others_still_pass(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    told: list[str] = []
    recorder = record(behind.url, options=RecorderOptions(max_exchanges=2), tell=told.append)
    assert [send(f"{recorder.url}/action", call("greet")).status for _ in range(4)] == [200] * 4
    assert recorder.written == len(documents(tmp_path / "recorded")) == 2
    assert told == ["2 exchanges were recorded; what comes now is not"]


def test_a_folder_that_fills_up_does_not_disturb_the_exchange(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    told: list[str] = []
    recorder = record(behind.url, tell=told.append)
    (tmp_path / "recorded" / "0001-greet.json").mkdir()  # where the file should go
    assert send(f"{recorder.url}/action", call("greet")).status == 200
    assert "cannot be written into" in told[0]
    assert [path.name for path in (tmp_path / "recorded").iterdir()] == ["0001-greet.json"]


def test_a_server_that_is_not_there_is_told_on_both_sides(record: Record, tmp_path: Path) -> None:
    told: list[str] = []
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        found = send(f"{record(url, tell=told.append).url}/action", call("greet"))
    assert found.status == 502
    assert "did not reach the server" in found.json["detail"]
    assert told[0].startswith(f"{url} was not reached")
    assert documents(tmp_path / "recorded") == []


def test_what_is_no_request_is_refused(record: Record, behind: FaultServer, tmp_path: Path) -> None:
    url = record(behind.url).url
    for nonsense in (
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
    ):
        assert exchange_raw(url, nonsense).startswith(b"HTTP/1.1 400 ")
    assert behind.request_count == 0
    assert documents(tmp_path / "recorded") == []


def test_an_early_refusal_of_a_long_body_reaches_the_client(record: Record, behind: FaultServer) -> None:
    behind.play(
        (ReadHead(), Answer(413, json={"title": "Too large"}, headers={"Connection": "close"}), HalfClose())
    )
    parts = urlsplit(record(behind.url).url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(b"POST /action HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_leaves_is_missed_by_the_server_too(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(WaitFor(Gate()))
    recorder = record(behind.url)
    parts = urlsplit(recorder.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        client.sendall(post(b'{"action":"greet"}'))
        behind.wait_for_requests(1)
    behind.wait_until_deserted()
    recorder.close()
    (document,) = documents(tmp_path / "recorded")
    assert document["broken"] == "the client left before it had the whole answer"


def test_what_is_in_progress_at_the_end_is_given_its_time(behind: FaultServer, tmp_path: Path) -> None:
    gate, found = Gate(), []
    behind.play((WaitFor(gate), Answer(json=reply("late"))))
    with Recorder(settings_for(behind.url), Shelf(tmp_path)) as recorder:
        waiting = threading.Thread(target=lambda: found.append(send(f"{recorder.url}/action", call("greet"))))
        waiting.start()
        behind.wait_for_requests(1)
        closing = threading.Thread(target=recorder.close)
        closing.start()
        gate.open()
        closing.join(10)
        waiting.join(10)
    assert text_of(found[0]) == "late"
    assert len(documents(tmp_path)) == 1


def test_our_client_keeps_its_connection_through_the_recorder(record: Record, tmp_path: Path) -> None:
    server = ActionServer(ui=False)

    @server.action
    async def count(request, responder):
        responder.frame["count"] = request.frame.get("count", 0) + 1

    with server.in_thread() as running:
        url = f"{record(running.url).url}/action"
        responder = DialogueResponder()
        for _ in range(3):
            assert CustomAction("count", {"url": url}).invoke(Request(frame=responder.frame), responder)
        close_endpoints()
    assert responder.frame["count"] == 3
    assert [one["answer"]["frame"] for one in documents(tmp_path / "recorded")] == [
        {"count": 1},
        {"count": 2},
        {"count": 3},
    ]


def test_both_sides_may_ask_for_certificates(
    record: Record, ca: CertificateAuthority, tmp_path: Path
) -> None:
    server, client = ca.server(), ca.client()
    files = {"cert": client.ca, "public_key": client.certificate, "private_key": client.private_key}
    tls = server.server_context(client_ca=ca.certificate)
    with FaultServer(Answer(json=reply("hi")), ssl_context=tls) as behind:
        upstream = behind.url_for("localhost")
        recorder = record(upstream, server=files, ssl_context=server.server_context(client_ca=ca.certificate))
        url = recorder.url.replace("127.0.0.1", "localhost")
        assert send(f"{url}/action", call("greet"), tls=client.client_context()).json == reply("hi")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            send(f"{url}/action", call("greet"), tls=ssl.create_default_context(cafile=ca.certificate))
        assert behind.requests[0].client_certificate
    assert len(documents(tmp_path / "recorded")) == 1


def test_a_port_that_is_taken_and_a_folder_that_is_a_file_are_told(
    behind: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{behind.port}"):
        Recorder(settings_for(behind.url), Shelf(tmp_path), port=behind.port).start()
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot record into"):
        Shelf(tmp_path / "file")


def test_a_connection_that_the_server_gave_up_is_made_anew(record: Record, behind: FaultServer) -> None:
    behind.play((Answer(json={}), Close()))
    parts = urlsplit(record(behind.url).url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
        for number in range(1, 4):
            client.sendall(post(b'{"action":"greet"}', close=False))
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
            behind.wait_until_deserted()
            assert behind.connections == number


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: many\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"],
)
def test_a_request_whose_framing_is_broken_ends_its_connection(
    record: Record, behind: FaultServer, tmp_path: Path, framing: bytes
) -> None:
    behind.play((ReadHead(), WaitFor(Gate())))
    recorder = record(behind.url)
    assert exchange_raw(recorder.url, b"POST /action HTTP/1.1\r\nHost: x\r\n" + framing) == b""
    recorder.close()
    assert [one["broken"] for one in documents(tmp_path / "recorded")] == [
        "the body of the request is broken"
    ]


def test_an_exchange_that_takes_too_long_is_given_up_and_written_so(
    record: Record, behind: FaultServer, tmp_path: Path
) -> None:
    behind.play(WaitFor(Gate()))
    url = record(behind.url, options=RecorderOptions(seconds=0.2)).url
    assert exchange_raw(url, post(b'{"action":"greet"}')) == b""
    behind.wait_until_deserted()
    (document,) = documents(tmp_path / "recorded")
    assert document["broken"] == "the exchange was given up before the answer was whole"


def test_more_connections_than_allowed_are_closed_at_once(record: Record, behind: FaultServer) -> None:
    recorder = record(behind.url, options=RecorderOptions(max_connections=1))
    parts = urlsplit(recorder.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as first:
        first.sendall(post(b'{"action":"greet"}', close=False))
        assert first.recv(1000).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as second:
            assert second.recv(100) == b""


def test_it_listens_on_ipv6_too(record: Record, behind: FaultServer) -> None:
    recorder = record(behind.url, host="::1")
    assert recorder.url.startswith("http://[::1]:")
    assert send(f"{recorder.url}/action", call("greet")).status == 200
