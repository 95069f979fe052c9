"""An engine without a network, and a clock that stands still until it is told."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

from mm_actions.contract.codec import encode
from mm_actions.transports.http.engine import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Scripted: TypeAlias = "HttpResponse | Exception | dict[str, Any] | Callable[[HttpRequest], Any]"


class ScriptedEngine:
    """Answers requests from a script instead of a network; give it as ``engine`` in a server's settings.

    Args:
        script: What to answer, request by request: an answer as a dict, an :class:`HttpResponse`, an
            exception to raise, or a function of the request that gives one of these. The last one is used
            for all that follow.

    Attributes:
        requests: What was sent.
    """

    def __init__(self, *script: Scripted) -> None:
        self._script: deque[Scripted] = deque(script or ({},))
        self._lock = threading.Lock()
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        """Give the next answer."""
        with self._lock:
            self.requests.append(request)
            step = self._script.popleft() if len(self._script) > 1 else self._script[0]
        result = step(request) if callable(step) else step
        if isinstance(result, Exception):
            raise result
        return result if isinstance(result, HttpResponse) else answer(result)

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Give the next answer."""
        return self.send(request)

    def close(self) -> None:
        """Do nothing: there are no connections."""


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
