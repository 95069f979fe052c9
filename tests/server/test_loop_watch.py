from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import PATIENCE, Served

from mm_actions.server import ActionServer

if TYPE_CHECKING:
    from collections.abc import Callable

LOGGER = "mm_actions.server"


class Waiting(logging.Handler):
    """Keeps messages, and tells when one arrives that holds a text."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self._changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._changed:
            self.messages.append(record.getMessage())
            self._changed.notify_all()

    def wait_for(self, text: str) -> str:
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(text in message for message in self.messages), PATIENCE
            ), self.messages
            return next(message for message in self.messages if text in message)


@pytest.fixture
def log() -> Waiting:
    handler = Waiting()
    logging.getLogger(LOGGER).addHandler(handler)
    yield handler
    logging.getLogger(LOGGER).removeHandler(handler)


def test_a_handler_that_blocks_the_loop_is_named_while_it_does(
    serve: Callable[[ActionServer], Served], log: Waiting, gate: threading.Event
) -> None:
    server = ActionServer(drain=0)

    async def deep_inside() -> None:
        gate.wait(PATIENCE)

    @server.action
    async def careless(request, responder):
        await asyncio.sleep(0)
        await deep_inside()
        responder.reply("done")

    served = serve(server)
    answers: list[int] = []
    begun = time.monotonic()
    call = threading.Thread(target=lambda: answers.append(served.post({"action": "careless"}).status))
    call.start()
    message = log.wait_for("the event loop is blocked")
    assert time.monotonic() - begun < 2
    assert "by action 'careless'" in message
    assert "in deep_inside" in message
    assert "gate.wait(PATIENCE)" in message
    gate.set()
    call.join(PATIENCE)
    assert answers == [200]
    log.wait_for("the event loop goes on after")


def test_a_handler_that_does_it_again_does_not_fill_the_log(
    serve: Callable[[ActionServer], Served], log: Waiting
) -> None:
    server = ActionServer(drain=0, loop_alarm=0.05)

    @server.action
    async def careless(request, responder):
        threading.Event().wait(0.2)

    @server.action
    async def another(request, responder):
        threading.Event().wait(0.2)

    served = serve(server)
    for name in ("careless", "careless", "careless", "another"):
        assert served.post({"action": name}).status == 200
    log.wait_for("by action 'another'")
    assert sum("by action 'careless'" in message for message in log.messages) == 1


def test_sync_handlers_do_not_block_the_loop(
    serve: Callable[[ActionServer], Served], log: Waiting, gate: threading.Event
) -> None:
    server = ActionServer(drain=0, loop_alarm=0.5)
    started = threading.Event()

    @server.action
    def careful(request, responder):
        started.set()
        gate.wait(PATIENCE)

    served = serve(server)
    call = threading.Thread(target=served.post, args=({"action": "careful"},))
    call.start()
    assert started.wait(PATIENCE)
    until = time.monotonic() + 0.8
    while time.monotonic() < until:
        assert served.get("/healthz").status == 200
    gate.set()
    call.join(PATIENCE)
    assert not any("blocked" in message for message in log.messages)


def test_the_watch_can_be_left_out(serve: Callable[[ActionServer], Served]) -> None:
    serve(ActionServer(drain=0, loop_alarm=0))
    assert "mm-actions-watch" not in {thread.name for thread in threading.enumerate()}


def test_the_watch_ends_with_the_server() -> None:
    with ActionServer(drain=0).in_thread():
        assert "mm-actions-watch" in {thread.name for thread in threading.enumerate()}
    assert "mm-actions-watch" not in {thread.name for thread in threading.enumerate()}
