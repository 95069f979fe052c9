"""The server that `record` and `replay` speak to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mm_actions.transports.http.engine import EngineOptions
from mm_actions.transports.http.factory import create_engine
from mm_actions.transports.http.tls import TlsMaterial
from mm_actions.transports.http.transport import ACTION_PATH

if TYPE_CHECKING:
    import ssl

    from mm_actions.config import ServerSettings
    from mm_actions.transports.http.engine import Engine

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A server.

    Attributes:
        scheme: http or https.
        host: Its name or address.
        port: Its port.
        base: What goes before every path, without a slash at its end.
        tls: How to speak TLS; None for http.
        connect_timeout: Seconds to connect, TLS included.
    """

    scheme: str
    host: str
    port: int
    base: str
    tls: ssl.SSLContext | None
    connect_timeout: float

    @classmethod
    def of(cls, settings: ServerSettings) -> Upstream:
        """Read a server's settings; a url that ends with ``/action`` means the server that has it.

        Raises:
            ConfigurationError: A TLS file cannot work.
        """
        parts = urlsplit(settings.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        return cls(
            scheme=parts.scheme,
            host=host if host.isascii() else host.encode("idna").decode(),
            port=parts.port or _PORTS[parts.scheme],
            base=_base(parts.path),
            tls=_material(settings).ssl_context() if secure else None,
            connect_timeout=settings.connect_timeout,
        )

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"{self.scheme}://{self.authority}{self.base}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection.

        Raises:
            OSError: There is none; a TimeoutError is one too.
        """
        async with asyncio.timeout(self.connect_timeout):
            return await asyncio.open_connection(
                self.host, self.port, ssl=self.tls, server_hostname=self.host if self.tls else None
            )


def server_of(url: str) -> str:
    """Give what goes before the path of every request, of a url that may end with ``/action``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{_base(parts.path)}"


def engine_for(settings: ServerSettings) -> Engine:
    """Make an engine for a server.

    Raises:
        ConfigurationError: A TLS file cannot work, or a library is missing.
    """
    options = EngineOptions(
        connect_timeout=settings.connect_timeout,
        tls=_material(settings),
        max_response_bytes=settings.max_response_bytes,
        proxy=settings.proxy,
    )
    return create_engine(settings.engine, options)


def _base(path: str) -> str:
    return path.rstrip("/").removesuffix(ACTION_PATH)


def _material(settings: ServerSettings) -> TlsMaterial:
    password = settings.private_key_password
    return TlsMaterial.load(
        ca=settings.cert,
        certificate=settings.public_key,
        private_key=settings.private_key,
        password=password.reveal() if password else None,
        verify=settings.verify,
    )
