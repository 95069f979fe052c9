"""The connection of a request that uvicorn is serving, for the steps of a fault to be played on."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from mm_actions.testing.faults.channel import Channel, ClientLeftError
from mm_actions.testing.faults.player import ConnectionOverError, Player
from mm_actions.testing.sockets import CHUNK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from mm_actions.server.serving.protocol import ActionProtocol
    from mm_actions.testing.faults.received import RequestReader
    from mm_actions.testing.faults.steps import Step

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

EXTENSION = "mm_actions.connection"
_FAREWELL = 1.0


def exposing(protocol: type[ActionProtocol]) -> type[ActionProtocol]:
    """Give a protocol that tells the application, in the scope, on which connection a request came."""

    class ExposingProtocol(protocol):  # type: ignore[misc, valid-type] # a class made at run time
        def on_message_begin(self) -> None:
            super().on_message_begin()
            self.scope["extensions"] = {EXTENSION: {"protocol": self}}

    return cast("type[ActionProtocol]", ExposingProtocol)


class ServedConnection(Channel):
    """A connection whose request was read by uvicorn, and whose answer is written here.

    Args:
        scope: The request's.
        receive: Tells when the client leaves.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._protocol: ActionProtocol = scope["extensions"][EXTENSION]["protocol"]
        self._receive_message = receive
        self.resets = False

    async def play(self, steps: Sequence[Step]) -> None:
        """Play steps that do not read, then end the connection: uvicorn does not know what was sent."""
        player = Player(self, _nothing, _nothing)
        try:
            # The reader is asked for nothing but whether the request is whole, which it is.
            await player.play(steps, cast("RequestReader", _Whole()))
        except (ConnectionOverError, ClientLeftError):
            pass
        finally:
            self.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._left()
            self._protocol.transport.abort()

    async def send(self, data: bytes) -> None:
        """Send all of it, no faster than the client reads."""
        protocol = self._protocol
        for at in range(0, len(data), CHUNK):
            if protocol.transport.is_closing():
                raise ClientLeftError
            protocol.transport.write(data[at : at + CHUNK])
            await protocol.flow.drain()

    async def departure(self) -> None:
        """Wait until the client leaves.

        Raises:
            ClientLeftError: It has left.
        """
        await self._left()
        raise ClientLeftError

    async def half_close(self, *, notify: bool = True) -> None:
        """Leave the end to :meth:`close`: a TLS transport of asyncio has no half of it."""

    def close(self) -> None:
        """End the connection, with RST if :attr:`resets` says so."""
        transport = self._protocol.transport
        if not self.resets:
            transport.close()
            return
        # The option belongs to the connection, not to the descriptor: uvloop's own socket object has none.
        with suppress(OSError), socket.socket(fileno=os.dup(self._descriptor())) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def _descriptor(self) -> int:
        sock: socket.socket = self._protocol.transport.get_extra_info("socket")
        return sock.fileno()

    async def _left(self) -> None:
        while (await self._receive_message())["type"] != "http.disconnect":
            pass


class _Whole:
    """A request that was read to its end."""

    complete = True


def _nothing(_reader: object) -> None:
    """Keep no account."""
