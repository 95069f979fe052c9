from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tests.application.loaded import forgetting

from mm_actions import Application, Request
from mm_actions.testing.scripted import ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mm_actions import DialogueResponder
    from mm_actions.transports.http.engine import HttpRequest


class TakeTurn(Protocol):
    def __call__(
        self, app: Application, request: Request | str | None = None, **turn: Any
    ) -> DialogueResponder: ...


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MM_ACTIONS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_modules_of_other_tests(tmp_path: Path) -> Iterator[None]:
    with forgetting(tmp_path):
        yield


@pytest.fixture
def engine() -> ScriptedEngine:
    """Answers each action with a reply that names it."""
    return ScriptedEngine(lambda request: says(action_of(request)))


@pytest.fixture
def app(engine: ScriptedEngine) -> Application:
    app = Application(__name__)
    app.custom_action_config = at(engine)
    return app


@pytest.fixture(params=["sync", "async"])
def take_turn(request: pytest.FixtureRequest) -> TakeTurn:
    """Have an application answer, in either colour."""

    def sync_turn(app: Application, request: Request | str | None = None, **turn: Any) -> DialogueResponder:
        return app.process(Request() if request is None else request, **turn)

    def async_turn(app: Application, request: Request | str | None = None, **turn: Any) -> DialogueResponder:
        return asyncio.run(app.process_async(Request() if request is None else request, **turn))

    return sync_turn if request.param == "sync" else async_turn


def at(engine: ScriptedEngine, **settings: Any) -> dict[str, Any]:
    return {"url": "http://actions.example/action", "engine": engine, **settings}


def says(*texts: str) -> dict[str, Any]:
    return {"directives": [{"name": "reply", "type": "view", "payload": {"text": text}} for text in texts]}


def by_action(**answers: Any) -> Callable[[HttpRequest], Any]:
    """Answer each action in its own way."""
    return lambda request: answers[action_of(request)]


def action_of(request: HttpRequest) -> str:
    name: str = json.loads(request.body)["action"]
    return name


def actions_of(engine: ScriptedEngine) -> list[str]:
    return [action_of(request) for request in engine.requests]


def texts(responder: DialogueResponder) -> list[str]:
    return [directive["payload"]["text"] for directive in responder.directives]
