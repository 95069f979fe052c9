"""The Model Context Protocol: a tool of a server as an action.

The SDK exists for event loops alone. Asynchronous callers use a session on their own loop; blocking ones
share one on a private loop in a thread, for some 100 µs a call, which is little beside what the SDK costs.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import shlex
import time
import weakref
from typing import TYPE_CHECKING, Any

from mm_actions.config import address
from mm_actions.config.mcp import McpSettings
from mm_actions.contract.codec import check_directive, decode
from mm_actions.core.payload import payload_of, written
from mm_actions.dialects.mcp.arguments import Turn, arguments_of
from mm_actions.dialects.mcp.results import TURN, answer_of, own_answer, progress_directive
from mm_actions.errors import ActionNotFound, BadAnswer, ConfigurationError, InvocationError, Sent
from mm_actions.transports.fork import start_anew_after_fork
from mm_actions.transports.loop_thread import LoopThread

try:
    from mcp.shared.exceptions import MCPError
    from mcp_types import CONNECTION_CLOSED

    from mm_actions.transports.mcp import failures
    from mm_actions.transports.mcp.attempt import Attempt, SessionLost, current
    from mm_actions.transports.mcp.connecting import OverHttp, OverPipes
    from mm_actions.transports.mcp.session import Session, Sessions
    from mm_actions.transports.mcp.stream import AsyncMcpStream, McpStream
except ImportError as missing:
    raise ConfigurationError(
        f"calling MCP servers needs mcp, which cannot be imported ({missing}); pip install 'mm_actions[mcp]'"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from mm_actions.config import ServerSettings
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import Call, Invocation
    from mm_actions.transports.mcp.connecting import Connecting

    Report = Callable[[dict[str, Any]], None]

_TURNS = 5
_ENDING = 0.5
"""Seconds to wait for how a command ended, for the sake of the message."""


class McpTransport:
    """Calls the tools of one server.

    Args:
        settings: The server's.
        connecting: How it is reached.
    """

    def __init__(self, settings: ServerSettings, connecting: Connecting) -> None:
        mcp = settings.mcp or McpSettings()
        self._tools = dict(mcp.tools)
        self._actions = {tool: action for action, tool in mcp.tools}
        self._arguments = {action: dict(sources) for action, sources in mcp.arguments}
        self._slots = {action: dict(pointers) for action, pointers in mcp.slots}
        self._whole = mcp.turn
        self._history = settings.history if mcp.turn else 0
        self._limit = settings.max_response_bytes
        self._connecting = connecting
        self._sessions = Sessions(connecting.connect, self._limit, connecting.credentials)
        self._thread = LoopThread()
        start_anew_after_fork(self)
        _open.add(self)

    def encode(self, invocation: Invocation) -> Turn:
        """Keep what may become an argument, as JSON would carry it; history travels in a whole turn alone."""
        payload = written(payload_of(invocation, self._history))
        return Turn.of(decode(payload, dict), whole=self._whole)

    def send(self, call: Call) -> Answer:
        """Call the tool, blocking."""
        return self._thread.run(self._carry_out(call, time.monotonic() + call.timeout))

    async def send_async(self, call: Call) -> Answer:
        """Call the tool."""
        return await self._carry_out(call, time.monotonic() + call.timeout)

    def stream(self, call: Call) -> McpStream:
        """Call the tool, and show its progress, blocking."""
        return McpStream(self._thread.run(self.stream_async(call)), self._thread)

    async def stream_async(self, call: Call) -> AsyncMcpStream:
        """Call the tool, and show its progress."""
        ends = time.monotonic() + call.timeout
        return AsyncMcpStream(lambda report: self._carry_out(call, ends, report), repeats=not self._whole)

    def catalogue(self, seconds: float) -> Sequence[str]:
        """Ask for the names of the actions, blocking.

        Raises:
            InvocationError: The server did not tell.
        """
        return self._thread.run(self._catalogue(seconds))

    def action_names(self, seconds: float) -> Sequence[str]:
        """Ask for the names of the actions, if the server tells them."""
        return self._thread.run(self.action_names_async(seconds))

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """Ask for the names of the actions, if the server tells them."""
        try:
            return await self._catalogue(seconds)
        except InvocationError:
            return ()

    def close(self) -> None:
        """End the sessions, and with them the servers that are commands."""
        self._thread.stop()
        self._sessions.close()

    def forget_parent(self) -> None:
        """Leave the parent's sessions alone, in a forked child."""
        self._sessions.abandon()
        self._sessions = Sessions(self._connecting.connect, self._limit, self._connecting.credentials)
        self._thread = LoopThread()

    async def _catalogue(self, seconds: float) -> list[str]:
        async with self._translating(Attempt(), seconds, time.monotonic() + seconds):
            session = await self._sessions.get()
            return [self._actions.get(name, name) for name in await session.tools()]

    async def _carry_out(self, call: Call, ends: float, report: Report | None = None) -> Answer:
        attempt = Attempt(headers=_headers(call), answered=call.answered)
        async with self._translating(attempt, call.timeout, ends):
            for last in (False, True):
                session = await self._sessions.get()
                try:
                    return await self._call(session, call, report)
                except MCPError as error:
                    gone = session.ended and attempt.failure is None and error.code == CONNECTION_CLOSED
                    if last or not (isinstance(attempt.failure, SessionLost) or gone):
                        raise
                    session.end()
                    if gone and attempt.sent is not Sent.NO:
                        await session.settled(_ENDING)
                        raise self._connecting.lost(attempt.sent) from error
                    attempt.failure = None
        raise AssertionError  # pragma: no cover - the last round returns or raises

    async def _call(self, session: Session, call: Call, report: Report | None) -> Answer:
        client = await session.client()
        name = self._tools.get(call.action, call.action)
        tool = await session.tool(name)
        if tool is None:
            raise ActionNotFound(f"the server has no tool {name!r}", hint="Look at mcp.tools", sent=Sent.NO)
        arguments = arguments_of(name, tool.schema, call.payload, self._arguments.get(call.action, {}))
        tool.check(arguments)

        async def show(progress: float, total: float | None, message: str | None) -> None:
            if report is not None:
                own = _own_directive(message) if self._whole else None
                report(own or progress_directive(progress, total, message))

        result = await client.call_tool(
            name,
            arguments,
            progress_callback=None if report is None else show,
            meta=_meta(call),  # type: ignore[arg-type] # a TypedDict that takes further keys
        )
        answer = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        if result.is_error:
            raise failures.rejected(answer)
        return (own_answer if self._whole else answer_of)(answer, self._slots.get(call.action))

    @contextlib.asynccontextmanager
    async def _translating(self, attempt: Attempt, seconds: float, ends: float) -> AsyncIterator[None]:
        """Let no exception of a library through, and nothing last beyond the deadline."""
        token = current.set(attempt)
        left = ends - time.monotonic()
        clock = asyncio.timeout(left)
        try:
            async with clock:
                yield
        except TimeoutError as error:
            if not clock.expired():
                raise failures.explain(error, attempt.sent, self._limit) from error
            await _turns()
            raise failures.out_of_time(seconds, attempt.sent) from error
        except asyncio.CancelledError:
            await _turns()
            raise
        except InvocationError:
            raise
        except Exception as error:
            if attempt.failure is not None:
                raise attempt.failure from error
            raise failures.explain(error, attempt.sent, self._limit) from error
        finally:
            current.reset(token)


