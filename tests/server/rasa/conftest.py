from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import pytest
from tests.server.conftest import JSON, Answer, Served, read

from mm_actions.server import ActionServer
from mm_actions.server.rasa_sdk.native import NativeHandler

if TYPE_CHECKING:
    import http.client

MESSAGE = {
    "buttons": [],
    "elements": [],
    "custom": {},
    "template": None,
    "response": None,
    "image": None,
    "attachment": None,
}
"""What a message of Rasa has beside its text."""


def call_of(action: str | None, **members: Any) -> dict[str, Any]:
    """Give the body that an assistant sends."""
    return {
        "next_action": action,
        "sender_id": "u1",
        "version": "3.6.21",
        "tracker": {
            "sender_id": "u1",
            "slots": {"city": "Oslo"},
            "latest_message": {
                "text": "hello",
                "intent": {"name": "greet", "confidence": 1.0},
                "entities": [],
            },
            "events": [],
            "paused": False,
            "active_loop": {},
            "latest_action_name": "action_listen",
        },
        **members,
    }


class Native(NativeHandler):
    """A handler that speaks Rasa's own words, as those of rasa_sdk do, and looks at the domain."""

    def __init__(self, run: Any) -> None:
        self.run = run

    async def __call__(self, request: Any, responder: Any) -> None:
        self.run(request.call, responder)


def native(server: ActionServer, name: str) -> Any:
    """Register a function of the call and the responder."""

    def register(run: Any) -> Any:
        server.registry.add(Native(run), name)
        return run

    return register


class RasaServed(Served):
    """A server as an assistant calls it."""

    def act(self, action: str | None, *, headers: dict[str, str] | None = None, **members: Any) -> Answer:
        body = json.dumps(call_of(action, **members)).encode()
        return self.exchange("POST", "/webhook", body, {**JSON, **(headers or {})})

    def stream(self, action: str, **members: Any) -> LineReader:
        return LineReader(self, call_of(action, **members))


class LineReader:
    """A streamed answer, read line by line."""

    def __init__(self, served: Served, call: dict[str, Any]) -> None:
        self._connection = served.connect()
        self._connection.request(
            "POST", "/webhook", json.dumps(call), {**JSON, "Accept": "application/x-ndjson"}
        )
        self.response: http.client.HTTPResponse = self._connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.response.close()
        self._connection.close()

    def next(self) -> tuple[str, Any]:
        line = json.loads(self.response.readline())
        return line["event"], line[line["event"]]

    def rest(self) -> list[tuple[str, Any]]:
        lines = [json.loads(line) for line in self.response.read().splitlines()]
        return [(line["event"], line[line["event"]]) for line in lines]


def failed(answer: Answer, status: int, action: str = "") -> str:
    """Check what every refusal has, and give what it says."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"error", "action_name"}
    assert answer.json["action_name"] == action
    message: str = answer.json["error"]
    return message


@pytest.fixture
def server() -> ActionServer:
    return ActionServer(rasa=True, drain=0, grace=5, loop_alarm=0)


@pytest.fixture
def served(server: ActionServer, serve: Any) -> Any:
    """Serve once the test has registered its actions."""
    return lambda: RasaServed(serve(server).url)


__all__ = ["MESSAGE", "LineReader", "RasaServed", "call_of", "failed", "native", "read"]
