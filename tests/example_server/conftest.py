from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.example_server.running import ROOT, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.example_server.running import RunningServer


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server that asks for no credentials, shared by the tests of one process."""
    with run_server() as running:
        yield running
        errors = "".join(running.errors)
    assert "Traceback" not in errors, errors


@pytest.fixture
def invocation() -> dict[str, Any]:
    """The minimal request of a MindMeld application."""
    path = ROOT / "openapi" / "examples" / "minimal.json"
    body = json.loads(path.read_text("utf-8"))["request"]
    assert isinstance(body, dict)
    return body
