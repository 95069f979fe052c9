"""A system that trusts one authority.

Each engine reads the authorities of the system anew. A real system has more than a hundred, which takes some
20 ms of the processor's time, and the tests make thousands of engines.
"""

from collections.abc import Iterator

import pytest
import trustme


@pytest.fixture(scope="module", autouse=True)
def one_authority_of_the_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("system") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(path))
        yield
