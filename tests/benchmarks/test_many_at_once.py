"""A thousand turns at once through one application."""

import asyncio
import time
from pathlib import Path

import pytest
from benchmarks.far_end import answering

from mm_actions import Application, Request, close_endpoints

TURNS = 1_000
LIMIT = 100
PER_CONNECTION = 3
"""Descriptors: the socket, what libcurl wakes itself by, and one to spare."""


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


async def a_thousand(app, accepted):
    request = Request(intent="order", frame={"step": 1})
    times = []

    async def turn():
        began = time.perf_counter()
        responder = await app.process_async(request)
        times.append(time.perf_counter() - began)
        return responder

    most = before = open_descriptors()
    connected = accepted()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(turn()) for _ in range(TURNS)]
        while not all(task.done() for task in tasks):
            most = max(most, open_descriptors())
            await asyncio.sleep(0)
    assert accepted() - connected <= LIMIT + 1, "connections, and the question's"
    assert most - before <= PER_CONNECTION * LIMIT + 20
    assert [task.result().frame["step"] for task in tasks] == [4] * TURNS, "each got its answer"
    return sorted(times)


def make_app(end):
    app = Application(__name__, async_mode=True)
    resilience = {"bulkhead": {"limit": LIMIT, "queue": TURNS}}
    app.custom_action_config = end.config | {"timeout": 60, "resilience": resilience}
    app.custom_action(intent="order", action="order")
    return app


def test_a_thousand_turns_at_once_all_succeed_over_no_more_connections_than_the_limit():
    with answering() as end:
        asyncio.run(a_thousand(make_app(end), end.accepted))
        close_endpoints()


@pytest.mark.slow
def test_of_a_thousand_turns_at_once_the_slowest_hundredth_takes_less_than_three_times_the_median():
    with answering() as end, asyncio.Runner() as runner:
        app = make_app(end)
        rounds = [runner.run(a_thousand(app, end.accepted)) for _ in range(6)][1:]  # the first one connects
        close_endpoints()
    ratios = sorted(times[int(0.99 * TURNS)] / times[TURNS // 2] for times in rounds)
    assert ratios[len(ratios) // 2] < 3, ratios
