"""The engine on aiohttp, for users who bring a session of their own.

The blocking colour runs on a private event loop in a thread, which makes it slow. What it cannot promise: a
server that says more than it was asked, after its answer, has that taken for the answer to the next call.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import aiohttp.http_exceptions
import aiohttp.payload
import yarl
from multidict import CIMultiDict

from mm_actions.errors import ConfigurationError, ConnectionLost, CustomActionException, Sent
from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.http.aiohttp.probe import refusal_after_handshake
from mm_actions.transports.http.aiohttp.sessions import OwnSessions
from mm_actions.transports.http.aiohttp.stream import AiohttpStream, AsyncAiohttpStream
from mm_actions.transports.http.causes import Progress, causes_of, explain
from mm_actions.transports.http.content_coding import ACCEPT_ENCODING, Body
from mm_actions.transports.http.engine import HttpResponse
from mm_actions.transports.http.failures import (
    connection_lost,
    deadline_exceeded,
    headers_too_large,
    not_http,
    response_aborted,
)
from mm_actions.transports.http.head import check_length, check_request, joined
from mm_actions.transports.loop_thread import LoopThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, MutableSet

    from mm_actions.transports.http.engine import EngineOptions, HttpRequest

_MAX_HEADER_LINES = 256
_PIECE = 64 << 10


class AiohttpEngine:
    """Sends with aiohttp.

    Args:
        options: Limits, certificates and time-outs. With a session of the user's, its certificates are
            used instead.
        session: The user's; used as it is, on its own loop only, and never closed here. None for sessions
            of the engine's own.
    """

    def __init__(self, options: EngineOptions, session: aiohttp.ClientSession | None = None) -> None:
        self._options = options
        self._given = session
        self._sessions = OwnSessions(options)
        self._thread = LoopThread()
        start_anew_after_fork(self)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send and wait; see :meth:`Engine.send <.engine.Engine.send>`."""
        self._check_blocking()
        return self._thread.run(self._send(request, time.monotonic()))

    async def send_async(self, request: HttpRequest) -> HttpResponse:
        """Send on the running event loop; see :meth:`Engine.send_async <.engine.Engine.send_async>`."""
        return await self._send(request, time.monotonic())

    async def _send(self, request: HttpRequest, began: float) -> HttpResponse:
        check_request(request)
        # A blocking caller may have waited for the loop: that time is gone.
        progress, ends = Progress(), _end_of(request) - (time.monotonic() - began)
        async with (
            self._translating(request, progress, ends),
            self._lend(progress) as session,
            await self._ask(request, session, progress) as response,
        ):
            try:
                return await self._read(response)
            except BaseException:
                response.close()  # the connection too: the rest of the answer is not read
                raise

    def open_stream(self, request: HttpRequest) -> AiohttpStream:
        """Send, and read as the caller goes on; see :meth:`.engine.Engine.open_stream`."""
        self._check_blocking()
        return AiohttpStream(self._thread.run(self.open_stream_async(request)), self._thread)

    async def open_stream_async(self, request: HttpRequest) -> AsyncAiohttpStream:
        """Send, and read as the caller goes on; see :meth:`.engine.Engine.open_stream_async`."""
        check_request(request)
        progress, ends = Progress(), _end_of(request)
        with contextlib.ExitStack() as undo:
            async with self._translating(request, progress, ends):
                session, streams = await self._borrow(progress, undo)
                response = await self._ask(request, session, progress)
                undo.callback(response.close)
                headers = self._head(response)
            stream = AsyncAiohttpStream(
                response,
                headers,
                translating=lambda: self._translating(request, progress, ends),
                end=undo.pop_all().close,
            )
        streams.add(stream)
        return stream

    def close(self) -> None:
        """Close the engine's own sessions and its thread; a user's session stays open."""
        self._thread.stop()
        self._sessions.close()

    def forget_parent(self) -> None:
        """Leave the parent's loops and sessions alone, in a forked child."""
        self._sessions.abandon()
        self._sessions = OwnSessions(self._options)
        self._thread = LoopThread()

    def _check_blocking(self) -> None:
        if self._given is not None:
            raise ConfigurationError(
                "a session of aiohttp works on its own event loop only; use invoke_async, or engine='aiohttp'"
            )

    @contextlib.asynccontextmanager
    async def _translating(
        self, request: HttpRequest, progress: Progress, ends: float
    ) -> AsyncIterator[None]:
        """Let no exception of a library through, and nothing last beyond the deadline."""
        if ends <= asyncio.get_running_loop().time():
            raise deadline_exceeded(request, Sent.YES if progress.answered else progress.sent)
        clock = asyncio.timeout_at(ends)
        try:
            async with clock:
                yield
        except CustomActionException:
            raise
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise ConfigurationError(f"{request.url!r} is no url; correct the setting url") from error
        except Exception as error:
            progress.out_of_time = clock.expired()
            ours = self._translate(error, request, progress)
            if isinstance(ours, ConnectionLost) and self._given is None and self._options.proxy is None:
                left = ends - asyncio.get_running_loop().time()
                ours = await refusal_after_handshake(request.url, progress.material, left) or ours
            raise ours from error

    @contextlib.asynccontextmanager
    async def _lend(self, progress: Progress) -> AsyncIterator[aiohttp.ClientSession]:
        if self._given is not None:
            yield self._users_session(self._given)
            return
        async with self._sessions.lend() as entry:
            progress.material = entry.material
            yield entry.session

    async def _borrow(
        self, progress: Progress, undo: contextlib.ExitStack
    ) -> tuple[aiohttp.ClientSession, MutableSet[AsyncAiohttpStream]]:
        """Give a session until ``undo`` is done, and where to put what is read over it."""
        if self._given is not None:
            return self._users_session(self._given), set()  # closed by its user
        entry = await self._sessions.borrow()
        undo.callback(self._sessions.give_back, entry, asyncio.get_running_loop())
        progress.material = entry.material
        return entry.session, entry.streams

    @staticmethod
    def _users_session(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
        home = getattr(session, "_loop", None)  # its public property is deprecated
        if home is not None and home is not asyncio.get_running_loop():
            raise ConfigurationError(
                "the session of aiohttp belongs to another event loop; make it on the loop that calls actions"
            )
        return session

    async def _ask(
        self, request: HttpRequest, session: aiohttp.ClientSession, progress: Progress
    ) -> aiohttp.ClientResponse:
        """Send, and wait for the head of the response."""
        headers = CIMultiDict(request.headers)
        headers.setdefault("Accept-Encoding", ACCEPT_ENCODING)
        limit = self._options.max_header_bytes
        posted = _NotedPayload(request.body, progress) if request.method == "POST" else None
        try:
            response = await session.request(
                request.method,
                yarl.URL(request.url, encoded=True),
                data=posted,
                headers=headers,
                allow_redirects=False,
                raise_for_status=False,
                auto_decompress=False,
                # A user's session may know a proxy of its own; None leaves that to it.
                proxy=self._options.proxy if self._given is None else None,
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=self._options.connect_timeout, ceil_threshold=float("inf")
                ),
                max_line_size=limit,
                max_field_size=limit,
                max_headers=_MAX_HEADER_LINES,
            )
        except BaseException:
            if posted is not None:
                posted.abort()
            raise
        progress.answered = True
        return response

    def _head(self, response: aiohttp.ClientResponse) -> dict[str, str]:
        raw = response.raw_headers
        if sum(len(name) + len(value) + 4 for name, value in raw) > self._options.max_header_bytes:
            raise headers_too_large(self._options)
        headers = joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
        check_length(headers)
        return headers

    async def _read(self, response: aiohttp.ClientResponse) -> HttpResponse:
        headers = self._head(response)
        body = Body(headers.get("content-encoding", ""), self._options)
        async for piece in response.content.iter_any():
            body.add(piece)
        return HttpResponse(status=response.status, headers=headers, body=body.whole())

    def _translate(self, error: Exception, request: HttpRequest, progress: Progress) -> Exception:
        if progress.out_of_time:
            return explain(error, request, self._options, progress)
        # What aiohttp raises once there is a connection has these types; before, it has a socket's errors.
        for cause in causes_of(error):
            if isinstance(cause, aiohttp.ClientConnectorError):
                progress.connected = False
                break
            if isinstance(cause, aiohttp.ClientPayloadError):
                return response_aborted("within the body")
            if isinstance(cause, aiohttp.ServerDisconnectedError):
                if isinstance(cause.message, str):
                    return connection_lost("closed", Sent.MAYBE)
                return response_aborted("within the header lines")
            if isinstance(cause, aiohttp.ClientResponseError):
                return self._bad_head(cause)
        return explain(error, request, self._options, progress)

    def _bad_head(self, error: aiohttp.ClientResponseError) -> Exception:
        for cause in causes_of(error):
            if isinstance(cause, aiohttp.http_exceptions.LineTooLong) or "Too many" in str(cause):
                return headers_too_large(self._options)
        # Only the first line: the rest quotes what the server sent.
        return not_http(str(error.message).strip().split("\n", 1)[0].rstrip(":"))


def _end_of(request: HttpRequest) -> float:
    return asyncio.get_running_loop().time() + request.timeout


class _NotedPayload(aiohttp.payload.Payload):
    """A body in memory that notes how far it was written; aiohttp's own warns of large ones."""

    _value: bytes

    def __init__(self, body: bytes, progress: Progress) -> None:
        super().__init__(body, content_type="application/json")
        self._size = len(body)
        self._progress = progress
        self._transport: asyncio.Transport | None = None

    def abort(self) -> None:
        """Close the connection that the body was being written to.

        Without this a close would wait until a server that does not read has read what is buffered.
        """
        if self._transport is not None:
            self._transport.abort()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Give the body as text."""
        return self._value.decode(encoding, errors)

    async def write(self, writer: Any) -> None:
        """Write the body, a piece at a time."""
        self._transport = writer.transport
        self._progress.connected = True
        self._progress.sent = Sent.MAYBE
        for start in range(0, len(self._value), _PIECE):
            await writer.write(self._value[start : start + _PIECE])
        self._progress.sent = Sent.YES

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:  # noqa: ARG002 - fixed by aiohttp
        """Write the body; its length is the announced one."""
        await self.write(writer)
