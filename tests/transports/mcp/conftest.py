"""Servers written with the official SDK, over both of its transports, in both colours and protocols."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mm_actions import ActionResult, CustomAction, DialogueResponder, Request, close_endpoints

PEER = Path(__file__).parent / "peer.py"
PATIENCE = 15.0
Run = Callable[..., ActionResult]
QUICK: dict[str, Any] = {"timeout": 0.5, "resilience": {"breaker": {"failures": 1000}}}
"""Settings of actions that are to be given up soon; until a command has started, they are in vain."""
ORDER = {
    "text": "two large teas",
    "entities": [
        {"type": "size", "text": "big", "value": [{"cname": "large"}]},
        {"type": "sys_number", "role": "count", "text": "two", "value": [{"value": 2}]},
        {"type": "drinks", "text": "tea"},
    ],
}


def command(*arguments: object) -> str:
    return "mcp+stdio:" + shlex.join([sys.executable, *map(str, arguments)])


@contextlib.contextmanager
def serving(*options: str, **variables: str) -> Iterator[int]:
    """Serve the peer over HTTP, in a process of its own; give its port."""
    process = subprocess.Popen(
        [sys.executable, str(PEER), "http", *options],
        stdout=subprocess.PIPE,
        env={**os.environ, **variables},
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """An event loop on which sessions last from test to test, as they do in a program."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module", autouse=True)
def no_sessions_left(loop: asyncio.Runner) -> Iterator[None]:
    yield
    close_endpoints()


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("peer") / "journal"


@pytest.fixture(scope="session")
def http_url(journal: Path) -> Iterator[str]:
    with serving(PEER_JOURNAL=str(journal)) as port:
        yield f"mcp+http://127.0.0.1:{port}/mcp"


@pytest.fixture(params=["stdio", "http"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(way: str, request: pytest.FixtureRequest) -> str:
    return command(PEER, "stdio") if way == "stdio" else str(request.getfixturevalue("http_url"))


@pytest.fixture(params=["auto", "legacy"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def action(journal: Path) -> Callable[..., CustomAction]:
    """Make an action of a server that writes the journal; equal settings share a session."""

    def make(name: str, url: str, **settings: Any) -> CustomAction:
        mcp = settings.pop("mcp", {})
        if url.startswith("mcp+stdio"):
            mcp = {"env": {"PEER_JOURNAL": str(journal)}, **mcp}
        return CustomAction(name, {"url": url, "timeout": PATIENCE, "retries": 0, "mcp": mcp, **settings})

    return make


@pytest.fixture
def invoke(colour: str, action: Callable[..., CustomAction], loop: asyncio.Runner) -> Run:
    """Call an action on a turn: of the members of a request, and of the responder's slots."""

    def run(name: str, url: str, *, slots: dict[str, Any] | None = None, **settings: Any) -> ActionResult:
        turn = settings.pop("turn", ORDER)
        request, responder = Request(**turn), DialogueResponder(slots=slots)
        custom = action(name, url, **settings)
        if colour == "sync":
            return custom.invoke(request, responder)
        return loop.run(custom.invoke_async(request, responder))

    return run


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds that another process brings about."""
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        os.sched_yield()


async def opened(action: CustomAction, request: Request) -> None:
    """Wait until an action answers, which is when the session of its settings is open."""
    async with asyncio.timeout(PATIENCE):
        while not await action.invoke_async(request, DialogueResponder()):
            pass


def noted(journal: Path, line: str) -> int:
    return journal.read_text(encoding="utf-8").splitlines().count(line) if journal.exists() else 0
