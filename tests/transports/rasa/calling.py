"""Fixtures to call actions with in both colours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions import ActionResult


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
        close_endpoints()
        runner.run(asyncio.sleep(0))


@pytest.fixture
def invoke(colour: str, runner: asyncio.Runner) -> Callable[..., ActionResult]:
    """Call an action: invoke(name, settings, request=None, responder=None)."""

    def call(
        name: str,
        settings: dict[str, Any],
        request: Request | None = None,
        responder: DialogueResponder | None = None,
    ) -> ActionResult:
        action = CustomAction(name, {"timeout": 10, **settings})
        turn = request or Request(), responder or DialogueResponder()
        if colour == "sync":
            return action.invoke(*turn)
        return runner.run(action.invoke_async(*turn))

    return call


@pytest.fixture
def stream(
    colour: str, runner: asyncio.Runner
) -> Callable[..., tuple[list[dict[str, Any]], ActionResult | None]]:
    """Call an action whose answer is streamed: stream(name, settings, request, responder, most).

    It gives the directives, at most so many, and the result, if the stream was taken to its end.
    """

    def call(
        name: str,
        settings: dict[str, Any],
        request: Request | None = None,
        responder: DialogueResponder | None = None,
        most: int | None = None,
    ) -> tuple[list[dict[str, Any]], ActionResult | None]:
        action = CustomAction(name, {"timeout": 10, **settings})
        turn = request or Request(), responder or DialogueResponder()
        found: list[dict[str, Any]] = []

        async def follow() -> ActionResult | None:
            async with action.stream_async(*turn) as directives:
                async for directive in directives:
                    found.append(directive)
                    if len(found) == most:
                        return None
                return directives.result

        if colour == "async":
            return found, runner.run(follow())
        with action.stream(*turn) as directives:
            for directive in directives:
                found.append(directive)
                if len(found) == most:
                    return found, None
            return found, directives.result

    return call
