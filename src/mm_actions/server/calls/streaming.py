"""An answer that leaves piece by piece while its handler is at work: what `responder.flush()` leads to.

A flush waits until the caller has room for more: in a coroutine it suspends, in a plain function it holds the
thread. So what a slow reader has not taken stays with the handler, and not in a buffer of the server.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.core.responder import DialogueResponder
from mm_actions.server.calls.changes import Flushed
from mm_actions.server.calls.driving import Departure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from concurrent.futures import Future

    from mm_actions.server.calls.arrival import Arrived
    from mm_actions.server.registry import Action

    Send = Callable[[Sequence[msgspec.Raw]], Awaitable[None]]


class CallAbandoned(Exception):
    """Nobody waits for the answer any more: the caller has left, or its time is up.

    ``responder.flush()`` raises it in a plain function, unless the action is registered with
    ``on_disconnect="finish"``. Clean up, and let it pass.
    """


class StreamedResponder(DialogueResponder):
    """A responder whose directives leave when it is told to flush."""

    _stream: Stream

    @classmethod
    def of(cls, responder: DialogueResponder, stream: Stream) -> StreamedResponder:
        """Make one with the members of another."""
        made = cls.__new__(cls)
        made.__dict__.update(responder.__dict__, _stream=stream)
        return made

    def flush(self) -> Awaitable[None]:
        """Send on what has been added so far; return when the caller has room for more.

        Raises:
            CallAbandoned: Nobody waits for the answer any more.
        """
        return self._stream.flush(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as a plain responder: a copy is not what the caller sees."""
        members = {name: value for name, value in vars(self).items() if name != "_stream"}
        return DialogueResponder, (), members


class Stream:
    """The way of a call's directives to its caller; to be made on the event loop that serves the call.

    Args:
        send: Hands over directives, each one as JSON, and returns when there is room for more.

    Attributes:
        departure: Says that the caller has left, if that is to end the handler.
        flushed: The directives that were flushed.
        sent: How many of them were handed over.
        left: Whether the caller has left.
        until: When the handler's time is up, on the event loop's clock.
        gave_way: Whether others have had their turn in a flush: what ``send`` waited for may say so.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._sending = asyncio.Lock()
        self._taking = threading.Lock()
        self._waiting: set[Future[None]] = set()
        self._over = False
        self._finish = False
        self.departure = Departure()
        self.flushed = Flushed()
        self.sent = 0
        self.left = False
        self.until = self._loop.time()
        self.gave_way = False

    def open(self, arrived: Arrived, action: Action, *, seconds: float, most: int) -> Arrived:
        """Begin with a handler.

        Args:
            arrived: The call.
            action: What is called.
            seconds: How long the handler may take.
            most: Bytes that may be flushed.

        Returns:
            The call, with a responder whose ``flush`` leads here.
        """
        self._finish = action.on_disconnect == "finish"
        self.flushed = Flushed(arrived.responder.directives, most)
        self.until = self._loop.time() + seconds
        if self.left:
            self.leave()
        responder = StreamedResponder.of(arrived.responder, self)
        return msgspec.structs.replace(arrived, responder=responder)

    def flush(self, responder: DialogueResponder) -> Awaitable[None]:
        """Hand over what a responder has got since the last time; any thread but the loop's own waits here.

        Raises:
            CallAbandoned: Nobody waits for the answer any more.
            BadResult: There is something that JSON cannot carry, or too much.
        """
        if threading.get_ident() == self._thread:
            return self._flush(responder)
        if not self._over:
            self._take(responder)
            waiting = asyncio.run_coroutine_threadsafe(self._hand_over(), self._loop)
            self._waiting.add(waiting)
            try:
                waiting.result()
            except CancelledError:
                pass  # the call is over
            finally:
                self._waiting.discard(waiting)
        self._check()
        return DialogueResponder.flush(responder)

    def leave(self) -> None:
        """Note that the caller has left; not to be called by what ``send`` does, but soon after."""
        self.left = True
        self.close()
        if not self._finish:
            self.departure.announce()

    def give_up(self) -> None:
        """End the handler, whatever it is registered with."""
        self.close()
        self.departure.announce()

    def close(self) -> None:
        """Take no more: the call has been answered, or nobody waits for it."""
        self._over = True
        for waiting in tuple(self._waiting):
            waiting.cancel()

    async def _flush(self, responder: DialogueResponder) -> None:
        self.gave_way = False
        if not self._over:
            self._take(responder)
            await self._hand_over()
        if not self.gave_way:
            # A handler that waits for nothing else lets others have their turn, and learns who has left.
            await asyncio.sleep(0)
        self._check()

    def _take(self, responder: DialogueResponder) -> None:
        with self._taking:
            self.flushed.add(responder.directives)

    async def _hand_over(self) -> None:
        async with self._sending:  # one after the other, in order
            count = len(self.flushed.written)
            if self.sent < count and not self._over:
                await self._send(self.flushed.written[self.sent : count])
                self.sent = count

    def _check(self) -> None:
        if self._over and not self._finish:
            raise CallAbandoned
