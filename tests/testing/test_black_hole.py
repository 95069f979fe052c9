from __future__ import annotations

import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mm_actions.testing import black_hole

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="relies on how Linux treats a full queue")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_connection_to_a_black_hole_times_out(host):
    with black_hole(host) as address:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.3)
        assert 0.3 <= time.monotonic() - began < 2


def test_a_black_hole_takes_no_connection_however_many_try():
    def attempt(address: tuple[str, int]) -> bool:
        try:
            socket.create_connection(address, timeout=0.3).close()
        except TimeoutError:
            return True
        return False

    with black_hole() as address, ThreadPoolExecutor(20) as pool:
        assert all(pool.map(attempt, [address] * 40))


def test_the_address_is_given_back():
    with black_hole() as address:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
