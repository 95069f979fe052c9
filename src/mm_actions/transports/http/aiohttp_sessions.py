"""Sessions of aiohttp, one for each event loop, made anew when the certificates were replaced."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from mm_actions.transports.http.loop_end import at_loop_end
from mm_actions.transports.http.tls import TlsMaterial

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from mm_actions.transports.http.engine import EngineOptions


_kept: list[object] = []


@dataclass(slots=True, eq=False)
class _LoopSession:
    session: aiohttp.ClientSession
    material: TlsMaterial | None
    users: int = 0
    retired: bool = False
    guard: AsyncGenerator[None, None] | None = None


class OwnSessions:
    """The engine's own sessions.

    Args:
        options: The engine's.
    """

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._changing = threading.Lock()
        self._sessions: dict[asyncio.AbstractEventLoop, _LoopSession] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[tuple[aiohttp.ClientSession, TlsMaterial | None]]:
        """Lend the running loop's session and say what its handshakes use."""
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
        try:
            yield entry.session, material
        finally:
            entry.users -= 1
            if entry.retired and not entry.users:
                await entry.session.close()

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

    async def _replace(self, loop: asyncio.AbstractEventLoop, material: TlsMaterial | None) -> _LoopSession:
        entry = _LoopSession(self._make(material), material)
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
            await entry.session.close()

        entry.guard = await at_loop_end(end)
        return entry

    def _make(self, material: TlsMaterial | None) -> aiohttp.ClientSession:
        # The number of connections is not limited here: waiting for one would count as connecting.
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=self._options.idle_timeout,
            ssl=(material or TlsMaterial()).ssl_context(),
            timeout_ceil_threshold=float("inf"),
        )
        return aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
