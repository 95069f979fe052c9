"""Real servers of rasa_sdk that speak gRPC, and scripted ones."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from rasa_peer import RasaSdkServer, rasa_sdk_server
from transports.grpc.scripted import ScriptedService, scripted
from transports.rasa.calling import authority, colour, invoke, runner, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["authority", "colour", "invoke", "peer", "runner", "serve", "stream"]


@pytest.fixture(scope="session")
def peer() -> Iterator[RasaSdkServer]:
    with rasa_sdk_server(grpc=True) as server:
        yield server


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedService]]:
    """Start a scripted server: serve(webhook=..., stream=..., ack=...)."""
    with contextlib.ExitStack() as services:

        def start(**methods: Any) -> ScriptedService:
            return services.enter_context(scripted(**methods))

        yield start
