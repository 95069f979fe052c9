"""One server of each language for all tests of a module's process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.example_server.builds import go_server, java_server, node_server
from tests.example_server.other_languages.hosting import Built
from tests.example_server.running import RunningServer

from mm_actions.testing import CertificateAuthority

_BUILDS = {"go": go_server, "java": java_server, "node": node_server}


@pytest.fixture(
    scope="session",
    params=[pytest.param(language, marks=getattr(pytest.mark, language)) for language in _BUILDS],
)
def built(request: pytest.FixtureRequest) -> Built:
    return Built(request.param, _BUILDS[request.param]())


@pytest.fixture(scope="session")
def server(built: Built) -> Iterator[RunningServer]:
    with built.start() as running:
        yield running


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def secure(built: Built, authority: CertificateAuthority) -> Iterator[RunningServer]:
    """A server that speaks TLS, and asks for a certificate of the authority."""
    own = authority.server()
    options = [
        *("--tls-cert", str(own.certificate)),
        *("--tls-key", str(own.private_key)),
        *("--client-ca", str(authority.certificate)),
    ]
    with built.start(*options, tls=authority.client().client_context()) as running:
        yield running


@pytest.fixture(scope="session")
def guarded(built: Built) -> Iterator[RunningServer]:
    with built.start(env={"ACTION_SERVER_TOKEN": "s3cret"}) as running:
        yield running
