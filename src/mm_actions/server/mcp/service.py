"""The server of the SDK, whose tools are actions; a host carries them out as it does every call."""

from __future__ import annotations

import asyncio
import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import mcp_types as types
import msgspec
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from mm_actions.contract.codec import encode
from mm_actions.dialects.mcp.results import TURN, failure_of, message_of, result_of
from mm_actions.server.calls.host import Call
from mm_actions.server.calls.streaming import Stream
from mm_actions.server.mcp.tools import Tools, turn_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mcp.server.context import ServerRequestContext

    from mm_actions.server.calls.host import Host
    from mm_actions.server.calls.reply import Reply
    from mm_actions.server.registry import Registry

NAME = "mm-actions"
_HEADERS = {
    "traceparent": b"traceparent",
    "tracestate": b"tracestate",
    "mm-actions/hops": b"x-mm-hops",
    "mm-actions/timeout-ms": b"x-mm-timeout-ms",
    "mm-actions/idempotency-key": b"idempotency-key",
}
"""What a caller may say of its call, and the header that says it over HTTP."""
_LONGEST_MESSAGE = 1000


class ActionService:
    """Lists actions as tools, and calls them.

    Args:
        registry: The actions.
        host: Gives what carries them out now.

    Attributes:
        server: The SDK's.
    """

    def __init__(self, registry: Registry, host: Callable[[], Host]) -> None:
        self._tools = Tools(registry)
        self._host = host
        self._running: set[asyncio.Task[Reply]] = set()
        self.server: Server[Any] = Server(
            NAME,
            version=version("mm_actions"),
            on_list_tools=self._list,
            on_call_tool=self._call,
            # Arguments that have to be repeated in headers are none of ours.
            get_tool_input_schema=lambda _name: None,
        )

    async def ended(self, seconds: float) -> None:
        """Wait until the calls in progress have ended, but no longer than so many seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def _list(
        self, _context: ServerRequestContext[Any], _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._tools.listed())

    async def _call(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        action = self._tools.find(params.name)
        if action is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name[:200]}")
        meta: Mapping[str, Any] = context.meta or {}
        whole = meta.get(TURN)
        stream = Stream(_Progress(context, most=_LONGEST_MESSAGE if whole is None else None).report)
        loop = asyncio.get_running_loop()
        call = Call(
            body=encode(turn_of(action, params.arguments or {}, whole if isinstance(whole, dict) else None)),
            headers=_headers(meta),
            started=loop.time(),
            stream=stream,
        )
        # A task of its own: a call that is called off ends as one whose caller leaves, by its own rules.
        running = loop.create_task(self._host().invoke(call))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            reply = await asyncio.shield(running)
        except asyncio.CancelledError:
            stream.leave()
            raise
        finally:
            stream.close()
        answer = msgspec.json.decode(reply.body)
        made = result_of(answer) if reply.status == 200 else failure_of(answer)  # noqa: PLR2004 - what a host answers
        return types.CallToolResult.model_validate(made)


class _Progress:
    """What a handler flushes, as notes of its progress, for a caller who asked for them.

    Args:
        context: The call's.
        most: Characters of a note; None gives each directive whole, as JSON, to callers who know actions.
    """

    def __init__(self, context: ServerRequestContext[Any], *, most: int | None) -> None:
        self._context = context
        self._most = most
        self._count = 0

    async def report(self, directives: Sequence[msgspec.Raw]) -> None:
        """Tell of each directive."""
        for directive in directives:
            self._count += 1
            if self._most is None:
                message = bytes(directive).decode()
            else:
                message = message_of(msgspec.json.decode(directive), self._most)
            await self._context.session.report_progress(self._count, message=message)


def _headers(meta: Mapping[str, Any]) -> dict[bytes, bytes]:
    headers = {}
    for name, header in _HEADERS.items():
        value = meta.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            with contextlib.suppress(UnicodeEncodeError):
                headers[header] = str(value).encode("latin-1")
    return headers