def open_transport(settings: ServerSettings) -> McpTransport:
    """Make the transport for a server.

    Raises:
        ConfigurationError: The command cannot be read, a setting is for another kind of server, certificates
            cannot be used, or the extra is missing.
    """
    mcp = settings.mcp or McpSettings()
    if address.scheme_of(settings.url) != address.MCP_STDIO:
        if mcp.cwd is not None or mcp.env:
            raise ConfigurationError("mcp.cwd and mcp.env are for a command: mcp+stdio:...")
        return McpTransport(settings, OverHttp(settings, mcp))
    try:
        command = shlex.split(settings.url.partition(":")[2])
    except ValueError as error:
        raise ConfigurationError(f"the command of {address.MCP_STDIO}: cannot be read: {error}") from None
    return McpTransport(settings, OverPipes(settings, mcp, command))


def _meta(call: Call) -> dict[str, Any]:
    """Say with the call what an HTTP request says in headers; servers pass over what they do not know."""
    meta: dict[str, Any] = {
        "traceparent": call.traceparent,
        "mm-actions/call-id": call.call_id,
        "mm-actions/hops": call.hops,
        "mm-actions/timeout-ms": max(1, int(call.timeout * 1000)),
    }
    if call.tracestate:
        meta["tracestate"] = call.tracestate
    if call.idempotency_key is not None:
        meta["mm-actions/idempotency-key"] = call.idempotency_key
    if call.payload.whole is not None:
        meta[TURN] = call.payload.whole
    return meta


def _own_directive(message: str | None) -> dict[str, Any] | None:
    """Read a note of progress that is a directive of an action of ours."""
    try:
        directive = decode((message or "").encode(), dict)
    except BadAnswer:
        return None
    check_directive(directive, "/directive")
    return directive


def _headers(call: Call) -> tuple[tuple[str, str], ...]:
    trace = (("traceparent", call.traceparent),)
    return (*trace, ("tracestate", call.tracestate)) if call.tracestate else trace


async def _turns() -> None:
    """Let the SDK begin to tell the server that a call is called off; the loop may end right after."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _close_all() -> None:
    for transport in list(_open):
        transport.close()


_open: weakref.WeakSet[McpTransport] = weakref.WeakSet()
atexit.register(_close_all)
