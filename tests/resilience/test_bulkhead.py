"""Waiting is built upon tickets in a few lines: for threads, for event loops, for both at once."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import pytest

from mm_actions.errors import Overloaded, Sent
from mm_actions.resilience import Bulkhead, BulkheadPolicy, Ticket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

PATIENCE = 10.0
T = TypeVar("T")


@contextmanager
def blocking(bulkhead: Bulkhead) -> Iterator[Ticket]:
    ticket = bulkhead.enter()
    try:
        if not ticket.admitted:
            turn = threading.Event()
            ticket.on_admit(turn.set)
            if not turn.wait(PATIENCE):
                raise TimeoutError
        yield ticket
    finally:
        ticket.leave()


@asynccontextmanager
async def awaiting(bulkhead: Bulkhead) -> AsyncIterator[Ticket]:
    ticket = bulkhead.enter()
    try:
        if not ticket.admitted:
            loop = asyncio.get_running_loop()
            turn = asyncio.Event()
            ticket.on_admit(lambda: loop.call_soon_threadsafe(turn.set))
            await asyncio.wait_for(turn.wait(), PATIENCE)
        yield ticket
    finally:
        ticket.leave()


class Gauge:
    """Counts who is inside at once, and how many came at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.inside = self.most = self.served = 0

    def __enter__(self) -> None:
        with self._lock:
            self.inside += 1
            self.served += 1
            self.most = max(self.most, self.inside)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.inside -= 1


def test_a_refusal_names_the_server_and_the_figures():
    bulkhead = Bulkhead(BulkheadPolicy(limit=2, queue=1), server="weather")
    for _ in range(3):
        bulkhead.enter()
    with pytest.raises(Overloaded) as refused:
        bulkhead.enter()
    error = refused.value
    assert (error.server, error.sent, error.cause) == ("weather", Sent.NO, "2 calls are in flight and 1 wait")
    assert error.hint == "Call less often, or raise the bulkhead's limit if the server can take more"


def test_by_default_a_hundred_go_and_a_hundred_wait_and_the_next_is_refused_at_once():
    bulkhead = Bulkhead()
    tickets = [bulkhead.enter() for _ in range(200)]
    assert [ticket.admitted for ticket in tickets] == [True] * 100 + [False] * 100
    took = []
    for _ in range(100):
        before = perf_counter()
        with pytest.raises(Overloaded):
            bulkhead.enter()
        took.append(perf_counter() - before)
    assert sorted(took)[50] < 0.005


def test_threads_wait_for_their_turn():
    bulkhead = Bulkhead(BulkheadPolicy(limit=3, queue=100))
    gauge = Gauge()

    def call(_: int) -> None:
        for _ in range(50):
            with blocking(bulkhead), gauge:
                pass

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(16)))
    assert gauge.served == 16 * 50
    assert gauge.most <= 3
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


def test_tasks_wait_for_their_turn():
    bulkhead = Bulkhead(BulkheadPolicy(limit=3, queue=100))
    gauge = Gauge()

    async def call() -> None:
        async with awaiting(bulkhead):
            with gauge:
                await asyncio.sleep(0)

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(100):
                tasks.create_task(call())

    asyncio.run(run())
    assert (gauge.served, gauge.most) == (100, 3)
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


def test_threads_and_tasks_share_one_bulkhead():
    bulkhead = Bulkhead(BulkheadPolicy(limit=4, queue=100))
    gauge = Gauge()

    def block(_: int) -> None:
        for _ in range(50):
            with blocking(bulkhead), gauge:
                pass

    async def call() -> None:
        for _ in range(25):
            async with awaiting(bulkhead):
                with gauge:
                    await asyncio.sleep(0)

    async def run() -> None:
        with ThreadPoolExecutor(8) as pool:
            loop = asyncio.get_running_loop()
            blocked = [loop.run_in_executor(pool, block, number) for number in range(8)]
            await asyncio.gather(*(call() for _ in range(16)))
            await asyncio.gather(*blocked)

    asyncio.run(run())
    assert gauge.served == 8 * 50 + 16 * 25
    assert gauge.most <= 4
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


def test_a_cancelled_task_gives_its_place_in_the_queue_away():
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    order: list[str] = []

    async def call(name: str) -> None:
        async with awaiting(bulkhead):
            order.append(name)

    async def run() -> None:
        first = bulkhead.enter()
        second = asyncio.create_task(call("second"))
        third = asyncio.create_task(call("third"))
        await asyncio.sleep(0)
        assert bulkhead.queued == 2
        second.cancel()
        await asyncio.wait([second])
        assert bulkhead.queued == 1
        first.leave()
        await third

    asyncio.run(run())
    assert order == ["third"]
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


