"""Serving on uvicorn: until a signal, or from a thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import math
import signal
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

from mm_actions.errors import ConfigurationError
from mm_actions.server.serving.listening import accepted, listen, turn_away, url_of

try:
    import uvicorn

    from mm_actions.server.serving.protocol import ActionProtocol, protocol_of
except ImportError as missing:
    raise ConfigurationError("serving actions needs uvicorn: pip install 'mm_actions[server]'") from missing

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from os import PathLike
    from types import FrameType

    from mm_actions.server.action_server import ActionServer
    from mm_actions.server.grpc.serving import GrpcDoor

logger = logging.getLogger("mm_actions.server")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KEEP_ALIVE = 75
_PATIENCE = 10.0
LINGER = 1.5
"""Seconds for which a connection that is new, or was used last, may still bring a request."""
_LINGER_IN_THREAD = 0.25
_HANDSHAKE = 0.05
"""Seconds that a client which has begun to connect may take to come through, after the last could begin."""
_TICK = 0.01


class UvicornServer(uvicorn.Server):
    """A uvicorn that withdraws readiness before it closes its port, and ends with exit code 0.

    Args:
        server: The actions.
        config: What :func:`config_of` made.
        listening: Called with the url once the port is open.
        linger: Seconds that clients which have come, or were answered last, have to send a request after the
            port is closed.
        shares_port: Whether other processes have the port open as well, and take those who wait at it when
            this one stops; such a process leaves SIGINT to the one that started it.
        grpc: A port for gRPC, to be open for as long as that of HTTP.
    """

    def __init__(
        self,
        server: ActionServer,
        config: uvicorn.Config,
        listening: Callable[[str], None] | None = None,
        *,
        linger: float = LINGER,
        shares_port: bool = False,
        grpc: GrpcDoor | None = None,
    ) -> None:
        super().__init__(config)
        self._grpc = grpc
        self._grace = server.options.grace
        self._withdrawing: asyncio.Task[None] | None = None
        self._linger = linger
        self._shares_port = shares_port
        self._app = server.asgi
        self._drain = server.options.drain
        self._listening = listening
        self._loop: asyncio.AbstractEventLoop | None = None
        self._urgency = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, and say so."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self._grpc is not None and self.started:
            await self._open(self._grpc, sockets)
        if threading.current_thread() is threading.main_thread():
            # What is loaded by now stays; the garbage collector need not look at it again, call after call.
            gc.collect()
            gc.freeze()
        if self.started:
            url = url_of(sockets[0], tls=self.config.is_ssl) if sockets else ""
            urls = [url, "" if self._grpc is None else self._grpc.url]
            if not self._shares_port:
                logger.info("listening on %s", " and ".join(filter(None, urls)))
            if self._listening is not None:
                self._listening(url)

    async def _open(self, grpc: GrpcDoor, sockets: list[socket.socket] | None) -> None:
        try:
            await grpc.open(shared=self._shares_port)
        except ConfigurationError:
            await super().shutdown(sockets)
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the port, but not on those who have come already."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        ending = None if self._grpc is None else loop.create_task(self._grpc.close(self._grace))
        listeners = [] if self._shares_port else sockets or []
        if any([turn_away(listener) for listener in listeners]):  # noqa: C419 - every one of them
            await asyncio.sleep(min(_HANDSHAKE, self._linger / 25))
        waiting = [connection for listener in listeners for connection in accepted(listener)]
        for closing in (*self.servers, *(sockets or ())):
            closing.close()
        greeted = [loop.create_task(self._greet(connection)) for connection in waiting]
        until = loop.time() + self._linger
        while not self.force_exit and (now := loop.time()) < until:
            if not self._expects(now) and all(greeting.done() for greeting in greeted):
                break
            await asyncio.sleep(_TICK)  # uvicorn has no event for it
        for greeting in greeted:
            greeting.cancel()
        if self._grpc is not None and ending is not None:
            while not ending.done():
                if self.force_exit:
                    await self._grpc.close(0)
                await asyncio.sleep(_TICK)  # as above
            await ending
            rest = self._grace - (loop.time() - began)
            self.config.timeout_graceful_shutdown = max(1, math.ceil(rest))
        await super().shutdown(sockets)

    async def _greet(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection, ssl=self.config.ssl
            )

    def _expects(self, now: float) -> bool:
        """Tell whether a client may be about to send a request, not knowing that the server is stopping."""
        known: type[ActionProtocol] = self.config.http_protocol_class  # type: ignore[assignment] # by config_of
        return any(protocol.expects(now - self._linger) for protocol in tuple(known.everyone))

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class  # typed as any asyncio.Protocol
        protocol: asyncio.Protocol = make(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )
        return protocol

    def stop(self, urgency: int | None = None, *, for_good: bool = False) -> None:
        """Withdraw readiness, then close the port.

        Args:
            urgency: 1 leaves the time to drain, 2 closes the port at once, 3 gives up calls in progress; None
                is one more than before.
            for_good: Nobody goes on with a port that was shared.
        """
        self._shares_port = self._shares_port and not for_good
        if self._shares_port:
            self._app.retire()
        else:
            self._app.drain()
        urgency = self._urgency + 1 if urgency is None else urgency
        if urgency <= self._urgency:
            return
        self._urgency = urgency
        if urgency > 1 or self._loop is None or not self.started:
            self.force_exit = self.should_exit
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._stop_later, self._loop)

    def give_way(self) -> None:
        """Stop at once, but answer calls in progress: another process that shares the port goes on."""
        self._app.retire()
        for listening in self.servers:
            listening.close()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal's handler
        """Stop on a signal."""
        logger.info("stopping on %s", signal.Signals(sig).name)
        self.stop(1 if self._shares_port else None)  # it may go to all processes, and come from each as well

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals while serving; unlike uvicorn's own, do not raise them again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM,) if self._shares_port else _SIGNALS
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(self._drain, self._stop_now)
        if self._grpc is not None:
            self._withdrawing = loop.create_task(self._grpc.withdraw())

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
    grpc_port: int | None = None,
    listening: Callable[[str], None] | None = None,
) -> None:
    """Serve until a signal; see :meth:`ActionServer.run`."""
    config = config_of(
        server, tls_cert=tls_cert, tls_key=tls_key, tls_key_password=tls_key_password, client_ca=client_ca
    )
    grpc = None
    if grpc_port is not None:
        grpc = grpc_of(
            server,
            host,
            grpc_port,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_key_password=tls_key_password,
            client_ca=client_ca,
        )
    with listen(host, port) as listener:
        UvicornServer(server, config, listening, grpc=grpc).run(sockets=[listener])


def grpc_of(
    server: ActionServer,
    host: str,
    port: int,
    *,
    tls_cert: str | PathLike[str] | None = None,
    tls_key: str | PathLike[str] | None = None,
    tls_key_password: str | None = None,
    client_ca: str | PathLike[str] | None = None,
) -> GrpcDoor:
    """Make a server's port for gRPC; it is opened later.

    Raises:
        ConfigurationError: A file of TLS cannot be used, or grpcio is not installed.
    """
    from mm_actions.server.grpc.serving import GrpcDoor, GrpcTls  # noqa: PLC0415 - grpcio is an extra

    tls = None
    if tls_cert is not None and tls_key is not None:
        tls = GrpcTls.read(tls_cert, tls_key, tls_key_password, client_ca)
    return GrpcDoor(server.asgi, server.options, host, port, tls)


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
    if server.options.mcp:
        from mm_actions.server.mcp.door import answer_to_the_end  # noqa: PLC0415 - an extra

        answer_to_the_end()
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


class ServerThread:
    """An action server on a thread of its own, for tests.

    Args:
        server: The actions.
        config: What :func:`config_of` made.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        grpc: A port for gRPC, if there is to be one.

    Attributes:
        url: Where it is served.
    """

    def __init__(
        self,
        server: ActionServer,
        config: uvicorn.Config,
        host: str,
        port: int,
        grpc: GrpcDoor | None = None,
    ) -> None:
        self._server = server
        self._grpc = grpc
        self._config = config
        self._address = host, port
        self._thread: threading.Thread | None = None
        self._uvicorn: UvicornServer | None = None
        self._started = threading.Event()
        self.url = ""

    def __enter__(self) -> Self:
        """Serve; return once the port is open."""
        listener = listen(*self._address)
        self._uvicorn = UvicornServer(
            self._server, self._config, self._announce, linger=_LINGER_IN_THREAD, grpc=self._grpc
        )
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

    @property
    def grpc_url(self) -> str:
        """Where it is served over gRPC; empty if it is not."""
        return "" if self._grpc is None else self._grpc.url

    def _announce(self, url: str) -> None:
        self.url = url
        self._started.set()

    def _run(self, uvicorn_server: UvicornServer, listener: socket.socket) -> None:
        try:
            with listener:
                uvicorn_server.run(sockets=[listener])
        finally:
            self._started.set()
