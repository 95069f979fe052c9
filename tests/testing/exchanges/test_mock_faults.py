"""Faults on demand, as our client and plain ones see them."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.testing.exchanges.exchanging import call, put, reply, send

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import ConfigurationError
from mm_actions.server import ServerOptions
from mm_actions.testing.exchanges import Book, Fault, FaultRule, Faults, MockServer, read_folder
from mm_actions.testing.exchanges.faults import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mm_actions.testing import CertificateAuthority

    Mock = Callable[..., str]

SEEN_AS = {
    "503": "server-unavailable",
    "503=1": "server-unavailable",
    "500": "server-failed",
    "429": "too-many-requests",
    "404": "action-not-found",
    "hang": "deadline-exceeded",
    "latency=30": "deadline-exceeded",
    "slow=30": "deadline-exceeded",
    "close": "connection-lost",
    "reset": "connection-lost",
    "truncated": "response-aborted",
    "truncated=0": "response-aborted",
    "endless": "answer-too-large",
    "not-http": "bad-answer",
    "garbage": "bad-payload",
    "html": "bad-content-type",
    "null": "ok",
    "latency=0.01": "ok",
    "slow=0": "ok",
}


@pytest.fixture
def greeting(tmp_path: Path) -> Iterator[Path]:
    put(tmp_path / "said", "1", request=call("greet"), answer=reply("hi"))
    put(tmp_path / "said", "2", request=call("pay"), answer=reply("paid"))
    yield tmp_path / "said"
    close_endpoints()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve an action for each fault, and one without; give the address and the names."""
    folder = tmp_path_factory.mktemp("faulty")
    names = {fault: f"greet_{number}" for number, fault in enumerate(SEEN_AS)}
    for name in (*names.values(), "pay"):
        put(folder, name, request=call(name), answer=reply("hi"))
    rules = faults(*(f"{name}={fault}" for fault, name in names.items()))
    with MockServer(Book(read_folder(folder)), faults=rules).in_thread() as running:
        yield running.url, names


def faults(*rules: str, seed: int | None = None) -> Faults:
    return Faults(map(FaultRule.parse, rules), seed=seed)


def kind_of(url: str, action: str = "greet", **settings: object) -> str:
    """What our client makes of a call."""
    called = CustomAction(action, {"url": f"{url}/action", "timeout": 0.5, "retries": 0, **settings})
    responder = DialogueResponder()
    result = called.invoke(Request(text="x"), responder)
    assert bool(result) == bool(responder.directives)
    return result.kind


def test_every_kind_of_fault_is_seen_as_an_error_of_its_own() -> None:
    assert {seen.partition("=")[0] for seen in SEEN_AS} >= set(KINDS)


@pytest.mark.parametrize(("fault", "seen"), SEEN_AS.items())
def test_our_client_sees_what_was_asked_for(
    faulty: tuple[str, dict[str, str]], fault: str, seen: str
) -> None:
    url, names = faulty
    try:
        assert kind_of(url, names[fault]) == seen
        assert kind_of(url, "pay") == "ok"
    finally:
        close_endpoints()


@pytest.mark.parametrize("fault", ["reset", "truncated", "close", "hang", "not-http"])
def test_faults_on_a_connection_are_the_same_under_tls(
    greeting: Path, ca: CertificateAuthority, fault: str
) -> None:
    files = ca.server()
    server = MockServer(Book(read_folder(greeting)), faults=faults(f"*={fault}"))
    with server.in_thread(tls_cert=files.certificate, tls_key=files.private_key) as running:
        url = running.url.replace("127.0.0.1", "localhost")
        assert kind_of(url, cert=str(ca.certificate)) == SEEN_AS[fault]


def test_a_reset_is_a_reset_and_a_close_is_none(mock: Mock, greeting: Path) -> None:
    parts = urlsplit(mock(greeting, faults=faults("greet=reset", "pay=close")))
    ends = {}
    for action in (b"greet", b"pay"):
        body = b'{"action":"%b"}' % action
        head = b"POST /action HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            try:
                ends[action] = client.recv(100)
            except ConnectionResetError:
                ends[action] = b"reset"
    assert ends == {b"greet": b"reset", b"pay": b""}


def test_a_stream_that_is_cut_short_is_no_success(mock: Mock, greeting: Path) -> None:
    url = mock(greeting, faults=faults("greet=truncated"))
    action = CustomAction("greet", {"url": f"{url}/action", "retries": 0})
    responder = DialogueResponder()
    with action.stream(Request(), responder) as directives:
        list(directives)
    assert directives.result.kind == "response-aborted"
    assert responder.directives == []


