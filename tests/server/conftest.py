from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from tests.contract.openapi_schemas import faults

from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLES = Path(__file__).parents[2] / "openapi" / "examples"
JSON = {"Content-Type": "application/json"}
PATIENCE = 10


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


class Served:
    """A server that is reached through a socket."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def raw(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def exchange(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {}, **options)
            return read(connection)
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.exchange("GET", path, headers=_dashed(headers))

    def post(self, payload: Any, path: str = "/action", **headers: str) -> Answer:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.exchange("POST", path, body, {**JSON, **_dashed(headers)})


def read(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    return Answer(
        response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    )


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop go on until something holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - whatever is waited for has no event
            await asyncio.sleep(0.001)


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.body
    assert answer.media_type == "application/problem+json"
    assert answer.json["status"] == status
    assert isinstance(answer.json["title"], str)
    for trace in (b"Traceback", b'File "', b".py", b"site-packages"):
        assert trace not in answer.body


def assert_answered(answer: Answer) -> dict[str, Any]:
    """C02, C03, C04, C14 to C17, C20 and C21: what every 200 keeps."""
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert not answer.body.startswith(b"\xef\xbb\xbf")
    found = json.loads(answer.body.decode(), parse_constant=pytest.fail)
    assert faults("Responder", found) == []
    assert set(found) == {"directives", "frame", "params", "slots"}
    assert all(value is not None for value in found.values())
    params = found["params"]
    for member in ("allowed_intents", "allow_nlp", "deny_nlp", "dynamic_resource"):
        assert params.get(member, ()) is not None
    assert all(isinstance(intent, str) for intent in params.get("allowed_intents", ()))
    assert set(params) <= {
        "target_dialogue_state",
        "dynamic_resource",
        "allowed_intents",
        "allow_nlp",
        "deny_nlp",
        "time_zone",
        "language",
        "locale",
        "timestamp",
    }
    for directive in found["directives"]:
        assert isinstance(directive["name"], str)
        assert isinstance(directive["type"], str)
    return found


@pytest.fixture(scope="module", params=["sync", "async"])
def door(request: pytest.FixtureRequest) -> Iterator[Served]:
    server = ActionServer(drain=0, body_timeout=10)

    def hello(request, responder):
        """Reply with the text that was said."""
        responder.reply(f"You said {len(request.text or '')} characters")
        responder.frame["text"] = request.text
        responder.slots["marker"] = request.context.get("marker")

    if request.param == "sync":
        server.action("hello")(hello)
    else:

        async def hello_async(request, responder):
            hello(request, responder)

        server.action("hello")(hello_async)
    with server.in_thread() as running:
        yield Served(running.url)


@pytest.fixture
def server() -> ActionServer:
    return ActionServer(drain=0, grace=5)


@pytest.fixture
def tester(server: ActionServer) -> ActionTester:
    return ActionTester(server)


@pytest.fixture
def serve() -> Iterator[Callable[[ActionServer], Served]]:
    with ExitStack() as running:
        yield lambda server: Served(running.enter_context(server.in_thread()).url)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Hold handlers until the test lets them go; at the latest when it ends."""
    event = threading.Event()
    yield event
    event.set()


def invocation(action: str = "hello") -> dict[str, Any]:
    members = json.loads((EXAMPLES / "full.json").read_text(encoding="utf-8"))["request"]
    return {**members, "action": action}
