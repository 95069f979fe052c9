"""Actions of a module that take too long, are too many, are left, or are asked for twice."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from faults.bench import settle
from forking import holds_in_child
from mm_actions import DialogueResponder, Request, close_endpoints
from mm_actions.errors import DeadlineExceeded, ResponseAborted, Sent, ServerUnavailable

PLAIN = """
@server.action
def plain(request, responder):
    responder.reply(f"plain {request.text}")
"""

HANGS = """
released, cancelled = threading.Event(), threading.Event()

@server.action
def plain(request, responder):
    released.wait(30)

@server.action
async def coroutine(request, responder):
    try:
        await asyncio.sleep(30)
    finally:
        cancelled.set()

@server.action
async def deaf(request, responder):
    for _ in range(1000):
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            pass
        if released.is_set():
            break

@server.action
async def blocks(request, responder):
    released.wait(30)

@server.action
def quick(request, responder):
    responder.reply("quick")
"""


@pytest.mark.parametrize("name", ["plain", "coroutine", "deaf"])
@pytest.mark.parametrize("streamed", [False, True])
def test_the_deadline_holds_whatever_the_handler_does(module, caller, name, streamed):
    actions = module(HANGS)
    action = actions.action(name, timeout=0.2)
    began = time.monotonic()
    result = caller.stream(action, DialogueResponder())[1] if streamed else caller.call(action)
    elapsed = time.monotonic() - began
    held = __import__(actions.name)
    held.released.set()
    assert isinstance(result.error, DeadlineExceeded)
    assert result.error.sent is Sent.YES
    assert 0.15 < elapsed < 1.2
    assert caller.call(actions.action("quick"))
    if name == "coroutine":
        assert held.cancelled.wait(5)


def test_a_coroutine_that_blocks_does_not_hold_a_blocking_caller(module):
    actions = module(HANGS)
    result = actions.action("blocks", timeout=0.2).invoke(Request(), DialogueResponder())
    __import__(actions.name).released.set()
    assert isinstance(result.error, DeadlineExceeded)
    assert "Make a plain function" in str(result.error)


def test_a_caller_that_leaves_ends_its_coroutine(module):
    actions = module(HANGS)
    action = actions.action("coroutine")

    async def leave() -> None:
        task = asyncio.create_task(action.invoke_async(Request(), DialogueResponder()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(__import__(actions.name).cancelled.wait, 5)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(leave())
    assert __import__(actions.name).cancelled.is_set()
    assert action._endpoint.guard.bulkhead.in_flight == 0


def test_more_plain_functions_than_there_are_threads_are_refused(module, caller):
    actions = module(
        "server.configure(threads=1, thread_queue=0)\n"
        "begun, released = threading.Event(), threading.Event()\n"
        "@server.action\ndef hold(request, responder):\n    begun.set()\n    released.wait(30)\n"
    )
    action = actions.action("hold", timeout=10)
    first: list = []
    thread = threading.Thread(target=lambda: first.append(action.invoke(Request(), DialogueResponder())))
    thread.start()
    held = __import__(actions.name)
    assert held.begun.wait(10)
    result = caller.call(action)
    held.released.set()
    thread.join(10)
    assert isinstance(result.error, ServerUnavailable)
    assert result.error.status == 503
    assert first[0]


COUNTED = """
ran = []

@server.action
def count(request, responder):
    ran.append(1)
    responder.slots["ran"] = len(ran)
