"""The settings of servers, and which action lives where. Frozen, hashable, no secret in a repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from mm_actions.errors import ConfigurationError
from mm_actions.resilience import ResilienceSettings

if TYPE_CHECKING:
    from mm_actions.config.in_process import PythonSettings
    from mm_actions.config.mcp import McpSettings
    from mm_actions.config.rasa import RasaSettings
    from mm_actions.config.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class BearerAuth:
    """A token in the Authorization header (RFC 6750)."""

    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """A user name and a password in the Authorization header (RFC 7617)."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacAuth:
    """A signature of the body in ``X-MM-Signature``, as the contract's ``hmacSignature`` describes."""

    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How to reach one server.

    Attributes:
        url: Where actions are reached, such as ``https://host:8443/action``; the scheme says by which way.
        cert: File with the certificates of the authorities to trust (PEM); None for the system's.
        crl: File with the revocation lists of every authority in the server's chain (PEM); None asks nobody.
        public_key: File with the client's certificate, and its key if ``private_key`` is not given (PEM).
        private_key: File with the client's key (PEM).
        private_key_password: Password of an encrypted key.
        verify: Whether to check the server's certificate. False needs ``insecure_dev`` too.
        insecure_dev: Admits that this is a development set-up whose server may be anyone.
        timeout: Seconds for a whole call, retries included.
        connect_timeout: Seconds to connect, TLS included.
        retries: Further attempts after one that never reached the server, or that carried an idempotency key.
        hedge_after: Seconds after which a second attempt goes out beside one that has brought no answer; the
            first answer counts. For calls with an idempotency key only. None never does so.
        idempotent: The server honours ``Idempotency-Key``, so that a call may be repeated without harm; or
            the names of the actions for which it does.
        headers: Further headers.
        auth: Credentials.
        history: How many of the newest turns are sent; None for all.
        engine: ``curl``, ``requests``, ``aiohttp``, or a session of one's own.
        max_response_bytes: Size of an answer, decompressed, at most.
        strict: Refuse an answer that has two members of the same name; otherwise the last one counts.
        resilience: The figures of retries, breaker and bulkhead.
        proxy: URL of an HTTP proxy. The environment's proxy variables are not read.
        rasa: What a Rasa action server is sent.
        mcp: How the tools of an MCP server are called.
        python: How the actions of a module are run in this process.
    """

    url: str
    cert: str | None = None
    crl: str | None = None
    public_key: str | None = None
    private_key: str | None = None
    private_key_password: Secret | None = None
    verify: bool = True
    insecure_dev: bool = False
    timeout: float = 5.0
    connect_timeout: float = 1.0
    retries: int = 1
    hedge_after: float | None = None
    idempotent: bool | tuple[str, ...] = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    auth: BearerAuth | BasicAuth | HmacAuth | None = None
    history: int | None = None
    engine: Literal["curl", "requests", "aiohttp"] | Any = "curl"
    max_response_bytes: int = 1 << 20
    strict: bool = False
    resilience: ResilienceSettings = field(default_factory=ResilienceSettings)
    proxy: str | None = field(default=None, repr=False)
    rasa: RasaSettings | None = None
    mcp: McpSettings | None = None
    python: PythonSettings | None = None

    def honours_key(self, action: str) -> bool:
        """Tell whether an action may be called again with the same key without being carried out again."""
        return self.idempotent if isinstance(self.idempotent, bool) else action in self.idempotent


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Servers by name, and which of them has which action.

    Attributes:
        servers: Settings by the server's name.
        actions: The server's name by the action's name.
        default: The server of the actions that are not listed; None if every action must be.
        timeout: Seconds for a whole sequence.
        source: Where the settings were read, for messages.
    """

    servers: dict[str, ServerSettings]
    actions: dict[str, str] = field(default_factory=dict)
    default: str | None = None
    timeout: float = 5.0
    source: str = "config"

    def server_of(self, action: str) -> tuple[str, ServerSettings]:
        """Find an action's server: its name and settings.

        Raises:
            ConfigurationError: No server is named for it, and there is no default.
        """
        name = self.actions.get(action, self.default)
        if name is None:
            known = ", ".join(sorted(self.servers))
            raise ConfigurationError(
                f"{self.source} names no server for action {action!r}. "
                f"Add `{action}: <server>` under actions (servers: {known}), or set `url` for all others"
            )
        return name, self.servers[name]
