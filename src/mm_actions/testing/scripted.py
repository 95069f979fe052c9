"""An engine without a network, and a clock that stands still until it is told."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

from mm_actions.contract.codec import encode
from mm_actions.contract.events import MEDIA_TYPE
from mm_actions.transports.http.engine import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Scripted: TypeAlias = "HttpResponse | Exception | dict[str, Any] | Callable[[HttpRequest], Any]"


class ScriptedEngine:
    """Answers requests from a script instead of a network; give it as ``engine`` in a server's settings.

    Args:
        script: What to answer, request by request: an answer as a dict, an :class:`HttpResponse`, an
            exception to raise, or a function of the request that gives one of these. The last one is used
            for all that follow. A dict that answers a stream arrives as its directives, one by one, and the
            whole; the body of a response arrives line by line.

    Attributes:
        requests: What was sent.
    """

    def __init__(self, *script: Scripted) -> None:
        self._script: deque[Scripted] = deque(script or ({},))
        self._lock = threading.Lock()
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        """Give the next answer."""
        result = self._next(request)
        return result if isinstance(result, HttpResponse) else answer(result)

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Give the next answer."""
        return self.send(request)

    def open_stream(self, request: HttpRequest) -> ScriptedStream:
        """Give the next answer, piece by piece."""
        result = self._next(request)
        return ScriptedStream(result if isinstance(result, HttpResponse) else _events(result))

    async def open_stream_async(self, request: HttpRequest) -> AsyncScriptedStream:
        """Give the next answer, piece by piece."""
        return AsyncScriptedStream(self.open_stream(request))

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _next(self, request: HttpRequest) -> Any:
        with self._lock:
            self.requests.append(request)
            step = self._script.popleft() if len(self._script) > 1 else self._script[0]
        result = step(request) if callable(step) else step
        if isinstance(result, Exception):
            raise result
        return result


class ScriptedStream:
    """A response whose body comes line by line."""

    def __init__(self, response: HttpResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._lines = deque(response.body.splitlines(keepends=True))

    def read(self) -> bytes:
        """Give the next line, or nothing after the last one."""
        return self._lines.popleft() if self._lines else b""

    def close(self) -> None:
        """Give no more."""
        self._lines.clear()


class AsyncScriptedStream:
    """The same for event loops."""

    def __init__(self, stream: ScriptedStream) -> None:
        self.status = stream.status
        self.headers = stream.headers
        self._stream = stream

    async def read(self) -> bytes:
        """Give the next line, or nothing after the last one."""
        return self._stream.read()

    def close(self) -> None:
        """Give no more."""
        self._stream.close()


def answer(
    body: Any = None,
    status: int = 200,
    headers: Iterable[tuple[str, str]] = (),
    *,
    content_type: str | None = None,
) -> HttpResponse:
    """Make a response.

    Args:
        body: Bytes as they are; anything else is written as JSON.
        status: The HTTP status.
        headers: Further headers.
        content_type: What the body is; ``application/json`` by default, ``""`` to leave it out.
    """
    media_type = "application/json" if content_type is None else content_type
    fields = {"content-type": media_type} if media_type else {}
    return HttpResponse(
        status=status,
        headers=fields | {name.lower(): value for name, value in headers},
        body=body if isinstance(body, bytes) else encode({} if body is None else body),
    )


def _events(responder: dict[str, Any]) -> HttpResponse:
    """Make the stream of an answer: its directives, then the whole."""
    told = [{"event": "directive", "directive": each} for each in responder.get("directives", ())]
    lines = [encode(event) + b"\n" for event in (*told, {"event": "result", "responder": responder})]
    return answer(b"".join(lines), content_type=MEDIA_TYPE)


class FakeClock:
    """A clock for code that takes one: it shows what it was set to.

    Args:
        now: What it shows, in seconds.
    """

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Read the clock."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
