"""Rasa's action server protocol over HTTP."""

from __future__ import annotations

import time
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from mm_actions.contract.codec import decode, encode
from mm_actions.contract.events import MEDIA_TYPE
from mm_actions.contract.status import error_of
from mm_actions.errors import CorrelationMismatch, DeadlineExceeded, InvocationError, Sent
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signer
from mm_actions.transports.http.correlation import call_headers, check_answered, time_left
from mm_actions.transports.http.engine import HttpRequest
from mm_actions.transports.http.event_stream import AsyncHttpEvents, HttpEvents
from mm_actions.transports.http.transport import CATALOGUE_PATH, USER_AGENT
from mm_actions.transports.rasa.answers import read_answer
from mm_actions.transports.rasa.arrival import RasaArrival
from mm_actions.transports.rasa.failures import RETRY_WITH
from mm_actions.transports.rasa.parcel import Packing, Parcel
from mm_actions.transports.rooms import open_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import Call, Invocation
    from mm_actions.transports.http.engine import AsyncHttpStream, Engine, HttpResponse, HttpStream

_PREFIX = "rasa+"


class RasaTransport:
    """Posts turns to one action server.

    The domain is named by its digest; a server that does not know it (449) is sent it, once.

    Args:
        settings: The server's.
        engine: What carries the requests.
        wall_clock: Unix time in seconds, for signatures and for a ``Retry-After`` that is a date.

    Raises:
        ConfigurationError: The domain's file cannot be read.
    """

    def __init__(
        self, settings: ServerSettings, engine: Engine, *, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._packing = Packing(settings)
        rasa = self._packing.rasa
        self._engine = engine
        self._wall_clock = wall_clock
        self._strict = settings.strict
        self._limit = settings.max_response_bytes
        self._sign = signer(settings, wall_clock)
        self._compress = rasa.compress
        token = ((rasa.token_name, rasa.token.reveal()),) if rasa.token else ()
        self._query = urlencode((*rasa.params, *token))
        parts = urlsplit(settings.url.removeprefix(_PREFIX))
        query = "&".join(filter(None, (parts.query, self._query)))
        self._url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        self._domain = encode(self._packing.domain.content)
        self._common = (("User-Agent", USER_AGENT), *settings.headers, *fixed_headers(settings))
        coding = (("Content-Encoding", "deflate"),) if rasa.compress else ()
        posted = (("Content-Type", "application/json"), *coding)
        self._headers = (*posted, ("Accept", "application/json"), *self._common)
        # Compression holds events back until it has enough of them.
        self._stream_headers = (
            *posted,
            ("Accept", f"{MEDIA_TYPE}, application/json;q=0.9"),
            ("Accept-Encoding", "identity"),
            *self._common,
        )

    def encode(self, invocation: Invocation) -> Parcel:
        """Write what is sent first."""
        call, first = self._packing.pack(invocation)
        return Parcel(call, first, encode(first))

    def send(self, call: Call) -> Answer:
        """Post and read the answer, blocking."""
        ends = time.monotonic() + call.timeout
        response = self._engine.send(self._request(call, self._headers))
        if self._wants_domain(call, response):
            response = self._engine.send(self._request(call, self._headers, ends))
        return self._answer(call, response)

    async def send_async(self, call: Call) -> Answer:
        """Post and read the answer."""
        ends = time.monotonic() + call.timeout
        response = await self._engine.send_async(self._request(call, self._headers))
        if self._wants_domain(call, response):
            response = await self._engine.send_async(self._request(call, self._headers, ends))
        return self._answer(call, response)

    def stream(self, call: Call) -> HttpEvents:
        """Post, and read the answer as it arrives, blocking; a server without streams gives it in one piece.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ends = time.monotonic() + call.timeout
        stream = self._engine.open_stream(self._request(call, self._stream_headers))
        if self._wants_domain(call, stream):
            stream.close()
            stream = self._engine.open_stream(self._request(call, self._stream_headers, ends))
        return HttpEvents(stream, self._arrival(call, stream))

    async def stream_async(self, call: Call) -> AsyncHttpEvents:
        """Post, and read the answer as it arrives; otherwise as :meth:`stream`."""
        ends = time.monotonic() + call.timeout
        stream = await self._engine.open_stream_async(self._request(call, self._stream_headers))
        if self._wants_domain(call, stream):
            stream.close()
            stream = await self._engine.open_stream_async(self._request(call, self._stream_headers, ends))
        return AsyncHttpEvents(stream, self._arrival(call, stream))

    def get(self, path: str, *, timeout: float) -> HttpResponse:
        """Ask for a resource beside the one that calls are posted to, such as ``/actions``.

        Raises:
            InvocationError: The server was not reached.
        """
        return self._engine.send(self._get(path, timeout))

    def catalogue(self, seconds: float) -> Sequence[str]:
        """Ask for the names of the server's actions, blocking.

        Raises:
            InvocationError: It did not tell.
        """
        response = self.get(CATALOGUE_PATH, timeout=seconds)
        if response.status != HTTPStatus.OK:
            raise error_of(response.status, response.headers, b"", now=self._wall_clock())
        return names_in(response)

    def action_names(self, seconds: float) -> Sequence[str]:
        """Read the names of the server's actions, if it tells them."""
        try:
            return self.catalogue(seconds)
        except InvocationError:
            return ()

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """Read the names of the server's actions, if it tells them."""
        try:
            return names_in(await self._engine.send_async(self._get(CATALOGUE_PATH, seconds)))
        except InvocationError:
            return ()

    def close(self) -> None:
        """Close the engine's connections."""
        self._engine.close()

    def _get(self, path: str, timeout: float) -> HttpRequest:
        parts = urlsplit(self._url)
        beside = parts.path.rstrip("/").rpartition("/")[0] + path
        url = urlunsplit((parts.scheme, parts.netloc, beside, self._query, ""))
        headers = (("Accept", "application/json"), *self._common, *self._signed(b""))
        return HttpRequest(method="GET", url=url, headers=headers, timeout=timeout)

    def _wants_domain(self, call: Call, response: HttpResponse | HttpStream | AsyncHttpStream) -> bool:
        return response.status == RETRY_WITH and call.payload.first.domain_digest is not None

    def _request(
        self, call: Call, common: tuple[tuple[str, str], ...], ends: float | None = None
    ) -> HttpRequest:
        """Make the request of a call; with the time at which it ends, the second one, with the domain."""
        body: bytes = call.payload.body
        timeout = call.timeout
        if ends is not None:
            body = b'%b,"domain":%b}' % (body[:-1], self._domain)
            timeout = ends - time.monotonic()
            if timeout <= 0:
                raise DeadlineExceeded(
                    "the time for the call was up before the domain could be sent", sent=Sent.NO
                )
        if self._compress:
            body = zlib.compress(body)
        headers = (*common, time_left(timeout), *call_headers(call), *self._signed(body))
        return HttpRequest(url=self._url, headers=headers, body=body, timeout=timeout)

    def _signed(self, body: bytes) -> tuple[tuple[str, str], ...]:
        return () if self._sign is None else ((SIGNATURE, self._sign(body)),)

    def _answer(self, call: Call, response: HttpResponse) -> Answer:
        check_answered(call, response.status, response.headers)
        return read_answer(
            call.payload.call,
            response.status,
            response.headers,
            response.body,
            now=self._wall_clock(),
            strict=self._strict,
        )

    def _arrival(self, call: Call, stream: HttpStream | AsyncHttpStream) -> RasaArrival:
        try:
            check_answered(call, stream.status, stream.headers)
        except CorrelationMismatch:
            stream.close()
            raise
        return RasaArrival(
            call.payload.call,
            stream.status,
            stream.headers,
            limit=self._limit,
            strict=self._strict,
            now=self._wall_clock,
        )


class _Named(msgspec.Struct):
    """An action in ``GET /actions``."""

    name: str


def names_in(response: HttpResponse) -> Sequence[str]:
    """Read the names in the answer to ``GET /actions``; none if it does not tell any.

    Raises:
        BadAnswer: It tells something else.
    """
    if response.status != HTTPStatus.OK:
        return ()
    return [action.name for action in decode(response.body, list[_Named])]


def open_transport(settings: ServerSettings) -> RasaTransport:
    """Make the transport for a server.

    Raises:
        ConfigurationError: A file cannot be used, or a library is missing.
    """
    return RasaTransport(settings, open_engine(settings))
