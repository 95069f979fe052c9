"""The events of a streamed call, handed from the handler to the caller: the bytes that would travel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mm_actions.core import exchange
from mm_actions.errors import InvocationError
from mm_actions.server.door.streamed_call import StreamedCall
from mm_actions.transports.http.event_stream import AsyncHttpEvents
from mm_actions.transports.in_process.waiting import judged, time_up, wait, wait_across

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from mm_actions.contract.events import Item
    from mm_actions.server.calls.host import Call, Host
    from mm_actions.server.calls.reply import Reply
    from mm_actions.transports.http.event_stream import Arrival
    from mm_actions.transports.in_process.waiting import Patience
    from mm_actions.transports.loop_thread import LoopThread

    Message = MutableMapping[str, Any]


class HandlerStream:
    """What a door would send, piece by piece; to be made on the event loop that runs the handler.

    The handler is at most one piece ahead of the reader.

    Args:
        host: Carries the call out.
        call: What is asked for.
        patience: The caller's.

    Attributes:
        status: The status, once it was opened.
        headers: The headers likewise, names in lower case.
    """

    status = 0
    headers: Mapping[str, str]

    def __init__(self, host: Host, call: Call, patience: Patience) -> None:
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Reply | bytes] = asyncio.Queue(1)
        self._left = asyncio.Event()
        self._call = StreamedCall(host, call, self._leaving)
        self._running = asyncio.ensure_future(self._run())

    async def open(self) -> None:
        """Wait until it is known how the answer begins.

        Raises:
            DeadlineExceeded: It was not known in time.
        """
        head = await self._next()
        self.status = head.status
        self.headers = headers_of(head)

    async def read(self) -> bytes:
        """Wait for the next piece; empty at the end.

        Raises:
            DeadlineExceeded: There was none in time.
        """
        return bytes(await self._next())

    def close(self) -> None:
        """Leave: the handler is told, as it would be by a connection that is closed."""
        if not self._left.is_set() and not self._loop.is_closed():
            self._left.set()
            while not self._pieces.empty():  # what waits for room goes on
                self._pieces.get_nowait()

    async def _next(self) -> Any:
        try:
            async with asyncio.timeout(self._patience.rest()):
                return await self._pieces.get()
        except TimeoutError:
            self.close()
            raise time_up(self._patience) from None

    async def _run(self) -> None:
        exchange.current.set(None)  # that of whoever calls is not this one
        try:
            reply = await self._call.carry_out(_head, self._take)
            if reply is not None:
                await self._put(reply)
                await self._put(reply.body)
        finally:
            await self._put(b"")

    async def _leaving(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._put(message["reply"])
        elif message["body"]:
            await self._put(message["body"])

    async def _put(self, piece: Reply | bytes) -> None:
        if not self._left.is_set():
            await self._pieces.put(piece)


class AsyncEvents(AsyncHttpEvents):
    """The items of a handler's stream, for the event loop that it runs on."""

    def __init__(self, stream: HandlerStream, arrival: Arrival, patience: Patience) -> None:
        super().__init__(stream, arrival)
        self._patience = patience

    async def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        try:
            return await super().next()
        except InvocationError as error:
            raise judged(error, self._patience) from error.__cause__


class _Elsewhere:
    """The items of a handler's stream that runs on the event loop of a thread.

    Args:
        events: The items, on that loop.
        thread: Runs it.
        patience: The caller's.
    """

    def __init__(self, events: AsyncEvents, thread: LoopThread, patience: Patience) -> None:
        self._events = events
        self._thread = thread
        self._patience = patience

    def close(self) -> None:
        """Break off, if the answer has not arrived."""
        self._thread.start(self._close())

    async def _close(self) -> None:
        self._events.close()


class Events(_Elsewhere):
    """Those items for a blocking caller."""

    def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        return wait(self._thread, self._events.next(), self._patience)


class EventsAcross(_Elsewhere):
    """Those items for another event loop."""

    async def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        return await wait_across(self._thread, self._events.next(), self._patience)


def headers_of(reply: Reply) -> dict[str, str]:
    """Give the headers of a reply, as a client has them."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.headers}
    return {"content-type": reply.media_type.decode("latin-1"), **headers}


def _head(reply: Reply) -> Message:
    return {"type": "http.response.start", "reply": reply}
