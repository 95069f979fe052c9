"""The contract of `openapi/custom_action.yaml` over HTTP."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from mm_actions.contract.codec import decode
from mm_actions.contract.events import MEDIA_TYPE
from mm_actions.contract.status import answer_of
from mm_actions.contract.wire import ActionCatalogue, ActionInfo
from mm_actions.core.payload import payload_of, written
from mm_actions.errors import ConfigurationError, CorrelationMismatch, InvocationError
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signer
from mm_actions.transports.http.correlation import call_headers, check_answered, time_left
from mm_actions.transports.http.engine import HttpRequest
from mm_actions.transports.http.event_stream import STREAM_PATH, Arrival, AsyncHttpEvents, HttpEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import Call, Invocation
    from mm_actions.transports.http.engine import AsyncHttpStream, Engine, HttpResponse, HttpStream

ACTION_PATH = "/action"
CATALOGUE_PATH = "/actions"
USER_AGENT = "mm_actions"


class HttpTransport:
    """Posts invocations to one server.

    Args:
        settings: The server's.
        engine: What carries the requests.
        wall_clock: Unix time in seconds, for signatures and for a ``Retry-After`` that is a date.
    """

    def __init__(
        self, settings: ServerSettings, engine: Engine, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._url = settings.url
        self._history = settings.history
        self._engine = engine
        self._wall_clock = wall_clock
        self._strict = settings.strict
        self._sign = signer(settings, wall_clock)
        self._common = (("User-Agent", USER_AGENT), *settings.headers, *fixed_headers(settings))
        posted = ("Content-Type", "application/json")
        self._headers = (posted, ("Accept", "application/json"), *self._common)
        # Compression holds events back until it has enough of them.
        self._stream_headers = (
            posted, ("Accept", MEDIA_TYPE), ("Accept-Encoding", "identity"), *self._common
        )  # fmt: skip
        self._limit = settings.max_response_bytes

    def encode(self, invocation: Invocation) -> bytes:
        """Write the body."""
        return written(payload_of(invocation, self._history))

    def send(self, call: Call) -> Answer:
        """Post and read the answer, blocking."""
        return self._answer(call, self._engine.send(self._request(call)))

    async def send_async(self, call: Call) -> Answer:
        """Post and read the answer."""
        return self._answer(call, await self._engine.send_async(self._request(call)))

    def stream(self, call: Call) -> HttpEvents:
        """Post, and read the answer as it arrives, blocking.

        Raises:
            InvocationError: As :meth:`send`.
            ConfigurationError: The engine has no streams.
        """
        stream = self._streaming().open_stream(self._stream_request(call))
        return HttpEvents(stream, self._arrival(call, stream))

    async def stream_async(self, call: Call) -> AsyncHttpEvents:
        """Post, and read the answer as it arrives; otherwise as :meth:`stream`."""
        stream = await self._streaming().open_stream_async(self._stream_request(call))
        return AsyncHttpEvents(stream, self._arrival(call, stream))

    def get(self, path: str, *, timeout: float) -> HttpResponse:
        """Ask for one of the optional resources, such as ``/actions``, beside the action path.

        Raises:
            InvocationError: The server was not reached.
        """
        return self._engine.send(self._get(path, timeout))

    def action_names(self, seconds: float) -> Sequence[str]:
        """Read the names in the server's catalogue, if it has one."""
        try:
            return _names_in(self.get(CATALOGUE_PATH, timeout=seconds))
        except InvocationError:
            return ()

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """Read the names in the server's catalogue, if it has one."""
        try:
            return _names_in(await self._engine.send_async(self._get(CATALOGUE_PATH, seconds)))
        except InvocationError:
            return ()

    def close(self) -> None:
        """Close the engine's connections."""
        self._engine.close()

    def _get(self, path: str, timeout: float) -> HttpRequest:
        parts = urlsplit(self._url)
        base = parts.path.rstrip("/").removesuffix(ACTION_PATH)
        url = urlunsplit((parts.scheme, parts.netloc, base + path, "", ""))
        headers = (("Accept", "application/json"), *self._common)
        if self._sign is not None:
            headers += ((SIGNATURE, self._sign(b"")),)
        return HttpRequest(method="GET", url=url, headers=headers, timeout=timeout)

    def _streaming(self) -> Engine:
        if not callable(getattr(self._engine, "open_stream", None)):
            raise ConfigurationError(
                f"the engine {type(self._engine).__name__} has no streams: give it the methods "
                "open_stream and open_stream_async of mm_actions.transports.http.engine.Engine"
            )
        return self._engine

    def _stream_request(self, call: Call) -> HttpRequest:
        parts = urlsplit(self._url)
        url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + STREAM_PATH, parts.query, ""))
        return self._request(call, url, self._stream_headers)

    def _arrival(self, call: Call, stream: HttpStream | AsyncHttpStream) -> Arrival:
        try:
            check_answered(call, stream.status, stream.headers)
        except CorrelationMismatch:
            stream.close()
            raise
        return Arrival(
            stream.status, stream.headers, limit=self._limit, strict=self._strict, now=self._wall_clock
        )

    def _request(
        self, call: Call, url: str | None = None, common: tuple[tuple[str, str], ...] | None = None
    ) -> HttpRequest:
        headers = (*(common or self._headers), time_left(call.timeout), *call_headers(call))
        if self._sign is not None:
            headers += ((SIGNATURE, self._sign(call.payload)),)
        return HttpRequest(url=url or self._url, headers=headers, body=call.payload, timeout=call.timeout)

    def _answer(self, call: Call, response: HttpResponse) -> Answer:
        check_answered(call, response.status, response.headers)
        return answer_of(
            response.status, response.headers, response.body, now=self._wall_clock(), strict=self._strict
        )


def _names_in(response: HttpResponse) -> Sequence[str]:
    if response.status != HTTPStatus.OK:
        return ()
    found = decode(response.body, _Catalogue)
    return [action.name for action in (found if isinstance(found, list) else found.actions)]


_Catalogue: Any = ActionCatalogue | list[ActionInfo]  # a server that serves Rasa too lists them as Rasa does
