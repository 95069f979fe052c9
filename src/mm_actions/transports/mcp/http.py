"""Streamable HTTP below the SDK: our certificates, our limits, and why a request brought no answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import msgspec

from mm_actions.contract.status import error_of
from mm_actions.errors import (
    BadContentType,
    ConnectFailed,
    ConnectionLost,
    InvocationError,
    NotAuthorized,
    ResponseAborted,
    Sent,
    TlsFailed,
)
from mm_actions.transports.http.aiohttp.probe import refusal_after_handshake
from mm_actions.transports.http.auth import SIGNATURE, signer
from mm_actions.transports.http.causes import Progress, explain
from mm_actions.transports.http.engine import EngineOptions, HttpRequest
from mm_actions.transports.http.failures import headers_too_large
from mm_actions.transports.mcp.attempt import TOOL_CALL, Attempt, SessionLost, current
from mm_actions.transports.mcp.bounded import BoundedBody

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from mm_actions.config import ServerSettings
    from mm_actions.transports.http.tls import TlsMaterial

T = TypeVar("T")

CANCELLED = "notifications/cancelled"
_SESSION = "mcp-session-id"
_FAREWELL = 1.0
"""Seconds for a request that nobody waits for."""
_JSON = {"content-type": "application/json"}
_ABOUT_CALLERS = (401, 403)
_FINAL = (ConnectFailed, TlsFailed, NotAuthorized)
"""What another request to the same server would only repeat."""


class _Message(msgspec.Struct):
    """What has to be known of a message that is posted."""

    method: str = ""
    id: int | str | None = None
    params: dict[str, Any] | None = None


class WatchedTransport(httpx2.AsyncBaseTransport):
    """Sends the SDK's requests.

    The SDK ends a whole session when a request brings no answer. So every request gets one here: what went
    wrong is noted at the attempt, and an error of the protocol stands for it.

    Args:
        settings: The server's.
        options: Limits.
        material: Certificates.
    """

    def __init__(self, settings: ServerSettings, options: EngineOptions, material: TlsMaterial) -> None:
        self._options = options
        self._material = material
        self._sign = signer(settings, time.time)
        self._posts: dict[int | str, asyncio.Future[None]] = {}
        self._aside: set[asyncio.Task[None]] = set()
        self._inner = httpx2.AsyncHTTPTransport(
            verify=material.ssl_context(),
            trust_env=False,
            proxy=options.proxy,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=options.max_connections),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request."""
        if request.method == "GET" and "last-event-id" not in request.headers:
            # The stream for what nobody asked for: a connection that would only stand there.
            return httpx2.Response(405)
        if request.method != "POST":
            return await self._briefly(request)
        message = msgspec.json.decode(request.content, type=_Message)
        attempt = current.get() or Attempt()
        for name, value in attempt.headers:
            request.headers[name] = value
        if self._sign is not None:
            request.headers[SIGNATURE] = self._sign(request.content)
        if message.method == CANCELLED:
            self._call_off(message, request)
            return httpx2.Response(202)
        if message.id is None:
            return await self._briefly(request)
        if isinstance(attempt.failure, _FINAL):
            return _refusal(message.id, attempt.failure)
        attempt.failure = None
        return await self._post(request, message, attempt)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._aside:
            await asyncio.wait(self._aside)  # each of them has a second
        await self._inner.aclose()

    async def _post(self, request: httpx2.Request, message: _Message, attempt: Attempt) -> httpx2.Response:
        progress = attempt.progress if message.method == TOOL_CALL else Progress()
        progress.material = self._material
        request.extensions["trace"] = partial(_trace, progress)
        assert message.id is not None  # noqa: S101 - asked before
        abandoned = self._posts[message.id] = asyncio.get_running_loop().create_future()
        failed = partial(self._failed, request, progress, attempt)
        done = partial(self._posts.pop, message.id, None)
        try:
            response = await unless(abandoned, self._inner.handle_async_request(request))
        except Exception as error:  # noqa: BLE001 - a TLS error, for one, comes as it is
            done()
            failure = failed(error)
            if isinstance(failure, ConnectionLost) and self._options.proxy is None:
                url, patience = str(request.url), self._options.connect_timeout
                refused = await refusal_after_handshake(url, self._material, patience)
                if refused is not None:
                    refused.sent = failure.sent
                    attempt.failure = failure = refused
            return _refusal(message.id, failure)
        except BaseException:
            done()
            raise
        if attempt.answered is not None and message.method == TOOL_CALL:
            attempt.answered(response.status_code)
        body = BoundedBody(
            response.stream,
            limit=self._options.max_response_bytes,
            events=response.headers.get("content-type", "").startswith("text/event-stream"),
            within=partial(unless, abandoned),
            failed=failed,
            done=done,
        )
        about_tool = progress is attempt.progress
        refusal = await self._judged(request, response, body, attempt, about_tool=about_tool)
        if refusal is not None:
            await body.aclose()
            return _refusal(message.id, refusal)
        return httpx2.Response(response.status_code, headers=response.headers, stream=body, request=request)

    async def _judged(
        self,
        request: httpx2.Request,
        response: httpx2.Response,
        body: BoundedBody,
        attempt: Attempt,
        *,
        about_tool: bool,
    ) -> InvocationError | None:
        """Say what is wrong with a response, if it is no message of the protocol."""
        error: InvocationError | None = None
        size = sum(len(name) + len(value) + 4 for name, value in response.headers.raw)
        status = response.status_code
        if size > self._options.max_header_bytes:
            error = headers_too_large(self._options)
        elif response.headers.get("content-encoding", "identity") != "identity":
            error = BadContentType("the answer is compressed, which was not asked for", sent=Sent.YES)
        elif status >= 300:  # noqa: PLR2004 - beyond the class of successes
            try:
                content = b"".join([piece async for piece in body])
            except httpx2.StreamError:
                return attempt.failure
            if status == 404 and _SESSION in request.headers:  # noqa: PLR2004 - how the protocol says it
                error = SessionLost("the server does not know the session any more")
            elif status not in _ABOUT_CALLERS and _is_error(content):
                body.again(content)
            else:
                headers = {name.lower(): value for name, value in response.headers.items()}
                error = error_of(status, headers, content, now=time.time())
        if error is not None and not about_tool:
            error.sent = Sent.NO  # whatever was refused, it was not the tool
        attempt.failure = error
        return error

    def _failed(
        self, request: httpx2.Request, progress: Progress, attempt: Attempt, error: Exception
    ) -> InvocationError:
        asked = HttpRequest(url=str(request.url), timeout=self._options.connect_timeout + 1)
        failure = explain(error, asked, self._options, progress)
        if progress is not attempt.progress:
            failure.sent = Sent.NO  # whatever failed, it was not the tool
            if isinstance(failure, (ConnectionLost, ResponseAborted)):
                failure.hint = "The tool was not called"
        attempt.failure = failure
        return failure

    def _call_off(self, message: _Message, request: httpx2.Request) -> None:
        """Tell the server, without waiting for it, and let go of the connection of what is called off."""
        abandoned = self._posts.get((message.params or {}).get("requestId", ""))

        async def call_off() -> None:
            try:
                await self._briefly(request)
            except asyncio.CancelledError:  # the loop ends: the server is told all the same
                await self._briefly(request)
            if abandoned is not None and not abandoned.done():
                abandoned.set_result(None)

        task = asyncio.get_running_loop().create_task(call_off())
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _briefly(self, request: httpx2.Request) -> httpx2.Response:
        """Send what has no answer of interest."""
        try:
            async with asyncio.timeout(_FAREWELL):
                response = await self._inner.handle_async_request(request)
                await response.aread()
                await response.aclose()
        except (httpx2.HTTPError, OSError):  # a TLS error comes as it is
            return httpx2.Response(503)
        return httpx2.Response(response.status_code, content=response.content, headers=_JSON)