def test_a_status_comes_as_a_problem_on_a_connection_that_goes_on(mock: Mock, greeting: Path) -> None:
    found = send(f"{mock(greeting, faults=faults('greet=503=7'))}/action", call("greet"))
    assert (found.status, found.headers["retry-after"]) == (503, "7")
    assert found.headers["content-type"] == "application/problem+json"
    assert (found.json["type"], found.json["action"]) == ("urn:mm-actions:problem:fault", "greet")
    assert found.headers.get("connection") != "close"


def test_null_members_are_those_that_say_nothing(mock: Mock, greeting: Path) -> None:
    found = send(f"{mock(greeting, faults=faults('*=null'))}/action", call("greet"))
    assert found.json == {**reply("hi"), "params": None, "slots": None}


def test_a_call_asks_for_a_fault_where_that_is_allowed(mock: Mock, greeting: Path) -> None:
    allowed = mock(greeting, faults_by_header=True, faults=faults("pay=500"))
    assert send(f"{allowed}/action", call("greet"), headers={"X-MM-Fault": "503"}).status == 503
    assert send(f"{allowed}/action", call("greet")).status == 200
    assert send(f"{allowed}/action", call("pay"), headers={"X-MM-Fault": "latency=0.01"}).status == 200
    assert send(f"{allowed}/action", call("pay")).status == 500
    wrong = send(f"{allowed}/action", call("greet"), headers={"X-MM-Fault": "flood"})
    assert (wrong.status, "no fault 'flood'" in wrong.json["detail"]) == (400, True)
    assert send(f"{mock(greeting)}/action", call("greet"), headers={"X-MM-Fault": "503"}).status == 200


def test_latency_and_another_fault_come_together(mock: Mock, greeting: Path) -> None:
    url = mock(greeting, faults=faults("greet=latency=0.05", "*=503"))
    assert send(f"{url}/action", call("greet")).status == 503


def test_neither_the_catalogue_nor_health_is_befallen(mock: Mock, greeting: Path) -> None:
    url = mock(greeting, faults=faults("*=reset"))
    assert {send(f"{url}{path}", method="GET").status for path in ("/actions", "/healthz", "/readyz")} == {
        200
    }


def test_a_seed_draws_the_same_faults_again(mock: Mock, greeting: Path) -> None:
    def statuses(seed: int) -> list[int]:
        url = f"{mock(greeting, faults=faults('*=503:0.5', seed=seed))}/action"
        return [send(url, call("greet")).status for _ in range(20)]

    first = statuses(1)
    assert set(first) == {200, 503}
    assert statuses(1) == first
    assert statuses(2) != first


def test_a_probability_is_about_how_often() -> None:
    drawn = faults("a=503:0.25", seed=3)
    counts = Counter(len(drawn.draw("a")) for _ in range(4000))
    assert 850 < counts[1] < 1150
    assert drawn.draw("b") == []


def test_a_body_that_is_too_large_is_refused_as_ever(greeting: Path, mock: Mock) -> None:
    options = ServerOptions(max_body=100, drain=0, grace=1)
    url = mock(greeting, faults=faults("*=503"), options=options)
    assert send(f"{url}/action", call("greet", "x" * 50_000)).status == 503
    assert send(f"{mock(greeting, options=options)}/action", call("greet", "x" * 50_000)).status == 413


def test_the_server_stops_although_somebody_hangs(greeting: Path) -> None:
    server = MockServer(Book(read_folder(greeting)), faults=faults("*=hang"))
    ended: list[bytes] = []
    with server.in_thread() as running:
        parts = urlsplit(running.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as client:
            body = b'{"action":"greet"}'
            head = b"POST /action HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            client.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
            assert client.recv(100).startswith(b"HTTP/1.1 100")  # it is being served
            client.sendall(body)
            waiting = threading.Thread(target=lambda: ended.append(client.recv(100)))
            waiting.start()
            running.__exit__(None, None, None)
            waiting.join(10)
    assert ended == [b""]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("503", "write ACTION=FAULT"),
        ("greet=", "write ACTION=FAULT"),
        ("greet=flood", "no fault 'flood'"),
        ("greet=200", "no fault '200'"),
        ("greet=latency", "how long"),
        ("greet=latency=x", "not 'x'"),
        ("greet=latency=-1", "from 0 to 3600"),
        ("greet=hang=1", "takes no number"),
        ("greet=503:2", "a probability is from 0 to 1"),
        ("greet=503:often", "a probability"),
    ],
)
def test_a_fault_that_is_none_is_told(text: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        FaultRule.parse(text)


def test_a_rule_is_read_as_it_is_meant() -> None:
    assert FaultRule.parse("a=b=503=30:0.5") == FaultRule(
        action="a=b", fault=Fault("status", 503, 30.0), probability=0.5
    )
    assert FaultRule.parse("*=slow").fault == Fault("slow", amount=0.05)
    assert FaultRule.parse("a=b=reset").action == "a=b"
