from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from tests.testing.exchanges.exchanging import reply, settings_for

from mm_actions import close_endpoints
from mm_actions.server import ActionServer
from mm_actions.testing import Answer, FaultServer
from mm_actions.testing.exchanges import Book, MockServer, Recorder, Shelf, read_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True, scope="session")
def served_once() -> None:
    """What uvloop keeps from its first loop on is not left behind by a test."""
    with ActionServer(ui=False).in_thread():
        pass


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Serve the exchanges of a folder, by default the test's; give the address."""
    with ExitStack() as stack:
        stack.callback(close_endpoints)

        def serve(
            folder: Path = tmp_path, match: tuple[str, ...] = ("request.text",), **options: object
        ) -> str:
            server = MockServer(Book(read_folder(folder), match), **options)
            return stack.enter_context(server.in_thread()).url

        yield serve


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recorder]]:
    """Record what goes to a server into the folder ``recorded``."""
    with ExitStack() as stack:
        stack.callback(close_endpoints)

        def start(url: str, *, server: dict[str, Any] | None = None, **options: Any) -> Recorder:
            shelf = Shelf(tmp_path / "recorded")
            return stack.enter_context(Recorder(settings_for(url, **(server or {})), shelf, **options))

        yield start


@pytest.fixture
def behind() -> Iterator[FaultServer]:
    with FaultServer(Answer(json=reply("hi"))) as server:
        yield server