async def unless(abandoned: asyncio.Future[None], awaited: Awaitable[T]) -> T:
    """Wait for something, unless nobody wants it any more.

    Raises:
        httpx2.ReadError: Nobody does.
    """
    task: asyncio.Future[Any] = asyncio.ensure_future(awaited)
    try:
        await asyncio.wait({task, abandoned}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        await _ended(task)
        raise
    if not task.done():
        await _ended(task)
        raise httpx2.ReadError("called off")
    made: T = task.result()
    return made


async def _ended(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with contextlib.suppress(BaseException):
        await asyncio.wait({task})


def http_client(
    settings: ServerSettings, headers: tuple[tuple[str, str], ...], transport: WatchedTransport
) -> httpx2.AsyncClient:
    """Make the client that the SDK sends with."""
    return httpx2.AsyncClient(
        transport=transport,
        headers=[*headers, ("Accept-Encoding", "identity")],
        timeout=httpx2.Timeout(None, connect=settings.connect_timeout),
        trust_env=False,
        follow_redirects=False,
    )


class _Error(msgspec.Struct):
    """An error of the protocol."""

    jsonrpc: str
    error: dict[str, Any]


def _is_error(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=_Error)
    except msgspec.DecodeError:
        return False
    return True


def _refusal(name: int | str, error: InvocationError) -> httpx2.Response:
    refused = {"jsonrpc": "2.0", "id": name, "error": {"code": -32603, "message": error.cause}}
    return httpx2.Response(200, headers=_JSON, content=msgspec.json.encode(refused))


async def _trace(progress: Progress, event: str, _info: dict[str, Any]) -> None:
    """Follow how far a request has come; httpcore tells."""
    if event.endswith("send_request_headers.started"):
        progress.connected, progress.sent = True, Sent.MAYBE
    elif event.endswith("send_request_body.complete"):
        progress.sent = Sent.YES
    elif event.endswith("receive_response_headers.complete"):
        progress.answered = True
