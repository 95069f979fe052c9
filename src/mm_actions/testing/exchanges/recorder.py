"""A proxy that writes down what passes through it."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mm_actions.server.serving.listening import listen
from mm_actions.testing.exchanges.redaction import Redaction
from mm_actions.testing.exchanges.relay import Relay
from mm_actions.testing.exchanges.upstream import Upstream
from mm_actions.testing.faults.channel import Channel, ClientLeftError
from mm_actions.testing.loop_thread import LoopThread
from mm_actions.testing.sockets import Listener

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable

    from mm_actions.config import ServerSettings
    from mm_actions.testing.exchanges.exchange import Exchange
    from mm_actions.testing.exchanges.folder import Shelf
    from mm_actions.testing.exchanges.testimony import Testimony

logger = logging.getLogger("mm_actions.testing")

_HANDSHAKE = 10.0
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderOptions:
    """Bounds of a recorder.

    Attributes:
        max_body: Bytes of a body that are written down; a larger one passes, and its file says so.
        max_exchanges: Exchanges that are written down; what comes later passes all the same.
        max_connections: Connections at once; further ones are closed.
        idle: Seconds that a connection may be without a request.
        seconds: Seconds that an exchange may take.
        grace: Seconds that exchanges in progress have to end when the recorder is closed.
    """

    max_body: int = MEBIBYTE
    max_exchanges: int = 10_000
    max_connections: int = 1000
    idle: float = 75.0
    seconds: float = 300.0
    grace: float = 5.0


class Recorder:
    """Passes connections on to a server, byte for byte, and writes each exchange into a file.

    Only the Host header is changed, and the path if the server's url has one. It runs on a thread of its own.

    Args:
        settings: The server: its url, and its TLS files and timeouts.
        shelf: Where the files go.
        redaction: What is secret besides what is known to be.
        ssl_context: Serve TLS with it.
        host: The address to listen on.
        port: The port; 0 lets the system choose.
        options: The bounds.
        on_exchange: Told the file and the exchange that has been written, on the recorder's thread.
        tell: Told what goes wrong, on the recorder's thread; by default the log is.

    Raises:
        ConfigurationError: A TLS file cannot work.
    """

    def __init__(
        self,
        settings: ServerSettings,
        shelf: Shelf,
        *,
        redaction: Redaction | None = None,
        ssl_context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        options: RecorderOptions | None = None,
        on_exchange: Callable[[str, Exchange], None] | None = None,
        tell: Callable[[str], None] = logger.warning,
    ) -> None:
        self._on_exchange = on_exchange
        self._tell = tell
        self._upstream = Upstream.of(settings)
        self._shelf = shelf
        self._redaction = redaction or Redaction()
        self._tls = ssl_context
        self._address = (host, port)
        self._options = options or RecorderOptions()
        self._thread = LoopThread("mm-recorder")
        self._listener: Listener | None = None
        self._quiet = threading.Condition()
        self._connections = 0
        self._busy = 0
        self._began = 0
        self._written = 0

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        host, port = self._address
        return f"http{'s' if self._tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def upstream(self) -> str:
        """The server's base address."""
        return self._upstream.url

    @property
    def written(self) -> int:
        """How many exchanges were written down."""
        return self._written

    def start(self) -> Self:
        """Listen; return once connections are accepted.

        Raises:
            ConfigurationError: The port cannot be used.
        """
        host, port = self._address
        # A listener that can refuse shares its port, which must not mean sharing it with another server.
        with listen(host, port) as probe:
            address = probe.getsockname()[0]
        self._listener = listener = Listener(address, port, self._accepted)
        self._address = (listener.host, listener.port)
        self._thread.start()

        async def open_port() -> None:
            listener.open()

        self._thread.call(open_port)
        return self

    def close(self) -> None:
        """Take no more connections, let exchanges in progress end, and end the rest."""
        if self._listener is None:
            return
        if self._thread.running:
            self._thread.call(self._listener.refuse)
            with self._quiet:
                self._quiet.wait_for(lambda: not self._busy, self._options.grace)
        self._thread.stop()
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> int:
        """Count an exchange that begins, and give it a number; 0 if it is not to be written down."""
        with self._quiet:
            self._busy += 1
        self._began += 1
        if self._began == self._options.max_exchanges + 1:
            self._tell(f"{self._options.max_exchanges} exchanges were recorded; what comes now is not")
        return self._shelf.take_number() if self._began <= self._options.max_exchanges else 0

    def write(self, number: int, testimony: Testimony) -> None:
        """Write an exchange down; that it cannot be is told, and does not disturb the exchange."""
        if not number:
            return
        try:
            exchange = testimony.written(self._redaction)
            path = self._shelf.put(number, exchange)
        except Exception as error:  # noqa: BLE001 - what cannot be written down is no reason to stop what passes
            said = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            self._tell(f"an exchange cannot be written into {self._shelf.folder}: {said}")
            return
        self._written += 1
        if self._on_exchange is not None:
            self._on_exchange(path.name, exchange)

    def end(self) -> None:
        """Count an exchange that has ended."""
        with self._quiet:
            self._busy -= 1
            self._quiet.notify_all()

    def tell(self, text: str) -> None:
        """Say what went wrong."""
        self._tell(text)

    def _accepted(self, sock: socket.socket) -> None:
        channel = Channel(sock, _uncounted)
        if self._connections >= self._options.max_connections:
            channel.close()
            return
        self._connections += 1

        def ended() -> None:
            self._connections -= 1
            channel.close()

        self._thread.spawn(self._serve(channel), ended)

    async def _serve(self, channel: Channel) -> None:
        try:
            if self._tls is not None:
                async with asyncio.timeout(_HANDSHAKE):
                    await channel.start_tls(self._tls)
        except (ClientLeftError, OSError) as error:  # an SSLError is an OSError, and so is a TimeoutError
            logger.info("a handshake failed: %s", error)
            return
        options = self._options
        relay = Relay(
            channel, self._upstream, self, most=options.max_body, idle=options.idle, seconds=options.seconds
        )
        await relay.run()


def _uncounted(_count: int) -> None:
    """Keep no account of bytes."""
