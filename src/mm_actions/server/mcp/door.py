"""The door at `/mcp`: streamable HTTP, each request by itself, so that any worker can answer it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.errors import ConfigurationError
from mm_actions.server.door.body import check_type, read_body
from mm_actions.server.errors import Forbidden

try:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from sse_starlette.sse import AppStatus

    from mm_actions.server.mcp.service import ActionService
except ImportError as missing:
    raise ConfigurationError(
        f"serving actions as MCP tools needs mcp, which cannot be imported ({missing}); "
        "pip install 'mm_actions[mcp]'"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.server.calls.host import Host
    from mm_actions.server.calls.reply import Reply
    from mm_actions.server.door.asgi import Headers, Receive, Scope, Send
    from mm_actions.server.door.streamed_call import Head, Message
    from mm_actions.server.options import ServerOptions
    from mm_actions.server.registry import Registry

PATH = "/mcp"
_LOCAL = ("localhost", "127.0.0.1", "::1")


class McpDoor:
    """Serves the actions of a registry as tools.

    Nothing is kept between two requests, and nothing is said that was not asked for: a stream by GET, which
    the protocol leaves to servers, is not offered.

    Args:
        registry: The actions.
        options: The limits and the guards.
        host: Gives what carries calls out now.
        draining: Tells whether clients are to close their connections.
    """

    def __init__(
        self,
        registry: Registry,
        options: ServerOptions,
        host: Callable[[], Host],
        draining: Callable[[], bool],
    ) -> None:
        self._options = options
        self._host = host
        self._draining = draining
        self._service = ActionService(registry, host)
        self._life: _Life | None = None

    async def answer(self, scope: Scope, headers: Headers, receive: Receive) -> McpExchange:
        """Take a request from somebody who may call.

        Raises:
            ActionError: Somebody may not, or the body is none that is taken.
        """
        _check_origin(headers)
        for guard in self._options.guards:
            guard.admit_head(headers)
        check_type(headers)
        body = await read_body(
            receive,
            headers,
            most=self._options.max_body,
            seconds=self._options.body_timeout,
            driver=self._host().driver,
        )
        for guard in self._options.guards:
            guard.admit_body(headers, body)
        if self._life is None:
            self._life = _Life(self._service, self._options.max_body)
        manager = await self._life.manager()
        return McpExchange(manager, scope, body, receive, closing=self._draining())

    async def close(self) -> None:
        """End; what is asked for later begins anew."""
        life, self._life = self._life, None
        if life is not None:
            await life.close()


class McpExchange:
    """A request that the SDK answers.

    Args:
        manager: The SDK's.
        scope: The request's.
        body: All of its content.
        receive: Tells when the caller leaves.
        closing: Whether to ask the client to close its connection.
    """

    def __init__(
        self,
        manager: StreamableHTTPSessionManager,
        scope: Scope,
        body: bytes,
        receive: Receive,
        *,
        closing: bool,
    ) -> None:
        self._manager = manager
        self._scope = scope
        self._body: bytes | None = body
        self._receive = receive
        self._closing = closing

    async def carry_out(self, _head: Head, send: Send) -> Reply | None:
        """Answer it."""

        async def send_on(message: Message) -> None:
            if self._closing and message["type"] == "http.response.start":
                kept = [header for header in message["headers"] if header[0].lower() != b"connection"]
                message = {**message, "headers": [*kept, (b"connection", b"close")]}
            await send(message)

        await self._manager.handle_request(self._scope, self._again, send_on)
        return None

    async def _again(self) -> Message:
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        return await self._receive()


class _Life:
    """The time for which the SDK's tasks run: a task of its own enters and leaves it."""

    def __init__(self, service: ActionService, max_body: int) -> None:
        self._manager = StreamableHTTPSessionManager(
            service.server, stateless=True, max_request_body_size=max_body
        )
        self._begun = asyncio.Event()
        self._ending = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live())

    async def manager(self) -> StreamableHTTPSessionManager:
        """Wait until it has begun."""
        await self._begun.wait()
        return self._manager

    async def close(self) -> None:
        """End it."""
        self._ending.set()
        await asyncio.wait({self._task})

    async def _live(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            async with self._manager.run():
                self._begun.set()
                await self._ending.wait()


def answer_to_the_end() -> None:
    """Have answers in progress sent when the process stops serving.

    The library below the SDK breaks off all of a process's event streams when its uvicorn is told to stop.
    """
    AppStatus.disable_automatic_graceful_drain()  # type: ignore[no-untyped-call] # it has no types


def _check_origin(headers: Headers) -> None:
    """Refuse pages of other hosts, which may have got here by a name that they made point to this machine.

    The protocol demands it of servers (transports, streamable HTTP, security). Only browsers say an origin.

    Raises:
        ActionError: 403.
    """
    origin = headers.get(b"origin")
    if origin is None:
        return
    with contextlib.suppress(ValueError):
        if urlsplit(origin.decode("latin-1")).hostname in _LOCAL:
            return
    raise Forbidden("Pages of this origin may not call tools.")
