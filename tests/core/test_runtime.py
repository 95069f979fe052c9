"""The two drivers of code that is written once."""

import asyncio
import threading
import time
from contextvars import ContextVar

import pytest

from mm_actions.core.runtime import ASYNC, BLOCKING, current, drive, in_event_loop
from mm_actions.errors import HandlerSuspended


async def value(it):
    return it


async def suspending():
    await asyncio.sleep(0)


def test_a_coroutine_that_never_suspends_is_driven_to_its_end():
    assert drive(value(7)) == 7


def test_a_coroutine_that_suspends_is_closed_and_the_error_names_the_way_out():
    closed = []

    async def waits():
        try:
            await suspending()
        finally:
            closed.append(True)

    with pytest.raises(HandlerSuspended, match=r"waits.*invoke_async"):
        drive(waits())
    assert closed == [True]


def test_an_exception_comes_out_as_it_is():
    async def fails():
        raise KeyError("x")

    with pytest.raises(KeyError):
        drive(fails())


@pytest.mark.parametrize("runtime", [BLOCKING, ASYNC])
def test_handlers_of_both_kinds_run(runtime):
    async def both():
        plain = await runtime.handle(lambda a, b: a + b, 1, 2)
        return plain, await runtime.handle(value, 4)

    assert (drive(both()) if runtime is BLOCKING else asyncio.run(both())) == (3, 4)


def test_blocking_work_in_parallel_is_really_at_once_and_keeps_its_order():
    meeting = threading.Barrier(3, timeout=10)
    context = ContextVar("context")
    context.set("here")

    async def work(number):
        meeting.wait()
        return number, context.get()

    assert drive(BLOCKING.gather([work(number) for number in range(3)])) == [
        (0, "here"), (1, "here"), (2, "here"),
    ]  # fmt: skip
    assert drive(BLOCKING.gather([])) == []


def test_an_exception_in_parallel_work_is_raised_after_all_have_ended():
    ended = []

    async def work(number):
        ended.append(number)
        if number == 1:
            raise KeyError(number)

    with pytest.raises(KeyError):
        drive(BLOCKING.gather([work(number) for number in range(3)]))
    assert sorted(ended) == [0, 1, 2]


def test_asynchronous_work_in_parallel_keeps_its_order():
    async def both():
        return await ASYNC.gather([value(1), value(2)])

    assert asyncio.run(both()) == [1, 2]


def test_a_signal_from_another_thread_is_waited_for_in_both_colours():
    def subscribe(hook):
        threading.Thread(target=hook).start()

    async def both():
        return await ASYNC.signalled(subscribe, 10)

    assert drive(BLOCKING.signalled(subscribe, 10)) is True
    assert asyncio.run(both()) is True


def test_a_signal_that_does_not_come_is_waited_for_no_longer_than_said():
    async def both():
        return await ASYNC.signalled(lambda _hook: None, 0.01)

    assert drive(BLOCKING.signalled(lambda _hook: None, 0.01)) is False
    assert asyncio.run(both()) is False


def test_sleeping_takes_time_in_both_colours():
    async def asleep():
        await ASYNC.sleep(0.01)

    for sleep in (lambda: asyncio.run(asleep()), lambda: drive(BLOCKING.sleep(0.01))):
        began = time.monotonic()
        sleep()
        assert time.monotonic() - began >= 0.009


def test_the_runtime_follows_the_event_loop():
    async def inside():
        return in_event_loop(), current()

    assert asyncio.run(inside()) == (True, ASYNC)
    assert (in_event_loop(), current()) == (False, BLOCKING)
