"""Guards the cost of the server's door without a look at the clock alone: counts, and a ratio to the floor.

Counts of function calls are the same on any machine. The ratio compares two applications that take turns in
one thread, by their processor time; its bound is twice the figure, so that a busy machine does not matter.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from benchmarks.payloads import invocation, of_size
from benchmarks.servers import floor

from mm_actions.server import ActionServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALL, MIDDLE = 2_000, 12_000
CALLS_OF_A_SMALL_REQUEST = 60
"""Functions written in Python, from the ASGI scope to the last message: 53 on CPython 3.11."""
RATIO_TO_THE_FLOOR = 2.2
"""Processor time beside raw ASGI with msgspec, without a socket; on uvicorn, with one, it is 1.5."""
_ROUNDS, _REQUESTS = 15, 60


class Driven:
    """An ASGI application that is called without a socket, one request after the other."""

    def __init__(self, app: Callable[..., Any], body: bytes) -> None:
        self._app = app
        self._request = {"type": "http.request", "body": body, "more_body": False}
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": "/action",
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
            ],
        }
        self.sent: list[dict[str, Any]] = []

    async def _receive(self) -> dict[str, Any]:
        return self._request

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def step(self) -> None:
        """Have one request answered; nothing about it waits."""
        self.sent.clear()
        coroutine = self._app(dict(self._scope), self._receive, self._send)
        with suppress(StopIteration):
            coroutine.send(None)

    def seconds(self) -> float:
        """Give the processor time of some requests."""
        began = time.thread_time()
        for _ in range(_REQUESTS):
            self.step()
        return time.thread_time() - began

    def calls(self) -> int:
        """Count the functions of one request that are written in Python, those of this class left out."""
        entered: list[str] = []

        def note(frame: Any, event: str, _argument: Any) -> None:
            if event == "call" and frame.f_globals["__name__"].startswith(("mm_actions", __name__)):
                entered.append(frame.f_code.co_qualname)

        self.step()  # what is made once is made
        self.sent.clear()
        coroutine = self._app(dict(self._scope), self._receive, self._send)
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            with suppress(StopIteration):
                coroutine.send(None)
        finally:
            sys.setprofile(before)
        return len(entered)


def ours(size: int, *, actions: int = 1) -> Driven:
    server = ActionServer()

    async def hello(request, responder):
        responder.frame["greeted"] = True
        responder.reply("Hello.")

    server.action("hello")(hello)
    for number in range(actions - 1):
        server.action(f"hello_{number}")(hello)
    return Driven(server.asgi, of_size(invocation, size))


@contextmanager
def untraced() -> Iterator[None]:
    """Do without the measuring of coverage, which slows down our own code alone."""
    before = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(before)


def within_a_loop(work: Callable[[], Any]) -> Any:
    async def main() -> Any:
        return work()

    return asyncio.run(main())


def test_a_small_request_takes_no_more_function_calls_than_it_did():
    driven = ours(SMALL)

    assert within_a_loop(driven.calls) <= CALLS_OF_A_SMALL_REQUEST
    assert driven.sent[0]["status"] == 200


def test_function_calls_grow_neither_with_earlier_turns_nor_with_actions():
    plain, long, many = (
        within_a_loop(driven.calls) for driven in (ours(SMALL), ours(MIDDLE), ours(SMALL, actions=300))
    )

    assert long <= plain + 2
    assert many == plain


def test_the_door_costs_no_more_than_twice_its_figure_beside_the_floor():
    driven, beside = ours(SMALL), Driven(floor.app, of_size(invocation, SMALL))

    def measure() -> float:
        samples = [(driven.seconds(), beside.seconds()) for _ in range(_ROUNDS)]
        return min(mine for mine, _ in samples[1:]) / min(floors for _, floors in samples[1:])

    with untraced():
        ratio = within_a_loop(measure)
    assert ratio <= 2 * RATIO_TO_THE_FLOOR
    assert driven.sent[0]["status"] == beside.sent[0]["status"] == 200
