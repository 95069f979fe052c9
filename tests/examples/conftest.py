from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tests.example_server.running import run_server
from tests.examples.guest import BO, COFFEE_SHOP, Guest

from mm_actions import ExamplesNlp, close_endpoints
from mm_actions.application.loading import load_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mm_actions import Application


class MakeGuest(Protocol):
    def __call__(self, app: Application | None = None, context: dict[str, Any] | None = None) -> Guest: ...


@contextmanager
def open_shop(nlp: ExamplesNlp, folder: Path = COFFEE_SHOP, **variables: str) -> Iterator[Application]:
    """Load the app as a new process would: nothing of it, or known of the servers, is left over."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        for name in [name for name in sys.modules if name.partition(".")[0] == COFFEE_SHOP.name]:
            del sys.modules[name]
        app = load_app(folder)
    app.nlp = nlp
    yield app
    close_endpoints()


@pytest.fixture(scope="session")
def nlp() -> ExamplesNlp:
    return ExamplesNlp(COFFEE_SHOP)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[str, str]]:
    with run_server("--known-only") as store, run_server("--known-only") as payments:
        yield f"{store.url}/action", f"{payments.url}/action"


@pytest.fixture
def coffee_shop(nlp: ExamplesNlp, servers: tuple[str, str]) -> Iterator[Application]:
    """The app, with two real servers."""
    with open_shop(nlp, COFFEE_STORE_URL=servers[0], COFFEE_PAYMENTS_URL=servers[1]) as app:
        yield app


@pytest.fixture
def abandoned_shop(nlp: ExamplesNlp) -> Iterator[Application]:
    """The app, with nobody where its servers should be."""
    with socket.socket() as store, socket.socket() as payments:
        urls = []
        for bound in (store, payments):  # bound and never listening: the port refuses, and is nobody else's
            bound.bind(("127.0.0.1", 0))
            urls.append(f"http://127.0.0.1:{bound.getsockname()[1]}/action")
        with open_shop(nlp, COFFEE_STORE_URL=urls[0], COFFEE_PAYMENTS_URL=urls[1]) as app:
            yield app


@pytest.fixture(params=["sync", "async"])
def make_guest(request: pytest.FixtureRequest) -> Iterator[MakeGuest]:
    guests: list[Guest] = []

    def make(app: Application | None = None, context: dict[str, Any] | None = None) -> Guest:
        shop = app or request.getfixturevalue("coffee_shop")
        guests.append(Guest(shop, request.param, BO if context is None else context))
        return guests[-1]

    yield make
    for guest in guests:
        guest.leave()


@pytest.fixture
def guest(make_guest: MakeGuest) -> Guest:
    return make_guest()
