"""What the HTTP door does beside the contract's checks."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import PATIENCE, Served, assert_problem

from mm_actions import ConfigurationError
from mm_actions.server import ActionServer, ServerOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[[ActionServer], Served]


def greeting(**settings: Any) -> ActionServer:
    server = ActionServer(drain=0, **settings)

    @server.action
    async def hello(request, responder):
        responder.reply("Hello.")

    return server


def test_the_call_id_comes_back(serve: Serve) -> None:
    served = serve(greeting())
    answer = served.post({"action": "hello"}, X_MM_Call_Id="00f067aa")
    assert answer.headers["x-mm-call-id"] == "00f067aa"
    assert served.post({"action": "fly"}, X_MM_Call_Id="00f067ab").headers["x-mm-call-id"] == "00f067ab"
    assert "x-mm-call-id" not in served.post({"action": "hello"}, X_MM_Call_Id="x" * 201).headers
    assert "x-mm-call-id" not in served.post({"action": "hello"}).headers


def test_the_callers_trace_goes_on_into_the_problem(serve: Serve) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    served = serve(greeting())
    for answer in (
        served.post({"action": "fly"}, **headers),
        served.post(b"{", **headers),
        served.get("/nothing", **headers),
    ):
        assert answer.json["trace_id"] == trace


def test_further_paths_are_a_matter_of_settings(serve: Serve) -> None:
    served = serve(greeting(paths=("/hooks/mindmeld", "/v3/action")))
    assert served.post({"action": "hello"}, "/hooks/mindmeld").status == 200
    assert served.post({"action": "hello"}, "/v3/action").status == 200
    assert served.get("/v3/actions").status == 200
    assert_problem(served.post({"action": "hello"}, "/action"), 404)


@pytest.mark.parametrize(
    "settings",
    [
        {"paths": ()},
        {"paths": ("action",)},
        {"paths": ("/healthz",)},
        {"concurrency": 0},
        {"threads": True},
        {"threads": 1.5},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"drain": -1},
        {"max_body": "1"},
        {"colour": 1},
    ],
    ids=str,
)
def test_a_setting_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        ActionServer(**settings)


def test_settings_are_given_before_they_are_used() -> None:
    server = ActionServer(ServerOptions(threads=3), thread_queue=4)
    server.configure(timeout=5)
    assert (server.options.threads, server.options.thread_queue, server.options.timeout) == (3, 4, 5)
    assert server.counts().calls == 0
    with pytest.raises(ConfigurationError, match="in use"):
        server.configure(timeout=6)


def test_a_body_that_does_not_arrive_in_time_is_given_up(serve: Serve) -> None:
    served = serve(greeting(body_timeout=0.1))
    for begun in (b"", b'{"action"'):
        with served.raw() as sock:
            head = b"POST /action HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            sock.sendall(head + b"Content-Length: 19\r\n\r\n" + begun)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 408 ")
    assert served.post({"action": "hello"}).status == 200


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(serve: Serve) -> None:
    served = serve(greeting(max_body=100))
    body = b'{"action": "hello"}'
    assert served.post(body + b" " * (100 - len(body))).status == 200
    assert_problem(served.post(body + b" " * (101 - len(body))), 413)


def test_a_full_server_refuses_at_once_and_is_not_ready(serve: Serve) -> None:
    server = ActionServer(drain=0, concurrency=2)
    started, release = threading.Semaphore(0), threading.Event()

    @server.action
    def wait(request, responder):
        started.release()
        release.wait(PATIENCE)

    served = serve(server)
    calls = [threading.Thread(target=served.post, args=({"action": "wait"},)) for _ in range(2)]
    for call in calls:
        call.start()
    for _ in calls:
        assert started.acquire(timeout=PATIENCE)
    connection = served.connect()
    try:
        connection.connect()
        spent = []
        for _ in range(20):
            begun = time.monotonic()
            connection.request("POST", "/action", b"{", {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            spent.append(time.monotonic() - begun)
            assert (response.status, response.getheader("Retry-After")) == (503, "1")
    finally:
        connection.close()
    assert sorted(spent)[len(spent) // 2] < 0.05
    assert_problem(served.get("/readyz"), 503)
    assert served.get("/healthz").status == 200
    release.set()
    for call in calls:
        call.join(PATIENCE)
    assert served.get("/readyz").status == 200


def test_sleepers_on_threads_do_not_delay_others(serve: Serve) -> None:
    server = ActionServer(drain=0, threads=4, thread_queue=4, thread_wait=0.05)
    release = threading.Event()

    @server.action
    def sleep(request, responder):
        release.wait(PATIENCE)

    @server.action
    async def hello(request, responder):
        responder.reply("Hello.")

    served = serve(server)
    statuses: list[int] = []
    sleepers = [
        threading.Thread(target=lambda: statuses.append(served.post({"action": "sleep"}).status))
        for _ in range(20)
    ]
    for sleeper in sleepers:
        sleeper.start()
    for _ in range(50):
        assert served.post({"action": "hello"}).status == 200
    release.set()
    for sleeper in sleepers:
        sleeper.join(PATIENCE)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= 4


async def ask(app: Any, scope: dict[str, Any], body: bytes = b"") -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


class Careless:
    """A guard with a mistake in it."""

    def admit_head(self, headers: Any) -> None:
        raise KeyError("swordfish")

    def admit_body(self, headers: Any, body: bytes) -> None:
        """Admit."""


def test_a_guard_that_fails_lets_nobody_in_and_tells_nothing(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = serve(greeting(guards=[Careless()]))
    answer = served.post({"action": "hello"})
    assert_problem(answer, 500)
    assert b"swordfish" not in answer.body
    assert "swordfish" in caplog.text
    assert served.get("/healthz").status == 200


def test_another_application_can_mount_it() -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/bot/action",
        "root_path": "/bot",
        "headers": [(b"content-type", b"application/json")],
    }
    start, body = asyncio.run(ask(greeting().asgi, scope, b'{"action": "hello"}'))
    assert start["status"] == 200
    assert b"Hello." in body["body"]


def test_a_websocket_is_turned_away() -> None:
    (sent,) = asyncio.run(ask(greeting().asgi, {"type": "websocket", "path": "/action"}))
    assert sent["type"] == "websocket.close"


def test_a_server_can_be_started_again(serve: Serve) -> None:
    server = greeting()

    @server.action
    def plain(request, responder):
        responder.reply("Plain.")

    for _ in range(2):
        with server.in_thread() as running:
            served = Served(running.url)
            assert served.get("/readyz").status == 200
            assert served.post({"action": "plain"}).status == 200
            assert "connection" not in served.post({"action": "hello"}).headers
