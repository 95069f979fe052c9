"""Fixtures and options of mm_actions for pytest; loaded through its entry point, without being asked for.

What the fixtures give is imported when one is used, so that a test run that uses none pays for none.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions.server import ActionServer
    from mm_actions.server.serving.running import ServerThread
    from mm_actions.testing.certificates import CertificateAuthority
    from mm_actions.testing.faults import FaultServer
    from mm_actions.testing.proxy import FaultProxy
    from mm_actions.testing.scripted import ScriptedEngine


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance kit; nothing else of it is loaded until one is used."""
    group = parser.getgroup("mm_actions", "conformance of an action server")
    group.addoption("--mm-url", metavar="URL", help="check the action server at this address")
    group.addoption("--mm-action", metavar="NAME", help="a known action that may be called many times")
    group.addoption("--mm-level", choices=("core", "full"), default="full", help="which checks are made")
    group.addoption("--mm-strict", action="store_true", help="count a SHOULD as a MUST")
    group.addoption(
        "--mm-config", metavar="FILE", help="an actions.yaml with TLS files, headers and credentials"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the conformance kit if a server is to be checked."""
    if config.getoption("--mm-url", default=None):
        config.pluginmanager.import_plugin("mm_actions.conformance.pytest_plugin")


@pytest.fixture
def mm_scripted_engine() -> type[ScriptedEngine]:
    """Give the class of engines that follow a script: ``mm_scripted_engine({"frame": {"a": 1}})``."""
    from mm_actions.testing.scripted import ScriptedEngine  # noqa: PLC0415 - on use

    return ScriptedEngine


@pytest.fixture
def mm_fault_server() -> Iterator[Callable[..., FaultServer]]:
    """Make fault servers that run until the test ends.

    The function takes what :class:`mm_actions.testing.FaultServer` takes.
    """
    from mm_actions.testing.faults import FaultServer  # noqa: PLC0415 - on use

    with ExitStack() as servers:

        def make(*script: object, **options: object) -> FaultServer:
            return servers.enter_context(FaultServer(*script, **options))  # type: ignore[arg-type] # checked there

        yield make


@pytest.fixture
def mm_fault_proxy() -> Iterator[Callable[..., FaultProxy]]:
    """Make fault proxies that run until the test ends.

    The function takes a fault server, or what :class:`mm_actions.testing.FaultProxy` takes.
    """
    from mm_actions.testing.faults import FaultServer  # noqa: PLC0415 - on use
    from mm_actions.testing.proxy import FaultProxy  # noqa: PLC0415 - on use

    with ExitStack() as proxies:

        def make(upstream: FaultServer | str, port: int = 0, **options: object) -> FaultProxy:
            address = (
                (upstream.host, upstream.port) if isinstance(upstream, FaultServer) else (upstream, port)
            )
            return proxies.enter_context(FaultProxy(*address, **options))  # type: ignore[arg-type] # checked there

        yield make


@pytest.fixture
def mm_action_server() -> Iterator[Callable[..., ServerThread]]:
    """Serve action servers on free ports until the test ends: ``mm_action_server(server).url``.

    The function takes a :class:`mm_actions.server.ActionServer` and what its ``in_thread`` takes.
    """
    with ExitStack() as running:

        def serve(server: ActionServer, **options: object) -> ServerThread:
            return running.enter_context(server.in_thread(**options))  # type: ignore[arg-type] # checked there

        yield serve


@pytest.fixture(scope="session")
def mm_certificates(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """Give a certificate authority of this test run."""
    from mm_actions.testing.certificates import CertificateAuthority  # noqa: PLC0415 - on use

    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))
