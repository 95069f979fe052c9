"""Engines that stand in for ours, to tell what a call costs beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.far_end import ANSWER
from mm_actions.contract.codec import encode
from mm_actions.transports.http.engine import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.transports.http.engine import HttpRequest


class AtOnce:
    """An engine that has the answer already, and keeps what it was to send.

    Attributes:
        requests: What it was given, while ``keeping``.
    """

    response = HttpResponse(status=200, headers={"content-type": "application/json"}, body=encode(ANSWER))

    def __init__(self, *, keeping: bool = False) -> None:
        self._keeping = keeping
        self.requests: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if self._keeping:
            self.requests.append(request)
        return self.response

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Answer, without giving way to the event loop."""
        return self.send(request)

    def close(self) -> None:
        """Nothing is open."""


class Posting(AtOnce):
    """An engine that waits for a server as long as a bare client does, and then has the answer already.

    Args:
        post: The bare client: :func:`benchmarks.clients.bare_curl.bare`.
    """

    def __init__(self, post: Callable[[Any, Any], bool]) -> None:
        super().__init__()
        self._post = post

    def send(self, request: HttpRequest) -> HttpResponse:
        """Wait for the server, and answer."""
        self._post(request, None)
        return self.response
