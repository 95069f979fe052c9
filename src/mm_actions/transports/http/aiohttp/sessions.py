"""Sessions of aiohttp, one for each event loop, made anew when the certificates were replaced."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import aiohttp.abc

from mm_actions.transports.http.look_up import LOOK_UPS
from mm_actions.transports.http.tls import TlsMaterial
from mm_actions.transports.loop_end import at_loop_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from mm_actions.transports.http.aiohttp.stream import AsyncAiohttpStream
    from mm_actions.transports.http.engine import EngineOptions


_kept: list[object] = []


class _Resolver(aiohttp.abc.AbstractResolver):
    """Looks up names apart from the loop's executor, whose threads the end of a loop waits for."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[Any]:
        """Look up a name; a caller who does not wait any longer holds up nobody."""
        found = await asyncio.wrap_future(LOOK_UPS.begin(host, port, family, socket.AI_ADDRCONFIG))
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            {
                "hostname": host,
                "host": address[0],
                "port": port,
                "family": kind,
                "proto": proto,
                "flags": numeric,
            }
            for kind, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


@dataclass(slots=True, eq=False)
class LoopSession:
    """The session of one event loop.

    Attributes:
        session: aiohttp's.
        material: What its handshakes use.
        users: How many calls use it now.
        retired: Whether another one took its place.
        guard: Closes it at the end of the loop.
        streams: What is being read over it, to be closed before it at the end of the loop.
    """

    session: aiohttp.ClientSession
    material: TlsMaterial | None
    users: int = 0
    retired: bool = False
    guard: AsyncGenerator[None, None] | None = None
    streams: weakref.WeakSet[AsyncAiohttpStream] = field(default_factory=weakref.WeakSet)


class OwnSessions:
    """The engine's own sessions.

    Args:
        options: The engine's.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._changing = threading.Lock()
        self._sessions: dict[asyncio.AbstractEventLoop, LoopSession] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[LoopSession]:
        """Lend the running loop's session for a block."""
        entry = await self.borrow()
        try:
            yield entry
        finally:
            if self._unused(entry):
                await entry.session.close()

    async def borrow(self) -> LoopSession:
        """Give the running loop's session; it is to be given back."""
        loop = asyncio.get_running_loop()
        source = self._options.tls
        material = None if source is None else source.current()
        entry = self._sessions.get(loop)
        if entry is not None:
            # A loop that stood still has not seen yet which idle connections were closed: one turn to read
            # that, one to let go of them.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        if entry is None or entry.material is not material:
            entry = await self._replace(loop, material)
        entry.users += 1
        return entry

    def give_back(self, entry: LoopSession, loop: asyncio.AbstractEventLoop) -> None:
        """Take a session back that was borrowed on a loop, without waiting for anything."""
        if self._unused(entry):
            self._close_soon(loop, entry.session)

    def _unused(self, entry: LoopSession) -> bool:
        """Count a user less; tell whether it was the last one of a session that was replaced."""
        entry.users -= 1
        return entry.retired and not entry.users

    def close(self) -> None:
        """Close all sessions: those of running loops on their loops, a moment later."""
        with self._changing:
            sessions, self._sessions = self._sessions, {}
        for loop, entry in sessions.items():
            if loop.is_closed():
                entry.session.detach()
            elif loop.is_running():
                loop.call_soon_threadsafe(self._close_soon, loop, entry.session)
            else:
                loop.run_until_complete(entry.session.close())

    def abandon(self) -> None:
        """Keep everything as it is for ever, in a forked child.

        Closing a connection here would take it off the parent's selector, which the child shares.
        """
        _kept.append(self._sessions)
        self._sessions = {}

    def _close_soon(self, loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession) -> None:
        task = loop.create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _replace(self, loop: asyncio.AbstractEventLoop, material: TlsMaterial | None) -> LoopSession:
        entry = LoopSession(self._make(material), material)
        with self._changing:
            old = self._sessions.get(loop)
            self._sessions[loop] = entry
            for ended in [other for other in self._sessions if other.is_closed()]:
                self._sessions.pop(ended).session.detach()
        if old is not None:
            old.retired = True
            if not old.users:
                await old.session.close()

        async def end() -> None:
            with self._changing:
                if self._sessions.get(loop) is entry:
                    del self._sessions[loop]
            for stream in list(entry.streams):
                stream.close()
            await entry.session.close()

        entry.guard = await at_loop_end(end)
        return entry

    def _make(self, material: TlsMaterial | None) -> aiohttp.ClientSession:
        # The number of connections is not limited here: waiting for one would count as connecting.
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=self._options.idle_timeout,
            ssl=(material or TlsMaterial()).ssl_context(),
            resolver=_Resolver(),
            timeout_ceil_threshold=float("inf"),
        )
        return aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
