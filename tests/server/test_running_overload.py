"""What slow actions do to others, measured side by side in one run."""

from __future__ import annotations

import json
import statistics
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.server.conftest import JSON, assert_problem, read
from tests.server.served_module import ServedModule, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Answer

    Serve = Callable[..., ServedModule]

pytestmark = pytest.mark.slow

MODULE = """
import time
from mm_actions.server import ActionServer

server = ActionServer(drain=0, grace=10, loop_alarm=5)

@server.action
def sleep(request, responder):
    time.sleep(3)
    responder.reply("rested")

@server.action
async def hello(request, responder):
    responder.reply("Hello.")

@server.action
def hello_on_a_thread(request, responder):
    responder.reply("Hello.")
"""
THREADS, QUEUE, SLEEPERS = 40, 100, 200
CALLS, ROUNDS = 400, 9


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedModule]:
    (tmp_path / "actions.py").write_text(MODULE, encoding="utf-8")
    serve, end = serving(tmp_path)
    yield serve("--no-access-log")
    end()


def percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[int(share * len(seconds))]


def timed(served: ServedModule, action: str, calls: int) -> list[float]:
    """Call on one connection, one call after the other."""
    connection = served.connect()
    body = json.dumps({"action": action})
    taken = []
    try:
        for _ in range(calls):
            began = time.perf_counter()
            connection.request("POST", "/action", body, JSON)
            assert read(connection).status == 200
            taken.append(time.perf_counter() - began)
    finally:
        connection.close()
    return taken


def sleepers(served: ServedModule, count: int) -> list[tuple[Answer, float]]:
    """Let so many clients call the sleeping action at once."""
    answers: list[tuple[Answer, float]] = []
    together = threading.Barrier(count)

    def call() -> None:
        connection = served.connect()
        connection.connect()
        together.wait(30)
        began = time.perf_counter()
        connection.request("POST", "/action", b'{"action": "sleep"}', JSON)
        answers.append((read(connection), time.perf_counter() - began))
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def test_two_hundred_calls_that_sleep_are_refused_at_once_beyond_the_threads(
    served: ServedModule, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = sleepers(served, SLEEPERS)
    assert len(answers) == SLEEPERS
    rested = [seconds for answer, seconds in answers if answer.status == 200]
    refused = [(answer, seconds) for answer, seconds in answers if answer.status != 200]
    assert len(rested) == THREADS
    for answer, _ in refused:
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
    waited = [seconds for _, seconds in refused]
    with capsys.disabled():
        print(  # noqa: T201 - figures for people
            f"\n{SLEEPERS} sleepers of 3 s: {len(rested)} rested (longest {max(rested):.2f} s),"
            f" {len(refused)} refused (median {statistics.median(waited) * 1000:.0f} ms,"
            f" longest {max(waited) * 1000:.0f} ms)"
        )
    assert max(waited) < 2  # they wait a quarter of a second for a thread, and this process starts 200
    assert served.post({"action": "hello"}).status == 200


@pytest.mark.parametrize("action", ["hello", "hello_on_a_thread"])
def test_a_trivial_action_beside_one_that_sleeps_keeps_its_time(
    served: ServedModule, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rounds alone and rounds beside it take turns, so that what else the machine does falls on both."""
    timed(served, action, CALLS)
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        alone += timed(served, action, CALLS)
        with ExitStack() as ended:
            sleeper = threading.Thread(target=served.post, args=({"action": "sleep"},))
            sleeper.start()
            ended.callback(sleeper.join, 30)
            beside += timed(served, action, CALLS)
            assert sleeper.is_alive(), "the calls were not made beside it"
    figures = {
        name: (percentile(taken, 0.5) * 1e6, percentile(taken, 0.99) * 1e6)
        for name, taken in (("alone", alone), ("beside", beside))
    }
    ratio = figures["beside"][1] / figures["alone"][1]
    with capsys.disabled():
        print(  # noqa: T201 - figures for people
            f"\n{action}: alone p50 {figures['alone'][0]:.0f} µs, p99 {figures['alone'][1]:.0f} µs;"
            f" beside a sleeper of 3 s p50 {figures['beside'][0]:.0f} µs, p99 {figures['beside'][1]:.0f} µs:"
            f" p99 ratio {ratio:.2f}"
        )
    assert ratio <= 2
