"""Fixtures of mm_actions for pytest; loaded through its entry point, without being asked for.

What the fixtures give is imported when one is used, so that a test run that uses none pays for none.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions.server import ActionServer
    from mm_actions.server.running import ServerThread
    from mm_actions.testing.certificates import CertificateAuthority
    from mm_actions.testing.faults import FaultServer
    from mm_actions.testing.proxy import FaultProxy
    from mm_actions.testing.scripted import ScriptedEngine


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
