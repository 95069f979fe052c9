"""A call whose chunks leave as its handler produces them, over gRPC."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from mm_actions.dialects.rasa import proto
from mm_actions.server.rasa.chunks import Chunks
from mm_actions.server.rasa.failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mm_actions.server.calls.reply import Reply
    from mm_actions.server.calls.streaming import Stream
    from mm_actions.server.rasa.failures import Failure
    from mm_actions.server.rasa.interruptions import Interruptions
    from mm_actions.server.rasa.turn import RasaTurn

logger = logging.getLogger("mm_actions.server")

_OK = 200
_FAREWELL = 1.0


class GrpcStreamedCall:
    """Writes the events of one ``WebhookStream``.

    Args:
        turn: The call.
        interruptions: Where it can be interrupted.
        write: Sends a message, and returns when there is room for more.
    """

    def __init__(
        self, turn: RasaTurn, interruptions: Interruptions, write: Callable[[bytes], Awaitable[None]]
    ) -> None:
        self._turn = turn
        self._chunks = Chunks(turn, interruptions, self._emit)
        self._writing = _Writing(write, self.leave)

    @property
    def stream(self) -> Stream:
        """Where the call's directives go."""
        return self._chunks.stream

    def leave(self) -> None:
        """Note that the caller has left."""
        self.stream.leave()

    def close(self) -> None:
        """Be no longer there to be interrupted, nor flushed to."""
        self._chunks.close()

    async def finish(self, reply: Reply) -> Failure | None:
        """Send what the call ends with.

        Returns:
            Why it failed, if it did.
        """
        if self.stream.left:
            return None
        failure = None
        rest = self.stream.until - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(rest, _FAREWELL)):
                if reply.status != _OK and not self._chunks.given_up:
                    failure = failure_of(reply, self._turn.name)
                    await self._emit("error", {"action_name": failure.action, "message": failure.message})
                else:
                    await self._chunks.end()
                    await self._writing.add(
                        _final(self._chunks.rest() if self._chunks.given_up else reply.body)
                    )
                await self._writing.finish()
        except TimeoutError:
            logger.warning("a stream was cut short: its reader does not read")
        return failure

    async def _emit(self, kind: Any, body: dict[str, Any]) -> None:
        self.stream.gave_way = await self._writing.add(proto.stream_message(kind, body).SerializeToString())


class _Writing:
    """Writes messages one after the other, each of them whole whatever becomes of the handler it is from.

    One task does it while there are any, so that a handler works on its next message while this one leaves.

    Args:
        write: Sends a message, and returns when there is room for more.
        leave: Called when that fails, since the reader has left.
    """

    def __init__(self, write: Callable[[bytes], Awaitable[None]], leave: Callable[[], None]) -> None:
        self._write = write
        self._leave = leave
        self._left = False
        self._messages: deque[tuple[bytes, asyncio.Future[None] | None]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, message: bytes) -> bool:
        """Have a message written, even if this is cancelled.

        A handler that goes on may block the loop, which is not to hold up what it has said before.

        Returns:
            Whether it is being written, as those before it have left; False where it will be as soon as the
            event loop has its turn.
        """
        if self._left:
            return False
        loop = asyncio.get_running_loop()
        if self._task is None:
            self._messages.append((message, None))
            self._task = loop.create_task(self._run())
            return False
        begun = loop.create_future()
        self._messages.append((message, begun))
        await begun
        return True

    async def finish(self) -> None:
        """Wait until all is written."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        messages = self._messages
        try:
            while messages:
                message, begun = messages.popleft()
                if begun is not None and not begun.done():
                    begun.set_result(None)
                await self._write(message)
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - however gRPC says that the caller has left
            self._left = True
            for _, begun in messages:
                if begun is not None and not begun.done():
                    begun.set_result(None)
            messages.clear()
            self._leave()
        finally:
            self._task = None


def _final(body: bytes) -> bytes:
    event = proto.WebhookStreamEvent()
    event.final_result.SetInParent()
    event.final_result.MergeFromString(body)
    written: bytes = event.SerializeToString()
    return written
