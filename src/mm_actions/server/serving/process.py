"""One process that serves: the module imported, the settings applied, and what there is to say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mm_actions.core import exchange
from mm_actions.server.keys.store import MemoryKeys
from mm_actions.server.security import BasicUsers, BearerTokens, SignedBodies
from mm_actions.server.serving.access_log import AccessLog
from mm_actions.server.serving.listening import listen
from mm_actions.server.serving.loading import load_server
from mm_actions.server.serving.running import LINGER, UvicornServer, config_of, grpc_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn

    from mm_actions.server.action_server import ActionServer
    from mm_actions.server.grpc.serving import GrpcDoor
    from mm_actions.server.serving.settings import ServingSettings

_GUARDS = {BearerTokens: "bearer tokens", SignedBodies: "signatures", BasicUsers: "user names"}
_MARGIN = 5.0


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What a process says once it is ready.

    Attributes:
        url: Where it is reached over HTTP; empty before a port is open, and where none is.
        grpc_url: Likewise over gRPC.
        actions: The actions' names.
        doors: Methods by path.
        guards: What callers must show.
        keys_apart: Whether answers kept by ``Idempotency-Key`` are known to this process alone.
        patience: Seconds within which it ends once it is told to.
    """

    url: str = ""
    grpc_url: str = ""
    actions: tuple[str, ...]
    doors: dict[str, tuple[str, ...]]
    guards: tuple[str, ...]
    keys_apart: bool
    patience: float


class Prepared(NamedTuple):
    """A server that is ready to be run."""

    server: ActionServer
    config: uvicorn.Config
    served: Served
    grpc: GrpcDoor | None = None

    def announced(self, url: str) -> Served:
        """Say where it is reached, once it is."""
        grpc_url = "" if self.grpc is None else self.grpc.url
        return msgspec.structs.replace(self.served, url=url, grpc_url=grpc_url)


def prepare(reference: str, settings: ServingSettings) -> Prepared:
    """Import a module's server and apply settings to it.

    Raises:
        ConfigurationError: The module or a setting cannot work.
    """
    server = load_server(reference)
    settings.apply(server)
    if settings.access_log:
        exchange.install(AccessLog())
    password = settings.tls_key_password
    tls: dict[str, Any] = {
        "tls_cert": settings.tls_cert,
        "tls_key": settings.tls_key,
        "tls_key_password": None if password is None else password.reveal(),
        "client_ca": settings.client_ca,
    }
    config = config_of(server, **tls)
    grpc = None
    if settings.grpc_port is not None:
        grpc = grpc_of(server, settings.host, settings.grpc_port, **tls)
    options = server.options
    guards = [_GUARDS.get(type(guard), type(guard).__name__) for guard in options.guards]
    if settings.client_ca is not None:
        guards.append("client certificates")
    served = Served(
        actions=tuple(action.name for action in server.registry),
        doors=server.asgi.doors if settings.http else {},
        guards=tuple(guards),
        keys_apart=options.keys is None or isinstance(options.keys, MemoryKeys),
        patience=options.drain + LINGER + options.grace + _MARGIN,
    )
    return Prepared(server, config, served, grpc)


def serve(reference: str, settings: ServingSettings, announce: Callable[[Served], None]) -> None:
    """Serve in this process until a signal.

    Args:
        reference: As :func:`mm_actions.server.serving.loading.load_server` has it.
        settings: The settings.
        announce: Told what is served, once the port is open.

    Raises:
        ConfigurationError: The module, a setting or the port cannot work.
    """
    prepared = prepare(reference, settings)

    def listening(url: str) -> None:
        announce(prepared.announced(url))

    server, config = prepared.server, prepared.config
    if not settings.http:
        UvicornServer(server, config, listening, grpc=prepared.grpc).run(sockets=[])
        return
    with listen(settings.host, settings.port) as listener:
        UvicornServer(server, config, listening, grpc=prepared.grpc).run(sockets=[listener])
