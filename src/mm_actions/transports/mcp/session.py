"""A session with a server: opened once on an event loop, by a task that also closes it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import mcp_types as types

from mm_actions.transports.loop_end import at_loop_end
from mm_actions.transports.mcp.attempt import Attempt, current
from mm_actions.transports.mcp.failures import explain, lost
from mm_actions.transports.mcp.tools import Tool, tools_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from mcp.client.client import Client

    from mm_actions.errors import InvocationError

    Connect = Callable[["Session", AsyncExitStack], Awaitable[Client]]

logger = logging.getLogger("mm_actions.mcp")

OPENING = 30.0
"""Seconds that a server has to become ready; a command may have to be downloaded first."""
TOOLS_KEPT = 60.0
"""Seconds for which a list of tools is believed."""

_kept: list[object] = []


class Session:
    """A session on one event loop. What enters its contexts must leave them, so one task does both.

    Args:
        connect: Makes the client, and says what is to be left at the end.
        limit: Bytes of an answer, at most.
        credentials: What the connections are made with; another session is made when it changes.

    Attributes:
        ended: Whether it cannot be used any more.
        guard: Ends it with its loop.
    """

    def __init__(self, connect: Connect, limit: int, credentials: object) -> None:
        self.credentials = credentials
        self.ended = False
        self.guard: AsyncGenerator[None, None] | None = None
        self._connect = connect
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()
        self._opened: asyncio.Future[Client] = self._loop.create_future()
        self._tools: dict[str, Tool] | None = None
        self._listed_at = 0.0
        self._listing = asyncio.Lock()
        # A context of its own: whatever the first caller had in its own must not live on in here.
        self._task = self._loop.create_task(self._live(), context=contextvars.Context())

    async def client(self) -> Client:
        """Wait until the session is open; who waits no longer leaves it to others.

        Raises:
            InvocationError: It did not open.
        """
        return await asyncio.shield(self._opened)

    async def tool(self, name: str) -> Tool | None:
        """Find a tool in the server's list; the list is asked for again before one is said to be unknown."""
        since = self._loop.time()
        tools = await self.tools(since - TOOLS_KEPT)
        return tools.get(name) or (await self.tools(since)).get(name)

    async def tools(self, since: float = 0.0) -> dict[str, Tool]:
        """Give the server's tools by name, as they were at some moment of the loop's clock, or after it."""
        client = await self.client()
        async with self._listing:
            if self._tools is None or self._listed_at < since:
                listed_at = self._loop.time()
                self._tools = await tools_of(client)
                self._listed_at = listed_at
            return self._tools

    async def hear(self, message: Any) -> None:
        """Take a message that nobody asked for."""
        if isinstance(message, types.ToolListChangedNotification):
            self.forget_tools()

    def forget_tools(self) -> None:
        """Ask for the list of tools again at the next call."""
        self._tools = None

    def end(self) -> None:
        """Have it closed soon; to be called on its loop."""
        self.ended = True
        self._closing.set()

    async def settled(self, seconds: float) -> None:
        """Wait until it is closed, but no longer than so many seconds."""
        await asyncio.wait([self._task], timeout=seconds)

    async def close(self) -> None:
        """Close it, and wait until that is done."""
        self.end()
        await asyncio.wait([self._task])

    def end_from_outside(self) -> None:
        """Have it closed, from another thread, or from none of its own."""
        if self._loop.is_closed():
            return
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self.end)
        else:
            self._loop.run_until_complete(self.close())

    async def _live(self) -> None:
        opening = Attempt()
        current.set(opening)
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(OPENING):
                    client = await self._connect(self, stack)
                if not self._opened.done():
                    self._opened.set_result(client)
                await self._closing.wait()
        except asyncio.CancelledError:
            self._fail(lost("the event loop ends", opening.sent))
            raise
        except TimeoutError:
            self._fail(lost(f"the server was not ready within {OPENING:g} s", opening.sent))
        except Exception as error:  # noqa: BLE001 - of a group, whatever the SDK's tasks raised
            self._fail(opening.failure or explain(_first(error), opening.sent, self._limit))
        finally:
            self.ended = True

    def _fail(self, error: InvocationError) -> None:
        if self._opened.done():
            logger.debug("a session ended: %s", error.cause)
            return
        self._opened.set_exception(error)
        self._opened.exception()  # nobody may be waiting for it, which is not to be complained of


class Sessions:
    """The sessions of one server, one for each event loop.

    Args:
        connect: As :class:`Session` has it.
        limit: As :class:`Session` has it.
        credentials: Gives what connections are made with now.
    """

    def __init__(self, connect: Connect, limit: int, credentials: Callable[[], object]) -> None:
        self._connect = connect
        self._limit = limit
        self._credentials = credentials
        self._changing = threading.Lock()
        self._sessions: dict[asyncio.AbstractEventLoop, Session] = {}

    async def get(self) -> Session:
        """Give the running loop's session; one that ended, or has old credentials, is replaced."""
        loop = asyncio.get_running_loop()
        credentials = self._credentials()
        with self._changing:
            old = self._sessions.get(loop)
            if old is not None and not old.ended and old.credentials is credentials:
                return old
            session = self._sessions[loop] = Session(self._connect, self._limit, credentials)
            for closed in [other for other in self._sessions if other.is_closed()]:
                del self._sessions[closed]
        if old is not None:
            old.end()

        async def end() -> None:
            with self._changing:
                if self._sessions.get(loop) is session:
                    del self._sessions[loop]
            await session.close()

        session.guard = await at_loop_end(end)
        return session

    def close(self) -> None:
        """Close all sessions: those of running loops a moment later."""
        with self._changing:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.end_from_outside()

    def abandon(self) -> None:
        """Keep everything as it is for ever, in a forked child, whose parent uses it."""
        _kept.append(self._sessions)
        self._changing = threading.Lock()
        self._sessions = {}


def _first(error: BaseException) -> Exception:
    """Give the first error of a group of groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
