"""Real servers of rasa_sdk, one for all tests of a kind, and every engine to call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rasa_peer import RasaSdkServer, rasa_sdk_server
from transports.http.system_authority import one_authority_of_the_system
from transports.rasa.calling import authority, colour, invoke, runner, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.testing import CertificateAuthority

__all__ = [
    "authority",
    "colour",
    "engine",
    "invoke",
    "one_authority_of_the_system",
    "peer",
    "runner",
    "secure_peer",
    "stream",
]


@pytest.fixture(scope="session")
def peer() -> Iterator[RasaSdkServer]:
    with rasa_sdk_server() as server:
        yield server


@pytest.fixture(scope="session")
def secure_peer(authority: CertificateAuthority) -> Iterator[RasaSdkServer]:
    with rasa_sdk_server(certificate=authority.server()) as server:
        yield server


@pytest.fixture(params=["curl", "requests", "aiohttp"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param
