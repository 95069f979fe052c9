"""Calls that are cancelled, at twenty points of their way, a thousand times each."""

import asyncio
import gc
import itertools
import threading

import pytest

from faults_slow.child import descriptors
from faults_slow.load import PATIENT, wait_until
from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.testing import Answer, Dribble, FaultServer, Reset, Wait

ANSWER = Answer(json={"frame": {"text": "x" * 100}})
STEPS = range(10)
"""Turns of the event loop after which a call is cancelled."""
MOMENTS = [0.0005 * number for number in range(1, 11)]
"""Seconds after which a call is cancelled: while it connects, waits, reads, and waits to try again."""


def slowly(_request, number):
    """Take a few milliseconds, in different ways."""
    return (
        (Wait(0.001), Dribble(ANSWER, chunk=50, interval=0.001)),
        (Wait(0.002), Reset()),
        (Wait(0.004), Answer(503, json={}, headers={"Retry-After": "0"})),
    )[number % 3]


async def cancel_at(action: CustomAction, point: int) -> bool:
    """Call, cancel at that point, and tell whether the call was still under way."""
    responder = DialogueResponder(frame={"kept": 1})
    task = asyncio.create_task(action.invoke_async(Request(), responder))
    if point < len(STEPS):
        for _ in range(STEPS[point]):
            await asyncio.sleep(0)
    else:
        await asyncio.sleep(MOMENTS[point - len(STEPS)])
    cancelled = task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert responder.frame == {"kept": 1}
        return True
    assert not cancelled or task.done()
    return False


async def cancel_all(action: CustomAction, times: int) -> int:
    points = itertools.chain.from_iterable(itertools.repeat(range(len(STEPS) + len(MOMENTS)), times))
    cancelled = 0

    async def work() -> None:
        nonlocal cancelled
        for point in points:
            under_way = await cancel_at(action, point)
            cancelled += under_way

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(work())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return cancelled


@pytest.mark.parametrize(("engine", "times"), [("curl", 1000), ("aiohttp", 1000), ("requests", 200)])
def test_a_cancelled_call_leaves_nothing_behind(engine, times, show):
    with FaultServer(slowly, keep=0) as server:
        figures = PATIENT | {
            "bulkhead": {"limit": 15, "queue": 10}
        }  # so that some are cancelled in the queue
        config = {"url": server.url, "engine": engine, "idempotent": True, "resilience": figures}
        action = CustomAction("greet", config)
        asyncio.run(cancel_all(action, 1))  # what is loaded and opened once
        close_endpoints()
        server.wait_until_deserted()
        gc.collect()
        before, threads = descriptors(), threading.active_count()
        action = CustomAction("greet", config)
        cancelled = asyncio.run(cancel_all(action, times))
        bulkhead = action._endpoint.guard.bulkhead
        permits = bulkhead.in_flight + bulkhead.queued
        close_endpoints()
        server.wait_until_deserted()
        gone = wait_until(lambda: descriptors() <= before and threading.active_count() <= threads)
        more = descriptors() - before, threading.active_count() - threads
        show(
            f"cancelled at 20 points, {engine}: {cancelled} of {20 * times} calls were under way; "
            f"left behind: {permits} permits, {more[0]} descriptors, {more[1]} threads"
        )
    assert cancelled > 10 * times
    assert permits == 0
    assert gone
