"""The kit's own HTTP client takes what servers send, tells what it cannot take, and never waits for ever."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.conformance.reference import problem

from mm_actions.config import load_config
from mm_actions.conformance import ConformanceOptions, Examination, junit
from mm_actions.conformance.probe import Probe
from mm_actions.errors import ConfigurationError, ConnectFailed, DeadlineExceeded, TlsPeerUntrusted
from mm_actions.resilience import Deadline
from mm_actions.testing import (
    Answer,
    CertificateAuthority,
    Close,
    Dribble,
    Endless,
    FaultServer,
    Hang,
    Informational,
    ReadRequest,
    Reset,
    Send,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.reference import Breaker, Received, Reply, Respond, Running

WAIT = 1.0


def probe_of(url: str, **options: object) -> Probe:
    settings = load_config({"url": url}).servers["default"]
    given = ConformanceOptions(**{"action": "note", "wait": WAIT, **options})  # type: ignore[arg-type] # checked there
    return Probe(Examination(settings, given), "C01")


@pytest.mark.parametrize(
    ("steps", "body"),
    [
        ((Answer(body=b"whole"),), b"whole"),
        ((Answer(body=b"in chunks", framing="chunked", chunk_size=2),), b"in chunks"),
        ((Answer(body=b"to the end", framing="close"), Close()), b"to the end"),
        ((ReadRequest(), Informational(count=3), Answer(body=b"at last")), b"at last"),
        ((ReadRequest(), Send(b"HTTP/1.1 204 No Content\r\n\r\n")), b""),
        ((ReadRequest(), Send(b"HTTP/1.0 200\r\n\r\nold"), Close()), b"old"),
        ((ReadRequest(), Dribble(Answer(body=b"slow"), chunk=16, interval=0.01)), b"slow"),
    ],
    ids=["length", "chunks", "close", "interim", "none", "old", "slow"],
)
def test_an_answer_is_read_however_it_is_framed(
    mm_fault_server: Callable[..., FaultServer], steps: tuple[object, ...], body: bytes
) -> None:
    exchange = probe_of(mm_fault_server(list(steps)).url).post()
    assert (exchange.error, exchange.answer.body) == ("", body)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((ReadRequest(), Close()), "closed the connection before its answer was whole"),
        ((ReadRequest(), Reset()), "the connection broke"),
        ((ReadRequest(), Send(b"SSH-2.0-server\r\n"), Close()), "not HTTP/1.1"),
        ((ReadRequest(), Send(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), Close()), "its head is not HTTP/1.1"),
        ((Answer(body=b"cut", declared_length=100), Close()), "before its answer was whole"),
        ((Answer(declared_length=1 << 40), Close()), "its Content-Length"),
        (
            (ReadRequest(), Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Close()),
            "its chunks are broken",
        ),
        ((ReadRequest(), Send(b"HTTP/1.1 200 " + b"x" * 100_000), Hang()), "does not end"),
        ((ReadRequest(), Hang()), "no answer in time"),
        ((ReadRequest(), Dribble(Answer(body=b"never"), interval=0.3)), "no answer in time"),
        ((Endless(chunk=b" "),), "no answer in time"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else None,
)
def test_what_is_no_answer_is_told_in_time(
    mm_fault_server: Callable[..., FaultServer], steps: tuple[object, ...], told: str
) -> None:
    started = time.monotonic()
    exchange = probe_of(mm_fault_server(list(steps)).url).post()
    assert exchange.response is None
    assert told in exchange.error
    assert time.monotonic() - started < WAIT + 5


def test_an_answer_without_end_is_given_up(mm_fault_server: Callable[..., FaultServer]) -> None:
    exchange = probe_of(mm_fault_server(Endless()).url, wait=30.0).post()
    assert exchange.error == "its answers have more than 67108864 bytes"


def test_an_answer_that_comes_early_ends_the_sending(mm_fault_server: Callable[..., FaultServer]) -> None:
    early = (Send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"), Hang())
    exchange = probe_of(mm_fault_server(list(early)).url).post(b" " * (8 << 20))
    assert exchange.status == 413


def test_a_server_that_is_not_there_is_told_with_its_cause(free_port: int) -> None:
    settings = load_config({"url": f"http://127.0.0.1:{free_port}"}).servers["default"]
    with pytest.raises(ConnectFailed, match="refused"):
        Examination(settings).open()


def test_a_server_that_does_not_answer_is_told_in_time(mm_fault_server: Callable[..., FaultServer]) -> None:
    settings = load_config({"url": mm_fault_server([ReadRequest(), Hang()]).url}).servers["default"]
    with pytest.raises(DeadlineExceeded):
        Examination(settings, ConformanceOptions(wait=0.3)).open()


def test_a_certificate_that_is_not_trusted_is_told_with_its_cause(
    mm_fault_server: Callable[..., FaultServer], mm_certificates: CertificateAuthority
) -> None:
    server = mm_fault_server(Answer(json={}), ssl_context=mm_certificates.server().server_context())
    settings = load_config({"url": f"https://localhost:{server.port}"}).servers["default"]
    with pytest.raises(TlsPeerUntrusted, match="CA"):
        Examination(settings).open()


def test_without_an_action_and_a_catalogue_the_kit_asks_for_one(
    mm_fault_server: Callable[..., FaultServer],
) -> None:
    settings = load_config({"url": mm_fault_server(Answer(404)).url}).servers["default"]
    with pytest.raises(ConfigurationError, match="--action NAME"):
        Examination(settings).open()


def test_the_url_says_where_actions_are_posted() -> None:
    paths = {
        ("http://h", None): "/action",
        ("http://h/", None): "/action",
        ("http://h/v2/action", None): "/v2/action",
        ("http://h/api/action?tenant=1", None): "/api/action?tenant=1",
        ("http://h/v2/action", "webhook"): "/webhook",
    }
    for (url, path), due in paths.items():
        examination = Examination(
            load_config({"url": url}).servers["default"], ConformanceOptions(action="a", path=path)
        )
        assert examination.target.path == due
    assert probe_of("http://[::1]:1/v2/action").target.beside("/healthz") == "/v2/healthz"
    assert probe_of("http://[::1]:1").target.origin == "http://[::1]:1"


def test_when_the_time_of_the_run_is_up_the_rest_is_not_made(reference: Running) -> None:
    examination = Examination(reference.settings(), ConformanceOptions(only=("C01", "C02")))
    examination.open()
    examination.deadline = Deadline.after(0)
    report = examination.run()
    assert report.verdict() == "incomplete"
    assert all("--timeout gives more" in result.reason for result in report.results)


def test_a_server_that_hangs_ends_the_run_in_time(broken: Callable[[Breaker], Running]) -> None:
    import threading

    release = threading.Event()

    def hanging(received: Received, respond: Respond) -> Reply:
        if received.is_action:
            release.wait(20)
            return problem(503)
        return respond(received)

    examination = Examination(broken(hanging).settings(), ConformanceOptions(wait=0.3, timeout=1.5))
    started = time.monotonic()
    try:
        examination.open()
        report = examination.run()
    finally:
        release.set()
    assert time.monotonic() - started < 10
    assert report.verdict() == "fails"
    assert report.results[0].reason == "no answer in time"
    assert any(result.unmade for result in report.results)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"5",
        b'"text"',
        b"[1, [2]]",
        b"{}",
        b'{"directives": 5, "frame": [], "params": "x", "slots": 0}',
        b'{"directives": [null, 5, {"name": []}], "params": {"allowed_intents": {"a": 1}}}',
        b'{"actions": [{"name": 5}], "status": [], "event": {}}',
        b'{"directives": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
    ],
    ids=range(13),
)
@pytest.mark.parametrize("status", [200, 400, 503])
def test_whatever_a_server_answers_the_run_ends_with_a_report(
    mm_fault_server: Callable[..., FaultServer], status: int, body: bytes
) -> None:
    odd = Answer(status, body=body, headers=(("Content-Type", "application/json"), ("X-Odd", "\x9b1m")))
    settings = load_config({"url": mm_fault_server(odd).url}).servers["default"]
    examination = Examination(
        settings, ConformanceOptions(action="a", max_body=4096, idempotent=True, timeout=50)
    )
    examination.open()
    report = examination.run()
    assert report.verdict() == "fails"
    assert json.loads(json.dumps(report.document()))["counts"]["failed_must"] > 3
    assert ET.fromstring(junit(report)).get("failures") == str(len(report.failures("MUST")))