"""


@pytest.mark.parametrize("strict", [False, True])
def test_a_key_lets_an_action_run_once(module, caller, strict):
    action = module(COUNTED).action("count", idempotent=True, python={"strict": strict})
    for expected, request_id in ((1, "a"), (1, "a"), (2, "b")):
        responder = DialogueResponder()
        assert caller.call(action, Request(request_id=request_id), responder)
        assert responder.slots["ran"] == expected
    other = caller.call(action, Request(request_id="a", text="another"))
    assert other.error.problem.type == "urn:mm-actions:problem:idempotency-mismatch"


def test_a_call_with_a_key_goes_on_when_its_caller_leaves(module):
    actions = module(
        "begun, released = threading.Event(), threading.Event()\n"
        "@server.action\ndef hold(request, responder):\n"
        "    begun.set()\n    released.wait(30)\n    responder.slots['ran'] = 1\n"
    )
    action, request = actions.action("hold", idempotent=True), Request(request_id="a")
    held = __import__(actions.name)

    async def leave_and_ask_again() -> DialogueResponder:
        task = asyncio.create_task(action.invoke_async(request, DialogueResponder()))
        await asyncio.to_thread(held.begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        held.released.set()
        responder = DialogueResponder()
        assert await action.invoke_async(request, responder)
        return responder

    assert asyncio.run(leave_and_ask_again()).slots == {"ran": 1}


def test_a_hedged_call_is_carried_out_once(module, caller):
    actions = module(
        "ran = []\n"
        "@server.action\nasync def slow(request, responder):\n"
        "    ran.append(1)\n    await asyncio.sleep(0.15)\n    responder.slots['ran'] = len(ran)\n"
    )
    responder = DialogueResponder()
    result = caller.call(actions.action("slow", idempotent=True, hedge_after=0.02), None, responder)
    assert (bool(result), responder.slots) == (True, {"ran": 1})
    assert __import__(actions.name).ran == [1]


def test_a_forked_child_has_threads_of_its_own(module):
    action = module(PLAIN).action("plain")
    assert action.invoke(Request(text="parent"), DialogueResponder())

    def is_answered() -> bool:
        responder = DialogueResponder()
        assert action.invoke(Request(text="child"), responder)
        return responder.directives[0]["payload"]["text"] == "plain child"

    assert holds_in_child(is_answered)


def test_closing_ends_the_threads_and_a_later_call_begins_anew(module, caller):
    before = set(threading.enumerate())
    action = module(PLAIN).action("plain")
    assert caller.call(action)
    close_endpoints()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("mm"):
            thread.join(5)
            assert not thread.is_alive()
    assert caller.call(action)


def test_many_callers_at_once_are_all_answered(module):
    action = module(PLAIN).action("plain", timeout=20)
    results: list = []

    def call() -> None:
        results.extend(action.invoke(Request(text="x"), DialogueResponder()) for _ in range(10))

    async def crowd() -> None:
        calls = [action.invoke_async(Request(text="x"), DialogueResponder()) for _ in range(100)]
        results.extend(await asyncio.gather(*calls))

    threads = [threading.Thread(target=call) for _ in range(10)]
    for thread in threads:
        thread.start()
    asyncio.run(crowd())
    for thread in threads:
        thread.join(30)
    assert len(results) == 200
    assert all(results)
    assert action._endpoint.transport._host.active == 0


def test_closing_while_an_action_is_at_work_is_an_error_of_ours(module, caller):
    actions = module(
        "begun = threading.Event()\n"
        "@server.action\nasync def hold(request, responder):\n    begun.set()\n    await asyncio.sleep(30)\n"
    )
    action, results = actions.action("hold", timeout=20, idempotent=True), []
    thread = threading.Thread(target=lambda: results.append(caller.call(action)))
    thread.start()
    assert __import__(actions.name).begun.wait(10)
    close_endpoints()
    thread.join(10)
    assert isinstance(results[0].error, ResponseAborted)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_failures_leave_nothing_behind(module, caller):
    actions = module(
        "@server.action\ndef breaks(request, responder):\n    raise ValueError\n"
        "@server.action\nasync def late(request, responder):\n    await asyncio.sleep(30)\n"
        "@server.action\nasync def streams(request, responder):\n"
        "    while True:\n        responder.reply('again')\n        await responder.flush()\n"
    )
    tireless = {"breaker": {"failures": 1_000_000, "success_ratio": 0}}
    breaks, late = (actions.action(name, timeout=0.01, resilience=tireless) for name in ("breaks", "late"))
    streams = actions.action("streams")

    def fail() -> None:
        assert not caller.call(breaks)
        assert not caller.call(late)
        caller.stream(streams, DialogueResponder(), most=1)

    fail()
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(100):
        fail()
    # A thread that has just given its result is not yet at rest when the next call looks for one.
    assert threading.active_count() <= threads + 2
    assert open_descriptors() <= descriptors  # what tests before this one left may be closed meanwhile
    for action in (breaks, late, streams):
        settle(lambda action=action: action._endpoint.transport._host.active == 0)
        assert action._endpoint.transport._host.counts().tasks_abandoned == 0
        assert action._endpoint.guard.bulkhead.in_flight == 0
    assert asyncio.all_tasks(caller.runner.get_loop()) == set()
