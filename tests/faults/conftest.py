"""One bench for each engine and colour."""

import pytest

from faults.bench import open_bench
from mm_actions import close_endpoints
from mm_actions.testing import CertificateAuthority
from transports.http.system_authority import one_authority_of_the_system

__all__ = ["bench", "certificates", "one_authority_of_the_system"]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def bench(request, certificates, tmp_path):
    engine, colour = request.param
    yield from open_bench(engine, colour, certificates, tmp_path)
    close_endpoints()
