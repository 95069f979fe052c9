"""Serving on uvicorn: until a signal, or from a thread."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

from mm_actions.errors import ConfigurationError

try:
    import uvicorn

    from mm_actions.server.protocol import protocol_of
except ImportError as missing:
    raise ConfigurationError("serving actions needs uvicorn: pip install 'mm_actions[server]'") from missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike
    from types import FrameType

    from mm_actions.server.action_server import ActionServer

logger = logging.getLogger("mm_actions.server")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KEEP_ALIVE = 75
_PATIENCE = 10.0
_LINGER = 0.25
_HIGHEST_PORT = 65_535


class UvicornServer(uvicorn.Server):
    """A uvicorn that withdraws readiness before it closes its port, and ends with exit code 0.

    Args:
        server: The actions.
        config: What :func:`config_of` made.
        listening: Called with the url once the port is open.
    """

    def __init__(
        self,
        server: ActionServer,
        config: uvicorn.Config,
        listening: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._app = server.asgi
        self._drain = server.options.drain
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, and say so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            url = f"http{'s' if self.config.is_ssl else ''}://{f'[{host}]' if ':' in host else host}:{port}"
            logger.info("listening on %s", url)
            if self._listening is not None:
                self._listening(url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, but not on those who have come already."""
        loop = asyncio.get_running_loop()
        waiting = [connection for listener in sockets or () for connection in _accepted(listener)]
        for closing in (*self.servers, *(sockets or ())):
            closing.close()
        for connection in waiting:
            with contextlib.suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, connection, ssl=self.config.ssl)
        # A connection that is new may have a request on its way; one that was answered closes by itself.
        until = loop.time() + _LINGER
        while self.server_state.connections and not self.force_exit and loop.time() < until:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_LINGER / 25)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class  # typed as any asyncio.Protocol
        protocol: asyncio.Protocol = make(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )
        return protocol

    def stop(self) -> None:
        """Withdraw readiness, then close the port; asked again, at once; asked a third time, by force."""
        self._asked += 1
        self._app.drain()
        if self._asked > 1 or self._loop is None or not self.started:
            self.force_exit = self.should_exit
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._stop_later, self._loop)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal's handler
        """Stop on a signal."""
        logger.info("stopping on %s", signal.Signals(sig).name)
        self.stop()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals while serving; unlike uvicorn's own, do not raise them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(self._drain, self._stop_now)

    def _stop_now(self) -> None:
        self.should_exit = True


def run(
    server: ActionServer,
    host: str,
    port: int,
    *,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_key_password: str | None = None,
    client_ca: str | PathLike[str] | None = None,
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until a signal; see :meth:`ActionServer.run`."""
    config = config_of(
        server, tls_cert=tls_cert, tls_key=tls_key, tls_key_password=tls_key_password, client_ca=client_ca
    )
    with listen(host, port) as listener:
        UvicornServer(server, config, listening).run(sockets=[listener])


def config_of(
    server: ActionServer,
    *,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_key_password: str | None = None,
    client_ca: str | PathLike[str] | None = None,
) -> uvicorn.Config:
    """Make uvicorn's settings.

    Raises:
        ConfigurationError: A file of TLS cannot be used.
    """
    if (tls_cert is None) != (tls_key is None) or (client_ca is not None and tls_cert is None):
        raise ConfigurationError("tls_cert and tls_key go together, and client_ca needs them")
    config = uvicorn.Config(
        server.asgi,
        interface="asgi3",
        lifespan="on",
        http=protocol_of(server.options),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=max(1, math.ceil(server.options.grace)),
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
        ssl_keyfile_password=tls_key_password,
        ssl_ca_certs=None if client_ca is None else str(client_ca),
        ssl_cert_reqs=ssl.CERT_NONE if client_ca is None else ssl.CERT_REQUIRED,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise ConfigurationError(f"the TLS files cannot be used: {error}") from error
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return config


def listen(host: str, port: int) -> socket.socket:
    """Open a port.

    Raises:
        ConfigurationError: It cannot be opened.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise ConfigurationError(f"cannot listen on {host}:{port}: a port is a number up to {_HIGHEST_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error}") from error


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Accept all connections that the system has made for a listener, which would be reset by its closing."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setblocking(False)
        yield connection


class ServerThread:
    """An action server on a thread of its own, for tests.

    Args:
        server: The actions.
        config: What :func:`config_of` made.
        host: The address to listen on.
        port: The port; 0 takes a free one.

    Attributes:
        url: Where it is served.
    """

    def __init__(self, server: ActionServer, config: uvicorn.Config, host: str, port: int) -> None:
        self._server = server
        self._config = config
        self._address = host, port
        self._thread: threading.Thread | None = None
        self._uvicorn: UvicornServer | None = None
        self._started = threading.Event()
        self.url = ""

    def __enter__(self) -> Self:
        """Serve; return once the port is open."""
        listener = listen(*self._address)
        self._uvicorn = UvicornServer(self._server, self._config, self._announce)
        self._thread = threading.Thread(target=self._run, args=(self._uvicorn, listener), daemon=True)
        self._thread.start()
        if not self._started.wait(_PATIENCE) or not self.url:
            raise RuntimeError(f"the server did not start within {_PATIENCE:g} s")
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop without time to drain; calls in progress are answered."""
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.stop()
            self._uvicorn.should_exit = True
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                raise RuntimeError(f"the server did not stop within {_PATIENCE:g} s")

    def _announce(self, url: str) -> None:
        self.url = url
        self._started.set()

    def _run(self, uvicorn_server: UvicornServer, listener: socket.socket) -> None:
        try:
            with listener:
                uvicorn_server.run(sockets=[listener])
        finally:
            self._started.set()
