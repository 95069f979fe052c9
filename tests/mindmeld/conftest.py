from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tests.application.loaded import forgetting
from tests.example_server.running import run_server

from mm_actions import ActionResult, close_endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mm_actions.client.action import Invocable


class Invoke(Protocol):
    def __call__(self, action: Invocable, request: Any, responder: Any, times: int = 1) -> ActionResult: ...


@pytest.fixture(autouse=True)
def clean_slate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Let no test see settings of the environment, or connections and modules of another test."""
    for name in [name for name in os.environ if name.startswith("MM_ACTIONS_")]:
        monkeypatch.delenv(name)
    with forgetting(tmp_path):
        yield
    close_endpoints()


@pytest.fixture(params=["sync", "async"])
def invoke(request: pytest.FixtureRequest) -> Invoke:
    """Invoke an action in either colour; several times one after the other, in one event loop."""

    def invoke_sync(action: Invocable, request: Any, responder: Any, times: int = 1) -> ActionResult:
        results = [action.invoke(request, responder) for _ in range(times)]
        return results[-1]

    def invoke_async(action: Invocable, request: Any, responder: Any, times: int = 1) -> ActionResult:
        async def all_of_them() -> list[ActionResult]:
            return [await action.invoke_async(request, responder) for _ in range(times)]

        return asyncio.run(all_of_them())[-1]

    return invoke_sync if request.param == "sync" else invoke_async


@pytest.fixture(scope="session")
def sample_server() -> Iterator[str]:
    """The address of a sample server in another process."""
    with run_server() as running:
        yield running.url


def texts(responder: Any) -> list[str]:
    return [directive["payload"]["text"] for directive in responder.directives]
