"""Servers that say what a test wants, and every engine in both colours to call them."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from mm_actions.transports.http.engine import EngineOptions
from mm_actions.transports.http.factory import create_engine
from transports.http.byte_server import ByteServer, Client, Script
from transports.http.system_authority import one_authority_of_the_system

__all__ = [
    "ca",
    "ca_file",
    "client",
    "colour",
    "engine_name",
    "one_authority_of_the_system",
    "open_client",
    "runner",
    "server_certificate",
    "start",
]


@pytest.fixture
def start() -> Iterator[Callable[..., ByteServer]]:
    """Start a server: start(script, context=None, host="127.0.0.1")."""
    servers: list[ByteServer] = []

    def begin(script: Script, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> ByteServer:
        servers.append(ByteServer(script, context, host))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture(params=["curl", "requests", "aiohttp"])
def engine_name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def open_client(engine_name: str, colour: str, runner: asyncio.Runner) -> Iterator[Callable[..., Client]]:
    """Make a client with options of the engine."""
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        clients.append(Client(create_engine(engine_name, EngineOptions(**options)), colour, runner))
        return clients[-1]

    yield make
    for client in clients:
        client.engine.close()


@pytest.fixture
def client(open_client: Callable[..., Client]) -> Client:
    return open_client()


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_certificate(ca: trustme.CA) -> trustme.LeafCert:
    return ca.issue_cert("localhost", "127.0.0.1")


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Any) -> str:
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return str(path)
