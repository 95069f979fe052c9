"""Calls of POST /action/stream, line by line, and actions that are held in the midst of a stream."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Self

from tests.contract.openapi_schemas import faults
from tests.server.conftest import JSON, PATIENCE, Answer, Served

if TYPE_CHECKING:
    import http.client
    import threading

    from mm_actions.server import ActionServer

KINDS = ["plain", "async", "generator", "async generator"]


class Streaming:
    """A call whose lines are read one by one."""

    def __init__(self, served: Served, payload: Any, path: str = "/action/stream", **headers: str) -> None:
        self.connection: http.client.HTTPConnection = served.connect()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("POST", path, json.dumps(payload), {**JSON, **names})
        self.response = self.connection.getresponse()

    def line(self) -> Any:
        return json.loads(self.response.readline())

    def rest(self) -> list[Any]:
        return [json.loads(line) for line in self.response.read().splitlines()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.response.close()
        self.connection.close()


def gated(server: ActionServer, kind: str, gate: threading.Event, **options: Any) -> None:
    """Register an action that sends one directive, waits for the gate, and adds another."""

    async def opened() -> None:
        assert await asyncio.to_thread(gate.wait, PATIENCE)

    def plain(request, responder):
        responder.reply("first")
        responder.flush()
        assert gate.wait(PATIENCE)
        responder.reply("second")

    async def coroutine(request, responder):
        responder.reply("first")
        await responder.flush()
        await opened()
        responder.reply("second")

    def generator(request, responder):
        responder.reply("first")
        yield
        assert gate.wait(PATIENCE)
        responder.reply("second")

    async def async_generator(request, responder):
        responder.reply("first")
        yield
        await opened()
        responder.reply("second")

    handlers = dict(zip(KINDS, (plain, coroutine, generator, async_generator), strict=True))
    server.action("act", **options)(handlers[kind])


def text(event: dict[str, Any]) -> str:
    assert event["event"] == "directive"
    found: str = event["directive"]["payload"]["text"]
    return found


def events_of(answer: Answer) -> list[dict[str, Any]]:
    """C56 and C57: what every stream keeps."""
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.body.endswith(b"\n")
    events = [json.loads(line) for line in answer.body.decode().splitlines()]
    for event in events:
        assert faults("StreamEvent", event) == []
    *directives, result = events
    assert result["event"] == "result"
    assert [event["directive"] for event in directives] == result["responder"]["directives"]
    return events
