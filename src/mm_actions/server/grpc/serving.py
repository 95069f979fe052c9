"""A port for gRPC: opened beside that of HTTP, in the same process and on the same event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mm_actions.errors import ConfigurationError

try:
    import grpc
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

    from mm_actions.dialects.rasa.proto import SERVICE
    from mm_actions.server.grpc.service import ActionService
except ImportError as missing:
    raise ConfigurationError("serving gRPC needs grpcio: pip install 'mm_actions[grpc]'") from missing

if TYPE_CHECKING:
    from os import PathLike

    from mm_actions.server.door.asgi import AsgiApp
    from mm_actions.server.options import ServerOptions

NAMES = ("", "ActionServer", SERVICE)
"""What a health check may ask for: the server, the name that Rasa gives it, and its service."""
_ENVELOPE = 64 * 1024
_FAREWELL = 0.25
"""Seconds in which the last answers leave."""


class GrpcTls(NamedTuple):
    """What a server shows to its callers, and asks of them.

    Attributes:
        certificate: The chain, PEM.
        key: Its private key, PEM, not encrypted.
        client_ca: The authorities that client certificates must come from, PEM; None asks for none.
    """

    certificate: bytes
    key: bytes
    client_ca: bytes | None

    @classmethod
    def read(
        cls,
        certificate: str | PathLike[str],
        key: str | PathLike[str],
        password: str | None = None,
        client_ca: str | PathLike[str] | None = None,
    ) -> GrpcTls:
        """Read files; gRPC itself cannot open an encrypted key.

        Raises:
            ConfigurationError: One cannot be read, or the password does not open the key.
        """
        try:
            given = None if password is None else password.encode()
            opened = load_pem_private_key(Path(key).read_bytes(), given)
            return cls(
                Path(certificate).read_bytes(),
                opened.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
                None if client_ca is None else Path(client_ca).read_bytes(),
            )
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"the TLS files cannot be used: {error}") from error


class GrpcDoor:
    """Serves the actions of an application over gRPC.

    Args:
        app: The application.
        options: The limits.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        tls: To serve with TLS.

    Attributes:
        url: Where it is reached; empty before it is open.
    """

    def __init__(
        self, app: AsgiApp, options: ServerOptions, host: str, port: int, tls: GrpcTls | None = None
    ) -> None:
        self._app = app
        self._options = options
        self._address = host, port
        self._tls = tls
        self.url = ""

    async def open(self, *, shared: bool = False) -> None:
        """Open the port, and serve.

        Args:
            shared: Other processes have it open as well.

        Raises:
            ConfigurationError: It cannot be opened.
        """
        self._service = ActionService(self._app)
        self._server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", int(shared)),
                ("grpc.max_receive_message_length", self._options.max_body),
                ("grpc.max_send_message_length", self._options.max_answer + _ENVELOPE),
                ("grpc.max_metadata_size", self._options.max_head),
            ]
        )
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers((self._service.handler(),))
        host, port = self._address
        shown = f"[{host}]" if ":" in host else host
        try:
            if self._tls is None:
                port = self._server.add_insecure_port(f"{shown}:{port}")
            else:
                port = self._server.add_secure_port(f"{shown}:{port}", _credentials(self._tls))
        except RuntimeError as error:
            raise ConfigurationError(f"cannot listen on {shown}:{port}: {error}") from error
        await self._server.start()
        for name in NAMES:
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self.url = f"grpc{'s' if self._tls else ''}://{shown}:{port}"

    async def withdraw(self) -> None:
        """Tell who asks that this server is stopping; calls are still carried out."""
        await self._health.enter_graceful_shutdown()

    async def close(self, grace: float) -> None:
        """Take no more calls, and end those in progress; who has not ended then is cancelled.

        Args:
            grace: Seconds that they have.
        """
        await self.withdraw()
        stopping = asyncio.ensure_future(self._server.stop(grace))
        await self._service.finish(grace)
        await asyncio.wait((stopping,), timeout=_FAREWELL)
        await self._server.stop(0)  # who watches this server's health would do so to the end of the grace
        await stopping


def _credentials(tls: GrpcTls) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials(
        [(tls.key, tls.certificate)],
        root_certificates=tls.client_ca,
        require_client_auth=tls.client_ca is not None,
    )
