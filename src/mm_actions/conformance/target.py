"""The server that is looked at: where it is, and what it wants to be shown."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlsplit

from mm_actions.config import BearerAuth, HmacAuth
from mm_actions.conformance.check import Level  # noqa: TC001 - named in the options' annotations
from mm_actions.transports.http.auth import SIGNATURE, fixed_headers, signature
from mm_actions.transports.http.tls import TlsMaterial

if TYPE_CHECKING:
    import ssl

    from mm_actions.config import ServerSettings
    from mm_actions.conformance.exchange import Headers

ACTION_PATH = "/action"
MEBIBYTE = 1024 * 1024
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceOptions:
    """What the kit is told about a run.

    Attributes:
        level: ``core`` for the checks that every server passes, ``full`` for all of them.
        action: A known action, safe to be called often; None for the first idempotent one of the catalogue.
        only: Ids of the checks to make; all of the level when empty.
        path: Where actions are posted, if the url does not say.
        idempotent: The server honours ``Idempotency-Key``; what it does not keep is a failure, no skip.
        max_body: Bytes of the largest body that the server takes.
        wait: Seconds to wait for one answer.
        timeout: Seconds for the whole run.
    """

    level: Level = "full"
    action: str | None = None
    only: tuple[str, ...] = ()
    path: str | None = None
    idempotent: bool = False
    max_body: int = 16 * MEBIBYTE
    wait: float = 10.0
    timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A server.

    Attributes:
        settings: How it is reached.
        scheme: http or https.
        host: Its name or address.
        port: Its port.
        path: Where actions are posted.
        tls: How to speak TLS; None for http.
        anonymous_tls: The same without a client certificate.
    """

    settings: ServerSettings
    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None = None
    anonymous_tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, settings: ServerSettings, path: str | None = None) -> Self:
        """Make a target of a server's settings.

        Args:
            settings: Its url, TLS files, headers and credentials; a url without a path means ``/action``.
            path: Where actions are posted, instead of the url's path.

        Raises:
            ConfigurationError: A TLS file cannot work.
        """
        parts = urlsplit(settings.url)
        scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
        given = path if path is not None else parts.path.rstrip("/")
        query = f"?{parts.query}" if parts.query and path is None else ""
        return cls(
            settings=settings,
            scheme=scheme,
            host=parts.hostname or "",
            port=parts.port or _PORTS[scheme],
            path=f"/{(given or ACTION_PATH).lstrip('/')}{query}",
            tls=_context(settings) if scheme == "https" else None,
            anonymous_tls=_context(settings, client=False) if scheme == "https" else None,
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def beside(self, path: str) -> str:
        """Give the path of an operation other than the action's, such as ``/healthz``."""
        return self.path.partition("?")[0].rstrip("/").removesuffix(ACTION_PATH) + path

    @property
    def bearer(self) -> str | None:
        """The bearer token."""
        auth = self.settings.auth
        return auth.token.reveal() if isinstance(auth, BearerAuth) else None

    @property
    def hmac_secret(self) -> str | None:
        """The secret that bodies are signed with."""
        auth = self.settings.auth
        return auth.secret.reveal() if isinstance(auth, HmacAuth) else None

    def credentials(self, body: bytes) -> Headers:
        """Give the headers that let a request in: those that were given, and a token or a signature."""
        return (*self.settings.headers, *fixed_headers(self.settings), *self.signed(body))

    def signed(self, body: bytes, *, age: int = 0) -> Headers:
        """Sign a body, as of so many seconds ago; nothing if the server asks for no signature."""
        if self.hmac_secret is None:
            return ()
        return ((SIGNATURE, signature(self.hmac_secret.encode(), body, int(time.time()) - age)),)


def _context(settings: ServerSettings, *, client: bool = True) -> ssl.SSLContext:
    password = settings.private_key_password
    return TlsMaterial.load(
        ca=settings.cert,
        certificate=settings.public_key if client else None,
        private_key=settings.private_key if client else None,
        password=password.reveal() if password and client else None,
        verify=settings.verify,
    ).ssl_context()
