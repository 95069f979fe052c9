"""ActionServer: actions in Python, behind the contract."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

from mm_actions.errors import ConfigurationError
from mm_actions.server.door.asgi import AsgiApp
from mm_actions.server.options import NAMES, ServerOptions
from mm_actions.server.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from mm_actions.contract.wire import ActionInfo
    from mm_actions.server.calls.host import Counts
    from mm_actions.server.registry import OnDisconnect
    from mm_actions.server.serving.running import ServerThread

T = TypeVar("T", bound="Callable[..., Any]")


class ActionServer:
    """Hosts actions.

    A handler takes a :class:`~mm_actions.Request` and a :class:`~mm_actions.Responder`, and answers by
    changing the responder, or by returning a responder or a dict of its members. Only what it adds or changes
    travels back. ``async def`` handlers run on the event loop, plain functions on a bounded pool of threads.
    Called at ``POST /action/stream``, what a handler has added leaves at every ``responder.flush()`` (awaited
    in a coroutine), and at every ``yield`` of a handler that is a generator.

    Args:
        options: The settings; see :class:`ServerOptions`.
        settings: Single settings by name, on top of those.

    Raises:
        ConfigurationError: A setting cannot work.
    """

    def __init__(self, options: ServerOptions | None = None, /, **settings: Any) -> None:
        self.registry = Registry()
        self._options = options if options is not None else ServerOptions()
        self._asgi: AsgiApp | None = None
        if settings:
            self.configure(**settings)

    @property
    def options(self) -> ServerOptions:
        """The settings."""
        return self._options

    @property
    def asgi(self) -> AsgiApp:
        """The ASGI application: for an ASGI server, or to mount in another application."""
        if self._asgi is None:
            self._asgi = AsgiApp(self.registry, self._options)
        return self._asgi

    def configure(self, **settings: Any) -> None:
        """Change settings, before :attr:`asgi` is first used.

        Raises:
            ConfigurationError: A setting is not known or cannot work, or it is too late.
        """
        if unknown := sorted(set(settings) - set(NAMES)):
            raise ConfigurationError(
                f"an action server has no setting {unknown[0]!r}; there are {', '.join(NAMES)}"
            )
        if self._asgi is not None:
            raise ConfigurationError("the server's settings are in use; configure it before `asgi` or `run`")
        self._options = replace(self._options, **settings)

    @overload
    def action(self, name: T, /) -> T: ...
    @overload
    def action(
        self,
        name: str | None = None,
        *,
        intents: Iterable[str] = (),
        idempotent: bool = False,
        timeout: float | None = None,
        description: str | None = None,
        deprecated: bool = False,
        version: str | None = None,
        on_disconnect: OnDisconnect = "cancel",
    ) -> Callable[[T], T]: ...
    def action(
        self,
        name: Any = None,
        *,
        intents: Iterable[str] = (),
        idempotent: bool = False,
        timeout: float | None = None,
        description: str | None = None,
        deprecated: bool = False,
        version: str | None = None,
        on_disconnect: OnDisconnect = "cancel",
    ) -> Any:
        """Register a handler: ``@server.action("place_order", intents=["order.place"])``.

        Arguments of the handler after the first two are filled from the entity of that role or type, the slot
        or the frame's member of that name, and converted to their types; what is missing or does not fit is a
        422 that names it.

        Args:
            name: The action's name; by default the function's.
            intents: The intents it is meant for, as ``domain.intent``, for the catalogue.
            idempotent: Whether repeating it does no harm; told in the catalogue, and a failure is then not
                kept by ``Idempotency-Key``.
            timeout: Seconds it may take; by default the server's ``timeout``.
            description: What it does; by default the first line of the function's docstring.
            deprecated: Whether callers should look for another.
            version: The version of the action.
            on_disconnect: What becomes of the handler when the caller of a stream leaves: ``"cancel"`` ends a
                coroutine at its next ``await`` and a plain function at its next ``responder.flush()``, which
                raises :exc:`~mm_actions.server.calls.streaming.CallAbandoned`; ``"finish"`` lets it go on.

        Raises:
            RegistrationError: The name is taken, or an argument cannot work.
        """
        if callable(name):
            self.registry.add(name)
            return name

        def register(handler: T) -> T:
            self.registry.add(
                handler,
                name,
                intents=intents,
                idempotent=idempotent,
                timeout=timeout,
                description=description,
                deprecated=deprecated,
                version=version,
                on_disconnect=on_disconnect,
            )
            return handler

        return register

    def catalogue(self) -> list[ActionInfo]:
        """Give the actions as ``GET /actions`` lists them."""
        return [action.info() for action in self.registry]

    def counts(self) -> Counts:
        """Tell the load: calls in progress, threads at work, waiting and abandoned."""
        return self.asgi.counts()

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        tls_cert: str | PathLike[str] | None = None,
        tls_key: str | PathLike[str] | None = None,
        tls_key_password: str | None = None,
        client_ca: str | PathLike[str] | None = None,
        grpc_port: int | None = None,
        listening: Callable[[str], None] | None = None,
    ) -> None:
        """Serve until SIGTERM or SIGINT; then withdraw readiness, close the port, answer calls in progress.

        A second signal closes the port at once, a third one gives up the calls in progress.

        Args:
            host: The address to listen on.
            port: The port; 0 takes a free one.
            tls_cert: PEM file of the certificate chain, to serve https.
            tls_key: PEM file of its private key.
            tls_key_password: The key's password.
            client_ca: PEM file of the authorities that client certificates must come from (mutual TLS).
            grpc_port: A second port, at which Rasa assistants are served over gRPC, with the same TLS.
            listening: Called with the url once the port is open.

        Raises:
            ConfigurationError: The address or a file cannot be used, or an extra is not installed.
        """
        from mm_actions.server.serving.running import run  # noqa: PLC0415 - uvicorn is an extra

        run(
            self,
            host,
            port,
            tls_cert=tls_cert,
            tls_key=tls_key,
            tls_key_password=tls_key_password,
            client_ca=client_ca,
            grpc_port=grpc_port,
            listening=listening,
        )

    def in_thread(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls_cert: str | PathLike[str] | None = None,
        tls_key: str | PathLike[str] | None = None,
        tls_key_password: str | None = None,
        client_ca: str | PathLike[str] | None = None,
        grpc_port: int | None = None,
    ) -> ServerThread:
        """Serve from a thread, for tests: ``with server.in_thread() as running: ... running.url``.

        The arguments are those of :meth:`run`.

        Raises:
            ConfigurationError: A file cannot be used, or an extra is not installed.
        """
        from mm_actions.server.serving import running  # noqa: PLC0415 - uvicorn is an extra

        tls: dict[str, Any] = {
            "tls_cert": tls_cert,
            "tls_key": tls_key,
            "tls_key_password": tls_key_password,
            "client_ca": client_ca,
        }
        config = running.config_of(self, **tls)
        grpc = None if grpc_port is None else running.grpc_of(self, host, grpc_port, **tls)
        return running.ServerThread(self, config, host, port, grpc)