def test_a_task_cancelled_in_the_moment_of_its_admission_hands_the_place_on():
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    order: list[str] = []

    async def call(name: str) -> None:
        async with awaiting(bulkhead):
            order.append(name)

    async def run() -> None:
        first = bulkhead.enter()
        second = asyncio.create_task(call("second"))
        third = asyncio.create_task(call("third"))
        await asyncio.sleep(0)
        first.leave()
        second.cancel()
        await asyncio.wait([second, third])

    asyncio.run(run())
    assert order == ["third"]
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


def test_a_waiter_whose_event_loop_is_closed_is_passed_over(caplog):
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2), server="weather")
    loop = asyncio.new_event_loop()
    first, dead, third = bulkhead.enter(), bulkhead.enter(), bulkhead.enter()
    dead.on_admit(lambda: loop.call_soon_threadsafe(print))
    loop.close()
    first.leave()
    assert third.admitted
    assert not dead.admitted
    assert (bulkhead.in_flight, bulkhead.queued) == (1, 0)
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.WARNING,
        "A call that waited for weather cannot be woken",
    )
    assert record.exc_info


def test_one_who_is_admitted_before_he_listens_is_told_at_once():
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=1))
    first, second = bulkhead.enter(), bulkhead.enter()
    first.leave()
    told: list[str] = []
    second.on_admit(lambda: told.append("second"))
    first.on_admit(lambda: told.append("first"))
    assert told == ["second"]


def test_one_who_has_left_the_queue_is_never_told():
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=1))
    first, second = bulkhead.enter(), bulkhead.enter()
    told: list[str] = []
    second.on_admit(lambda: told.append("second"))
    second.leave()
    first.leave()
    assert told == []
    assert bulkhead.in_flight == 0


def test_a_hook_may_enter_and_leave():
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    first, second = bulkhead.enter(), bulkhead.enter()
    second.on_admit(second.leave)
    first.leave()
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


class Interruption:
    """Runs a clean-up around a call within another piece of work, as the garbage collector may.

    It closes an abandoned coroutine, whose ``finally`` leaves, while the same thread is inside the bulkhead.
    """

    def __init__(self, event: str, name: str, clean_up: Callable[[], object]) -> None:
        self._event = event
        self._name = name
        self._clean_up = clean_up
        self._came = False

    def _profile(self, _frame: object, event: str, called: object) -> None:
        if (event, getattr(called, "__name__", "")) == (self._event, self._name) and not self._came:
            self._came = True
            self._clean_up()

    def during(self, work: Callable[[], T]) -> T:
        results: list[T] = []

        def run() -> None:
            sys.setprofile(self._profile)
            try:
                results.append(work())
            finally:
                sys.setprofile(None)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert self._came
        return results[0]


AROUND = pytest.mark.parametrize("event", ["c_call", "c_return"])


@AROUND
def test_a_clean_up_that_leaves_while_a_place_is_handed_on_loses_none(event):
    bulkhead = Bulkhead(BulkheadPolicy(limit=2, queue=2))
    first, abandoned, third = bulkhead.enter(), bulkhead.enter(), bulkhead.enter()
    Interruption(event, "popitem", abandoned.leave).during(first.leave)
    assert third.admitted
    assert (bulkhead.in_flight, bulkhead.queued) == (1, 0)
    third.leave()
    assert bulkhead.in_flight == 0


@AROUND
def test_a_clean_up_of_the_very_call_that_is_next_passes_it_over(event):
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    first, abandoned, third = bulkhead.enter(), bulkhead.enter(), bulkhead.enter()
    Interruption(event, "popitem", abandoned.leave).during(first.leave)
    assert not abandoned.admitted
    assert third.admitted
    assert (bulkhead.in_flight, bulkhead.queued) == (1, 0)


@AROUND
def test_a_clean_up_of_the_only_one_waiting_frees_the_place(event):
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    first, abandoned = bulkhead.enter(), bulkhead.enter()
    Interruption(event, "popitem", abandoned.leave).during(first.leave)
    assert not abandoned.admitted
    assert (bulkhead.in_flight, bulkhead.queued) == (0, 0)


@AROUND
def test_nobody_queues_for_a_place_that_a_clean_up_has_just_freed(event):
    bulkhead = Bulkhead(BulkheadPolicy(limit=1, queue=2))
    abandoned = bulkhead.enter()
    newcomer = Interruption(event, "len", abandoned.leave).during(bulkhead.enter)
    assert newcomer.admitted
    assert (bulkhead.in_flight, bulkhead.queued) == (1, 0)
