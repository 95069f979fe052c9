from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.example_server.running import run_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Addresses:
    """Where the servers of the pages are while the tests run."""

    by_name: Mapping[str, str]

    def put_into(self, text: str) -> str:
        for written, real in self.by_name.items():
            text = text.replace(written, real)
        return text


@pytest.fixture(scope="session")
def addresses() -> Iterator[Addresses]:
    """Two sample servers, which the pages know by the ports 8080 and 8081, and nobody at the port 8089."""
    with ExitStack() as stack:
        store = stack.enter_context(run_server())
        payments = stack.enter_context(run_server())
        reserved = stack.enter_context(socket.socket())
        reserved.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        yield Addresses(
            {
                "http://localhost:8080": store.url,
                "http://localhost:8081": payments.url,
                "http://localhost:8089": f"http://127.0.0.1:{reserved.getsockname()[1]}",
            }
        )
        errors = "".join([*store.errors, *payments.errors])
    assert "Traceback" not in errors, errors
