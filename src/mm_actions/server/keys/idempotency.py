"""``Idempotency-Key``: a call that is repeated is answered again, and not carried out again.

A key is honoured for every action, declared idempotent or not, whenever a caller sends one. What is kept is
how the handler ended, failures included: after a failure nobody knows how far it came. Two kinds of endings
are forgotten, so that a repeat is carried out: a handler that was never started, or that said "not now" (425,
429, 503); and the failure (5xx) of an action that is declared idempotent, which a repeat does not harm.

A handler on a thread whose time was up goes on; its key stays held until it ends, and its answer is kept.
A process that dies holds its keys for at most 30 seconds more. What became of its calls is unknown: a repeat
of one of an idempotent action is carried out, of another one refused, with the advice not to try again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from typing import TYPE_CHECKING

import msgspec

from mm_actions.server.calls.reply import Reply
from mm_actions.server.errors import ActionError, Unavailable
from mm_actions.server.keys.store import LEASE, Found, KeyStore, MemoryKeys, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mm_actions.server.options import ServerOptions

logger = logging.getLogger("mm_actions.server")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2
_FAILED = 500
REPLAYED = (b"idempotent-replayed", b"true")


class Performed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a call.

    Attributes:
        reply: What the caller is told.
        started: Whether the handler was started.
        settled: Whether the reply is the last word, and not a "not now".
        ending: The real end of a handler that goes on though its caller has been answered.
    """

    reply: Reply
    started: bool = True
    settled: bool = True
    ending: asyncio.Future[Performed] | None = None


class Keys:
    """Carries calls out once per key.

    Args:
        options: The server's.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._store: KeyStore = options.keys if options.keys is not None else MemoryKeys()
        self._held: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Close the store, once what it is being told has been written."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=1.0)
        await self._store.close()

    async def once(
        self,
        key: bytes,
        body: bytes,
        perform: Callable[[], Awaitable[Performed]],
        *,
        seconds: float,
        repeatable: bool,
    ) -> Reply:
        """Carry a call out, or answer it from the store.

        Args:
            key: The caller's key.
            body: The body; the same key with another one is a mistake.
            perform: Carries it out.
            seconds: How long the caller waits.
            repeatable: Whether carrying it out again does no harm.

        Raises:
            ActionError: 409, 422, 503, or 500 for a call whose outcome is unknown.
        """
        name = key.decode("latin-1")
        fingerprint = hashlib.sha256(body).digest()
        holder = uuid.uuid4().hex
        take_over = repeatable or self._options.rerun_unknown
        loop = asyncio.get_running_loop()
        until = loop.time() + min(seconds, self._options.key_wait)
        pause = _FIRST_PAUSE
        while True:
            try:
                found = await self._store.begin(name, fingerprint, holder, take_over=take_over)
            except Exception as error:
                logger.exception("the store of idempotency keys failed")
                if self._options.keys_required:
                    raise Unavailable(
                        "Idempotency-Key cannot be honoured now.",
                        title="Key store failed",
                        kind="urn:mm-actions:problem:key-store",
                        retry_after=self._options.retry_after,
                    ) from error
                return (await perform()).reply
            if found.state is State.BEGUN:
                return await self._carry_out(name, holder, perform, repeatable=repeatable)
            if found.state is not State.RUNNING:
                return _settled(found)
            rest = until - loop.time()
            if rest <= 0:
                raise _conflict(self._options.retry_after)
            held = self._held.get(name)
            if held is not None and held.get_loop() is loop:
                await asyncio.wait({held}, timeout=rest)
            else:  # another process has it, or another event loop
                await asyncio.sleep(min(pause, rest))
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _carry_out(
        self, name: str, holder: str, perform: Callable[[], Awaitable[Performed]], *, repeatable: bool
    ) -> Reply:
        loop = asyncio.get_running_loop()
        self._held[name] = held = loop.create_future()
        renewing = loop.call_later(LEASE / 3, self._renew, name, holder, held)
        try:
            performed = await perform()
        except BaseException:  # cancelled: what became of it is unknown, so the key is neither kept nor freed
            renewing.cancel()
            self._let_go(name, held)
            raise
        if performed.ending is not None:
            performed.ending.add_done_callback(
                lambda ending: self._spawn(
                    self._settle(name, holder, held, ending.result(), repeatable=repeatable)
                    if not ending.cancelled()
                    else self._forget(name, held)
                )
            )
            return performed.reply
        renewing.cancel()
        await self._settle(name, holder, held, performed, repeatable=repeatable)
        return performed.reply

    async def _settle(
        self, name: str, holder: str, held: asyncio.Future[None], performed: Performed, *, repeatable: bool
    ) -> None:
        again = not performed.started or not performed.settled
        again = again or (repeatable and performed.reply.status >= _FAILED)
        try:
            if again:
                await self._store.release(name, holder)
            else:
                await self._store.finish(name, holder, performed.reply)
        except Exception:
            # What was done is done; a repeat will find the key's lease run out, and its outcome unknown.
            logger.exception("the store of idempotency keys failed to keep an answer")
        finally:
            self._let_go(name, held)

    async def _forget(self, name: str, held: asyncio.Future[None]) -> None:
        self._let_go(name, held)

    def _let_go(self, name: str, held: asyncio.Future[None]) -> None:
        if self._held.get(name) is held:
            del self._held[name]
        if not held.done():
            held.set_result(None)

    def _renew(self, name: str, holder: str, held: asyncio.Future[None]) -> None:
        if held.done():
            return
        asyncio.get_running_loop().call_later(LEASE / 3, self._renew, name, holder, held)
        self._spawn(self._renewed(name, holder))

    async def _renewed(self, name: str, holder: str) -> None:
        try:
            await self._store.renew(name, holder)
        except Exception:
            logger.exception("the store of idempotency keys failed to renew a lease")

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _settled(found: Found) -> Reply:
    """Answer from what the store knows.

    Raises:
        ActionError: The key came with another body, or the outcome is unknown.
    """
    if found.state is State.OTHER_BODY:
        raise ActionError(
            422,
            "Idempotency-Key reused with another body",
            "A new call needs a new key.",
            kind="urn:mm-actions:problem:idempotency-mismatch",
            do_not_retry=True,
        )
    if found.reply is None:
        raise ActionError(
            500,
            "Outcome unknown",
            "The process that carried this call out died; whether the action took effect is unknown.",
            kind="urn:mm-actions:problem:outcome-unknown",
            do_not_retry=True,
        )
    reply = found.reply
    return Reply(
        status=reply.status,
        body=reply.body,
        media_type=reply.media_type,
        headers=(*reply.headers, REPLAYED),
    )


def _conflict(retry_after: float) -> ActionError:
    return ActionError(
        409,
        "Request in progress",
        "A call with this Idempotency-Key is still running.",
        kind="urn:mm-actions:problem:in-progress",
        retry_after=retry_after,
    )
