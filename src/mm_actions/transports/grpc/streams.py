"""An answer as it arrives over ``WebhookStream``, and how it is interrupted.

A server in the midst of a text is told to be silent (``AckStreamChunks``), and may end what it has begun,
until the deadline of the call; nobody waits for it. A stream that says nothing is cancelled.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from mm_actions.dialects.rasa.proto import StreamChunkAck
from mm_actions.errors import InvocationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.contract.events import Item
    from mm_actions.transports.grpc.messages import StreamedAnswer

    Explain = Callable[[Any, bool], InvocationError]

INTERRUPTING = 1.0
"""Seconds to tell a server to be silent."""


class BlockingEvents:
    """The items of a stream, for a blocking caller.

    Args:
        rpc: gRPC's.
        answer: What it says.
        explain: Translates an error; is told whether the answer had begun.
        ack: The method that interrupts.
        metadata: What travels with it.
    """

    def __init__(
        self, rpc: Any, answer: StreamedAnswer, explain: Explain, ack: Any, metadata: tuple[Any, ...]
    ) -> None:
        self._rpc = rpc
        self._answer = answer
        self._explain = explain
        self._ack = ack
        self._metadata = metadata
        self._over = False

    def wait(self) -> None:
        """Wait until there is something to tell.

        Raises:
            InvocationError: What went wrong.
        """
        try:
            while not self._answer.ready:
                self._receive()
        except InvocationError:
            self._over = True
            self._rpc.cancel()
            raise

    def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        self.wait()
        item = self._answer.next()
        assert item is not None  # noqa: S101 - there is one, or there was an error
        return item

    def _receive(self) -> None:
        try:
            body = next(self._rpc)
        except StopIteration:
            self._over = True
            self._answer.end()
        except grpc.RpcError as error:
            raise self._explain(error, self._answer.begun) from None  # its text is the server's
        else:
            self._answer.feed(body)

    def close(self) -> None:
        """Break off, if the answer has not ended."""
        if self._over:
            return
        self._over = True
        if self._answer.speaking is None:
            self._rpc.cancel()
        else:
            threading.Thread(target=self._interrupt, name="mm_actions-interrupt", daemon=True).start()

    def _interrupt(self) -> None:
        try:
            body = StreamChunkAck(response_id=self._answer.speaking).SerializeToString()
            self._ack(body, timeout=INTERRUPTING, metadata=self._metadata)
            for _ in self._rpc:
                pass
        except (grpc.RpcError, ValueError):  # the latter where the channel was closed
            pass
        finally:
            self._rpc.cancel()


class AsyncEvents:
    """The items of a stream, for an event loop; otherwise as :class:`BlockingEvents`."""

    def __init__(
        self, rpc: Any, answer: StreamedAnswer, explain: Explain, ack: Any, metadata: tuple[Any, ...]
    ) -> None:
        self._rpc = rpc
        self._answer = answer
        self._explain = explain
        self._ack = ack
        self._metadata = metadata
        self._over = False

    async def wait(self) -> None:
        """Wait until there is something to tell; cancelling it cancels the call."""
        try:
            while not self._answer.ready:
                await self._receive()
        except (InvocationError, asyncio.CancelledError):
            self._over = True
            self._rpc.cancel()
            raise

    async def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        await self.wait()
        item = self._answer.next()
        assert item is not None  # noqa: S101 - there is one, or there was an error
        return item

    async def _receive(self) -> None:
        try:
            body = await self._rpc.read()
        except (grpc.RpcError, asyncio.CancelledError) as error:
            if was_cancelled(error):
                raise
            raise self._explain(error, self._answer.begun) from None  # its text is the server's
        if body is grpc.aio.EOF:
            self._over = True
            self._answer.end()
        else:
            self._answer.feed(body)

    def close(self) -> None:
        """Break off, if the answer has not ended; it does not wait."""
        if self._over:
            return
        self._over = True
        if self._answer.speaking is None:
            self._rpc.cancel()
        else:
            task = asyncio.get_running_loop().create_task(self._interrupt())
            _interrupting.add(task)
            task.add_done_callback(_interrupting.discard)

    async def _interrupt(self) -> None:
        try:
            body = StreamChunkAck(response_id=self._answer.speaking).SerializeToString()
            await self._ack(body, timeout=INTERRUPTING, metadata=self._metadata)
            while await self._rpc.read() is not grpc.aio.EOF:
                pass
        except (grpc.RpcError, grpc.aio.UsageError):  # the latter where the channel was closed
            pass
        except asyncio.CancelledError as error:
            if was_cancelled(error):
                raise
        finally:
            self._rpc.cancel()


def was_cancelled(error: BaseException) -> bool:
    """Tell whether it is the running task that was cancelled, and not the call because its channel closed."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


_interrupting: set[asyncio.Task[None]] = set()
"""A loop keeps no hold of its tasks."""
