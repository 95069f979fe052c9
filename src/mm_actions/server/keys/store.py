"""Where answers are kept by ``Idempotency-Key``: what a store must do, and the one in memory."""

from __future__ import annotations

import time
from collections import OrderedDict
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

import msgspec

from mm_actions.server.calls.reply import Reply  # noqa: TC001 - msgspec reads the annotation

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE = 30.0
"""Seconds for which a call holds its key without renewing it; a dead process holds it no longer."""
DAY = 24 * 60 * 60.0


class State(Enum):
    """What a store knows of a key."""

    BEGUN = auto()
    """The key is the caller's now: carry the call out, then ``finish`` or ``release``."""
    STORED = auto()
    """There is an answer."""
    RUNNING = auto()
    """Another call holds the key."""
    OTHER_BODY = auto()
    """The key came with another body before."""
    LOST = auto()
    """The call that held the key died; what became of it is unknown."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a store found.

    Attributes:
        state: What it knows.
        reply: The answer, when there is one.
    """

    state: State
    reply: Reply | None = None


class KeyStore(Protocol):
    """Keeps answers by key. Any exception means that the store is out of order."""

    async def begin(self, key: str, fingerprint: bytes, holder: str, *, take_over: bool) -> Found:
        """Take a key, unless it is known.

        Args:
            key: The key.
            fingerprint: Stands for the body.
            holder: Stands for this call; no other call has the same.
            take_over: Whether a key whose holder died may be taken.
        """
        ...

    async def renew(self, key: str, holder: str) -> None:
        """Hold a key for another :data:`LEASE`."""
        ...

    async def finish(self, key: str, holder: str, reply: Reply) -> None:
        """Keep the answer, if the key is still the holder's."""
        ...

    async def release(self, key: str, holder: str) -> None:
        """Forget a key, if it is still the holder's: the call was not carried out."""
        ...

    async def close(self) -> None:
        """Let go of files and threads; a later call opens them again."""
        ...


class _Running(msgspec.Struct):
    fingerprint: bytes
    holder: str
    until: float


class _Finished(msgspec.Struct, frozen=True):
    fingerprint: bytes
    reply: Reply
    expires: float
    size: int


class MemoryKeys:
    """Keeps answers in this process.

    When there is no room, the oldest answers go first, before their time: size the store for the calls of the
    longest time after which a client still tries again.

    Args:
        ttl: Seconds for which an answer is kept.
        most: Answers.
        most_bytes: Bytes of all answers.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        *,
        ttl: float = DAY,
        most: int = 100_000,
        most_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl = ttl
        self._most = most
        self._most_bytes = most_bytes
        self._clock = clock
        self._running: dict[str, _Running] = {}
        self._finished: OrderedDict[str, _Finished] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        """Count the answers."""
        return len(self._finished)

    async def begin(self, key: str, fingerprint: bytes, holder: str, *, take_over: bool) -> Found:
        """Take a key, unless it is known."""
        now = self._clock()
        self._expire(now)
        finished = self._finished.get(key)
        if finished is not None:
            if finished.fingerprint != fingerprint:
                return Found(state=State.OTHER_BODY)
            return Found(state=State.STORED, reply=finished.reply)
        running = self._running.get(key)
        if running is not None:
            if running.fingerprint != fingerprint:
                return Found(state=State.OTHER_BODY)
            if now < running.until:
                return Found(state=State.RUNNING)
            if not take_over:
                return Found(state=State.LOST)
        self._running[key] = _Running(fingerprint, holder, now + LEASE)
        return Found(state=State.BEGUN)

    async def renew(self, key: str, holder: str) -> None:
        """Hold a key for longer."""
        running = self._running.get(key)
        if running is not None and running.holder == holder:
            running.until = self._clock() + LEASE

    async def finish(self, key: str, holder: str, reply: Reply) -> None:
        """Keep the answer."""
        running = self._running.get(key)
        if running is None or running.holder != holder:
            return
        del self._running[key]
        size = len(key) + len(reply.body) + _OVERHEAD
        self._finished[key] = _Finished(running.fingerprint, reply, self._clock() + self._ttl, size)
        self._bytes += size
        while self._finished and (len(self._finished) > self._most or self._bytes > self._most_bytes):
            self._drop_oldest()

    async def release(self, key: str, holder: str) -> None:
        """Forget a key."""
        running = self._running.get(key)
        if running is not None and running.holder == holder:
            del self._running[key]

    async def close(self) -> None:
        """Keep everything: there is nothing to let go of."""

    def _expire(self, now: float) -> None:
        while self._finished and next(iter(self._finished.values())).expires <= now:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        _, dropped = self._finished.popitem(last=False)
        self._bytes -= dropped.size


_OVERHEAD = 500
