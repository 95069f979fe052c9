"""Which room a server's url belongs to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mm_actions.config import address
from mm_actions.transports.http.engine import EngineOptions
from mm_actions.transports.http.transport import HttpTransport

if TYPE_CHECKING:
    from mm_actions.config import ServerSettings
    from mm_actions.core.transport import Transport
    from mm_actions.transports.http.engine import Engine
    from mm_actions.transports.http.tls import TlsSource

_ROOMS = {
    **dict.fromkeys(address.RASA, "rasa"),
    **dict.fromkeys(address.GRPC, "grpc"),
    **dict.fromkeys((*address.MCP, address.MCP_STDIO), "mcp"),
    address.PYTHON: "in_process",
}
"""The room of each scheme that is not of the contract itself; its ``transport`` has ``open_transport``."""


def open_transport(settings: ServerSettings) -> Transport:
    """Make the transport for a server; the scheme of its url decides which.

    Raises:
        ConfigurationError: Certificates or keys cannot be used, or a library is missing.
    """
    room = _ROOMS.get(address.scheme_of(settings.url))
    if room is None:
        return open_http(settings)
    transport: Transport = import_module(f"mm_actions.transports.{room}.transport").open_transport(settings)
    return transport


def open_http(settings: ServerSettings) -> HttpTransport:
    """Make the HTTP transport for a server.

    Raises:
        ConfigurationError: As :func:`open_transport`.
    """
    return HttpTransport(settings, open_engine(settings))


def open_engine(settings: ServerSettings) -> Engine:
    """Make what carries the requests to a server over HTTP.

    Raises:
        ConfigurationError: As :func:`open_transport`.
    """
    from mm_actions.transports.http.factory import create_engine  # noqa: PLC0415 - loads libcurl

    options = EngineOptions(
        connect_timeout=settings.connect_timeout,
        tls=tls_of(settings),
        max_response_bytes=settings.max_response_bytes,
        proxy=settings.proxy,
    )
    return create_engine(settings.engine, options)


def tls_of(settings: ServerSettings) -> TlsSource:
    """Give the certificates and keys that a server is reached with.

    Raises:
        ConfigurationError: They cannot be used.
    """
    from mm_actions.transports.http.tls import TlsSource  # noqa: PLC0415 - loads cryptography

    password = settings.private_key_password
    return TlsSource(
        ca=settings.cert,
        crl=settings.crl,
        certificate=settings.public_key,
        private_key=settings.private_key,
        password=password.reveal() if password else None,
        verify=settings.verify,
    )
