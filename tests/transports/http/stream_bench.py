"""Streams as bytes, and one engine in one colour that takes their directives."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from mm_actions import ActionResult, CustomAction, DialogueResponder, Request
from mm_actions.client.stream import ActionStream, AsyncActionStream
from mm_actions.testing import Send

NDJSON = "application/x-ndjson"
LAST_CHUNK = b"0\r\n\r\n"
ANSWER = {"directives": [{"name": "reply", "type": "view", "payload": {"text": "done"}}], "frame": {"a": 1}}
PATIENCE = 10.0


def directive(text: str = "one") -> dict[str, Any]:
    return {"name": "reply", "type": "view", "payload": {"text": text}, "unknown": [text]}


def line(event: str, **members: Any) -> bytes:
    return json.dumps({"event": event, **members}).encode() + b"\n"


def shows(text: str = "one") -> bytes:
    return line("directive", directive=directive(text))


RESULT = line("result", responder=ANSWER)


def head(*fields: str, status: str = "200 OK", content_type: str = NDJSON) -> bytes:
    lines = [
        f"HTTP/1.1 {status}", f"Content-Type: {content_type}", "Transfer-Encoding: chunked", *fields
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(*lines: bytes) -> Send:
    """A complete stream."""
    return Send(head() + b"".join(map(chunk, lines)) + LAST_CHUNK)


def begun(*lines: bytes) -> Send:
    """A stream up to some line."""
    return Send(head() + b"".join(map(chunk, lines)))


def goes_on(*lines: bytes) -> Send:
    """The rest of a stream."""
    return Send(b"".join(map(chunk, lines)) + LAST_CHUNK)


@dataclass
class Taken:
    """What a caller got of a stream."""

    stream: ActionStream | AsyncActionStream
    responder: DialogueResponder
    before: Any
    directives: list[dict[str, Any]] = field(default_factory=list)

    @property
    def result(self) -> ActionResult:
        return self.stream.result

    @property
    def unchanged(self) -> bool:
        return dict(self.responder) == self.before


@dataclass
class Caller:
    """One engine in one colour."""

    engine: str
    colour: str
    runner: asyncio.Runner

    def action(self, url: str, name: str = "greet", *, raise_on_failure: bool = False, **settings: Any):
        quick = {"retry": {"base": 0.001}}
        config = {"url": f"{url}/action", "engine": self.engine, "resilience": quick, **settings}
        return CustomAction(name, config, raise_on_failure=raise_on_failure)

    def take(
        self,
        action: CustomAction,
        *,
        on_directive: Callable[[dict[str, Any], Taken], Any] = lambda *_: None,
        leave: bool = False,
        request: Request | None = None,
    ) -> Taken:
        """Take the directives of a stream; leave it after the first one if so told."""
        request = request or Request(text="hi")
        responder = DialogueResponder(frame={"kept": 1}, slots={"s": 1})
        responder.reply("before")
        before = deepcopy(dict(responder))
        if self.colour == "sync":
            taken = Taken(action.stream(request, responder), responder, before)
            with taken.stream as stream:
                for each in stream:
                    taken.directives.append(each)
                    on_directive(each, taken)
                    if leave:
                        break
            return taken
        taken = Taken(action.stream_async(request, responder), responder, before)
        self.runner.run(self._take(taken, on_directive, leave=leave), context=copy_context())
        return taken

    async def _take(self, taken: Taken, on_directive: Callable[..., Any], *, leave: bool) -> None:
        async with taken.stream as stream:
            async for each in stream:
                taken.directives.append(each)
                await asyncio.to_thread(on_directive, each, taken)
                if leave:
                    break


def in_flight(action: CustomAction) -> int:
    return action._endpoint.guard.bulkhead.in_flight


def settled(read: Callable[[], int]) -> int:
    """Wait until a number does not change any more, and give it."""
    pause = threading.Event()
    last = -1
    for _ in range(100):
        now = read()
        if now == last:
            return now
        last = now
        pause.wait(0.1)
    raise AssertionError("it goes on and on")


def callers() -> Iterator[tuple[str, str]]:
    for engine in ("curl", "requests", "aiohttp"):
        for colour in ("sync", "async"):
            yield engine, colour
