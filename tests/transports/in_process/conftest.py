"""A module of actions in a folder of its own, and calls of it in both colours."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mm_actions import ActionResult

HEAD = """\
import asyncio
import threading
import time

from mm_actions.server import ActionServer

server = ActionServer()
"""

_numbers = itertools.count()
_times = itertools.count(1)


class Module:
    """A file of actions, whose name no other test has."""

    def __init__(self, folder: Path, body: str) -> None:
        self.folder = folder
        self.name = f"in_process_actions_{next(_numbers)}"
        self.write(body)

    @property
    def url(self) -> str:
        return f"python:{self.name}"

    def write(self, body: str, *, head: str = HEAD, name: str | None = None) -> Path:
        """Write the file, or one beside it, at a time of its own whatever the clock of the disk is."""
        file = self.folder / f"{name or self.name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{head}\n{body}", encoding="utf-8")
        moment = 1_700_000_000 + next(_times)
        os.utime(file, (moment, moment))
        return file

    def action(self, name: str, **settings: Any) -> CustomAction:
        return CustomAction(name, {"url": self.url, "retries": 0, **settings})


class Caller:
    """Calls in one colour."""

    def __init__(self, colour: str, runner: asyncio.Runner) -> None:
        self.sync = colour == "sync"
        self.runner = runner

    def call(
        self, action: CustomAction, request: Request | None = None, responder: DialogueResponder | None = None
    ) -> ActionResult:
        request, responder = request or Request(), responder or DialogueResponder()
        if self.sync:
            return action.invoke(request, responder)
        return self.runner.run(action.invoke_async(request, responder))

    def stream(self, action: CustomAction, responder: DialogueResponder, most: int = 100) -> Any:
        """Give the directives that came one by one, and the result; None for a stream that was left."""
        if self.sync:
            with action.stream(Request(), responder) as stream:
                came = list(itertools.islice(stream, most))
                return came, stream.result if len(came) < most else None

        async def follow() -> Any:
            came: list[Any] = []
            async with action.stream_async(Request(), responder) as stream:
                async for directive in stream:
                    came.append(directive)
                    if len(came) == most:
                        return came, None
                return came, stream.result

        return self.runner.run(follow())


@contextmanager
def modules_in(folder: Path) -> Iterator[Any]:
    sys.path.insert(0, str(folder))
    try:
        yield partial(Module, folder)
    finally:
        close_endpoints()
        sys.path.remove(str(folder))


@pytest.fixture
def module(tmp_path: Path) -> Iterator[Any]:
    with modules_in(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def lasting_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with modules_in(tmp_path_factory.mktemp("actions")) as make:
        yield make


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    with asyncio.Runner() as runner:
        yield Caller(request.param, runner)
