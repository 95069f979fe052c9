"""The event-loop side of a fault server: connections, one task each."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

from mm_actions.testing.faults.channel import Channel, ClientLeftError
from mm_actions.testing.faults.player import ConnectionOverError, Player
from mm_actions.testing.faults.received import MalformedRequestError, RequestReader
from mm_actions.testing.faults.script import Cursor, Script, as_steps
from mm_actions.testing.faults.steps import (
    Answer,
    Close,
    HalfClose,
    NotExecuted,
    Reading,
    ReadRequest,
    Step,
    Wait,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from mm_actions.testing.faults.journal import Counts, Journal
    from mm_actions.testing.loop_thread import LoopThread

_PLAIN = {"Content-Type": "text/plain"}
_SCRIPT_FAILED = (NotExecuted(), Answer(500, body=b"script", headers=_PLAIN), Close())
# A close with more bytes on their way would turn into RST and take the answer with it.
_MALFORMED = (NotExecuted(), Answer(400, body=b"malformed", headers=_PLAIN), HalfClose(), Wait(0.5), Close())


class Service:
    """Serve accepted sockets as scripted.

    Args:
        thread: Where to run.
        journal: Where to write what was seen.
        script: For requests.
        on_connect: For new connections.
        ssl_context: For TLS.
        idle_timeout: Seconds until a connection without a request is closed.
    """

    def __init__(
        self,
        thread: LoopThread,
        journal: Journal,
        *,
        script: Script,
        on_connect: Script,
        ssl_context: ssl.SSLContext | None,
        idle_timeout: float | None,
    ) -> None:
        self._thread = thread
        self._journal = journal
        self.cursor = Cursor(script)
        self._connect_cursor = Cursor(on_connect)
        self._ssl_context = ssl_context
        self._idle_timeout = idle_timeout
        self._open: dict[asyncio.Task[None], Channel] = {}

    def accepted(self, sock: socket.socket) -> None:
        """Serve a new connection."""
        channel = Channel(sock, self._sent)
        number = self._journal.connect()

        def ended() -> None:
            channel.close()
            self._open.pop(task, None)
            self._journal.update(_disconnected)

        task = self._thread.spawn(self._serve(channel, number), ended)
        self._open[task] = channel

    async def drop(self, *, reset: bool) -> None:
        """End every open connection, with RST or FIN."""
        tasks = list(self._open)
        for task in tasks:
            self._open[task].resets = reset
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, channel: Channel, number: int) -> None:
        player = Player(channel, self._record, self._count_execution)
        served = 0
        try:
            greeting = RequestReader(channel, number=0, connection=number, number_on_connection=0)
            await player.play(as_steps(self._connect_cursor.advance()), greeting)
            if self._ssl_context is not None:
                await self._shake_hands(channel, self._ssl_context)
            while await self._has_request(channel):
                served += 1
                reader = RequestReader(
                    channel, number=self._journal.begin(), connection=number, number_on_connection=served
                )
                if not await self._exchange(player, reader):
                    break
            await player.play((Close(),), greeting)
        except (ConnectionOverError, ClientLeftError, OSError):
            pass  # what a script or a client does to a connection is no error of the server
        except Exception as error:  # noqa: BLE001 - whatever it was, the test shall hear of it
            self._note(error)

    async def _shake_hands(self, channel: Channel, context: ssl.SSLContext) -> None:
        try:
            await channel.start_tls(context)
        except ssl.SSLError as error:
            reason = error.reason or str(error)
            self._journal.update(lambda counts: counts.tls_failures.append(reason))
            raise

    async def _has_request(self, channel: Channel) -> bool:
        try:
            async with asyncio.timeout(self._idle_timeout):
                return bool(channel.buffer) or await channel.fill()
        except TimeoutError:
            return False

    async def _exchange(self, player: Player, reader: RequestReader) -> bool:
        try:
            steps = await self._choose(player, reader)
            return await player.play(steps, reader) and not reader.snapshot().wants_close
        except ClientLeftError:
            if not reader.complete:
                self._record(reader)
            raise
        except MalformedRequestError:
            self._record(reader)
            return await player.play(_MALFORMED, reader)

    async def _choose(self, player: Player, reader: RequestReader) -> Sequence[Step]:
        exchange = self.cursor.advance()
        if not callable(exchange):
            steps = as_steps(exchange)
            if steps and isinstance(steps[0], Reading):
                return steps
            return (ReadRequest(), *steps)
        await player.play((ReadRequest(),), reader)
        request = reader.snapshot()
        try:
            return as_steps(exchange(request, request.number))
        except Exception as error:  # noqa: BLE001 - it is the user's function
            self._note(error)
            return _SCRIPT_FAILED

    def _record(self, reader: RequestReader) -> None:
        request = reader.snapshot()
        if request.number:
            self._journal.record(request)

    def _count_execution(self, reader: RequestReader) -> None:
        key = reader.snapshot().idempotency_key
        self._journal.update(lambda counts: counts.ledger.update((key,)))

    def _sent(self, count: int) -> None:
        def add(counts: Counts) -> None:
            counts.bytes_sent += count

        self._journal.update(add)

    def _note(self, error: Exception) -> None:
        self._journal.update(lambda counts: counts.script_errors.append(error))


def _disconnected(counts: Counts) -> None:
    counts.open_connections -= 1
