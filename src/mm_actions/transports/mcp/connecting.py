"""How a session comes about: over streamable HTTP, or through the pipes of a command."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import mcp_types as types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from mm_actions.transports.http.auth import fixed_headers
from mm_actions.transports.http.engine import EngineOptions
from mm_actions.transports.http.transport import USER_AGENT
from mm_actions.transports.mcp.failures import lost
from mm_actions.transports.mcp.http import WatchedTransport, http_client
from mm_actions.transports.mcp.stdio import Child, child_streams
from mm_actions.transports.rooms import tls_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager, AsyncExitStack
    from typing import Any

    from mm_actions.config import ServerSettings
    from mm_actions.config.mcp import McpSettings
    from mm_actions.errors import InvocationError, Sent
    from mm_actions.transports.mcp.session import Session

_PREFIX = "mcp+"


class Connecting(Protocol):
    """A way to a server."""

    def credentials(self) -> object:
        """Give what connections are made with now; another object means that it has changed."""
        ...

    async def connect(self, session: Session, stack: AsyncExitStack) -> Client:
        """Open a session; what is to be closed with it goes onto the stack."""
        ...

    def lost(self, sent: Sent) -> InvocationError:
        """Say why a session ended while it was in use."""
        ...


class OverHttp:
    """Streamable HTTP.

    Args:
        settings: The server's.
        mcp: Those of the protocol.

    Raises:
        ConfigurationError: Certificates cannot be used.
    """

    def __init__(self, settings: ServerSettings, mcp: McpSettings) -> None:
        self._settings = settings
        self._protocol = mcp.protocol
        self._url = settings.url[len(_PREFIX) :]
        self._tls = tls_of(settings)
        self._options = EngineOptions(
            connect_timeout=settings.connect_timeout,
            max_response_bytes=settings.max_response_bytes,
            proxy=settings.proxy,
        )

    def credentials(self) -> object:
        """Give the newest certificates."""
        return self._tls.current()

    async def connect(self, session: Session, stack: AsyncExitStack) -> Client:
        """Ask the server for its version, or shake hands."""
        settings = self._settings
        transport = WatchedTransport(settings, self._options, self._tls.current())
        headers = (("User-Agent", USER_AGENT), *settings.headers, *fixed_headers(settings))
        http = await stack.enter_async_context(http_client(settings, headers, transport))
        # The bounds are set below the SDK, for the bodies of all kinds.
        streams = streamable_http_client(self._url, http_client=http, max_sse_event_size=None)
        return await stack.enter_async_context(_client(streams, self._protocol, session))

    def lost(self, sent: Sent) -> InvocationError:
        """Say that the connection was cut."""
        return lost("the session has ended", sent)


class OverPipes:
    """A command, started when it is needed.

    Args:
        settings: The server's.
        mcp: Those of the protocol.
        command: The program and its arguments.
    """

    def __init__(self, settings: ServerSettings, mcp: McpSettings, command: Sequence[str]) -> None:
        self._limit = settings.max_response_bytes
        self._mcp = mcp
        self._command = command
        self._child = Child(command[0])

    def credentials(self) -> object:
        """Give nothing: a command has none."""
        return None

    async def connect(self, session: Session, stack: AsyncExitStack) -> Client:
        """Start the command, and ask for its version or shake hands."""
        child = self._child = Child(self._command[0])
        streams = child_streams(
            self._command,
            env={name: value.reveal() for name, value in self._mcp.env},
            cwd=self._mcp.cwd,
            limit=self._limit,
            child=child,
            ended=session.end,
        )
        return await stack.enter_async_context(_client(streams, self._mcp.protocol, session))

    def lost(self, sent: Sent) -> InvocationError:
        """Say how the command ended."""
        return lost(self._child.ending or "the server has ended", sent)


def _client(streams: AbstractAsyncContextManager[Any], protocol: str, session: Session) -> Client:
    return Client(
        streams,
        mode=protocol,
        message_handler=session.hear,
        client_info=types.Implementation(name="mm_actions", version=version("mm_actions")),
        cache=None,
    )
