from __future__ import annotations

import asyncio
import functools
import importlib.util
import json
import sys
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from tests.server.conftest import PATIENCE

from mm_actions.dialects.rasa.wire import RasaCall, read_call
from mm_actions.server import ActionServer, Call, Host
from mm_actions.server.calls.arrival import Arrived
from mm_actions.server.calls.sent import NOTHING_SENT
from mm_actions.server.rasa_sdk import register
from mm_actions.server.rasa_sdk.native import native_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from mm_actions.server.calls.streaming import Stream

_numbers = count(1)


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments: Any, **members: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*arguments, **members), 3 * PATIENCE))

    return run


class Native(NamedTuple):
    """What an action of rasa_sdk said, in its own words."""

    status: int
    events: list[dict[str, Any]]
    responses: list[dict[str, Any]]
    body: Any


def hosting(module: Any, **settings: Any) -> ActionServer:
    server = ActionServer(**settings)
    register(server, module)
    return server


def module_of(path: Path) -> Any:
    """Import a file under a name that no other has."""
    spec = importlib.util.spec_from_file_location(f"moved_actions_{next(_numbers)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call_named(action: str, **members: Any) -> RasaCall:
    tracker = {"sender_id": "ann", "slots": {}, "latest_message": {"text": "hi"}, "events": []}
    call = read_call(json.dumps({"next_action": action, "tracker": tracker, "domain": {}} | members).encode())
    assert call is not None
    return call


async def perform(host: Host, call: RasaCall, stream: Stream | None = None, seconds: float = 30.0) -> Native:
    """Carry out a call as a door of Rasa's protocol does."""
    action = host.registry.find(call.next_action or "")
    assert action is not None
    request, responder = native_turn(call, mapped=False)
    arrived = Arrived(action=action.name, request=request, responder=responder, sent=NOTHING_SENT)
    way = Call(body=b"", headers={}, started=asyncio.get_running_loop().time(), stream=stream)
    reply = (await host.perform(action, arrived, seconds, way)).reply
    return Native(reply.status, responder.events, responder.responses, json.loads(reply.body))


def performed(server: ActionServer, call: RasaCall) -> Native:
    return asyncio.run(perform(Host(server.registry, server.options), call))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Write files and import them from there; what they leave behind goes when the test ends."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(**files: str) -> str:
        name = f"bot_{next(_numbers)}"
        for path, text in files.items():
            file = tmp_path / name / f"{path.replace('__in__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return name

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("bot_"):
            del sys.modules[name]
