from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.conformance.breakers import WeakAfterDrops
from tests.conformance.reference import MAX_BODY, SECRET, TOKEN, Reference, running

from mm_actions.conformance import ConformanceOptions, Examination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.reference import Breaker, Running

    from mm_actions.config import ServerSettings
    from mm_actions.conformance import Report
    from mm_actions.testing import CertificateAuthority


def examine(settings: ServerSettings, **options: Any) -> Report:
    examination = Examination(settings, ConformanceOptions(max_body=MAX_BODY, **options))
    examination.open()
    return examination.run()


def endings(report: Report, status: str) -> dict[str, str]:
    """The reasons of the checks that ended in one way."""
    return {result.check.id: result.reason for result in report.results if result.status == status}


class Deployments:
    """The reference server in each of its forms, broken or not."""

    def __init__(self, authority: CertificateAuthority) -> None:
        self._authority = authority

    @contextmanager
    def run(
        self, deployment: str, breaker: Breaker | None = None, *, lets_anyone_in: bool = False
    ) -> Iterator[tuple[Running, dict[str, Any]]]:
        """Serve; with it comes what a client must be told."""
        reference, tls, told = Reference(), None, {}
        if deployment == "bearer":
            reference, told = Reference(token=TOKEN), {"auth": {"bearer": TOKEN}}
        elif deployment == "signed":
            reference, told = Reference(secret=SECRET), {"auth": {"hmac": SECRET}}
        elif deployment == "mutual-tls":
            client = self._authority.client()
            tls = self._authority.server().server_context(
                client_ca=self._authority.certificate, client_required=not lets_anyone_in
            )
            told = {
                "cert": str(client.ca),
                "public_key": str(client.certificate),
                "private_key": str(client.private_key),
            }

        def respond(received: Any) -> Any:
            return breaker(received, reference.respond) if breaker else reference.respond(received)

        with running(respond, tls=tls) as server:
            if isinstance(breaker, WeakAfterDrops):
                breaker.dropped = server.server.dropped
            yield server, told


@pytest.fixture(scope="session")
def deployments(mm_certificates: CertificateAuthority) -> Deployments:
    return Deployments(mm_certificates)


@pytest.fixture
def reference(deployments: Deployments) -> Iterator[Running]:
    with deployments.run("open") as (server, _):
        yield server


@pytest.fixture
def broken(deployments: Deployments) -> Iterator[Callable[[Breaker], Running]]:
    """Serve the reference server, broken in some way."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda breaker: stack.enter_context(deployments.run("open", breaker))[0]


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that nobody listens at: bound, so that nobody else takes it."""
    import socket

    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]
