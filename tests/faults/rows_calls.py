"""Rows Q, L and S: sequences, load, and what must not leak."""

import asyncio
import json
import threading
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from faults.bench import CANARY, GOOD, GRACE, Bench
from faults.table import row
from forking import holds_in_child
from mm_actions import CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.errors import (
    CircuitOpen,
    ConfigurationError,
    DeadlineExceeded,
    LoopDetected,
    Overloaded,
    Sent,
)
from mm_actions.testing import Answer, Hang, Wait, WaitFor
from mm_actions.testing.faults.gate import Gate


def by_name(**answers: Any) -> Any:
    """Answer each action as told."""
    return lambda request, _number: answers[json.loads(request.body)["action"]]


def frame(**members: Any) -> Answer:
    return Answer(json={"frame": members})


def sequence(bench: Bench, url: str, *names: str, more: dict[str, Any] | None = None, **settings: Any):
    return CustomActionSequence(list(names), bench.settings(url, **settings), **(more or {}))


@row(
    "Q1",
    "the second of three steps fails",
    "the first stays merged, the third is not begun; the result lists both",
)
def second_step(bench: Bench) -> None:
    server = bench.serve(by_name(a=frame(a=1), b=Answer(422, json={}), c=frame(c=1)))
    outcome = bench.invoke(sequence(bench, server.url, "a", "b", "c"))
    assert [bool(step) for step in outcome.result.steps] == [True, False]
    assert outcome.error.action == "b"
    assert outcome.responder.frame == {"secret": CANARY, "kept": 1, "a": 1}


@row(
    "Q1a",
    "the second of three steps fails, all or nothing",
    "the responder is what it was; the result lists both",
)
def all_or_nothing(bench: Bench) -> None:
    server = bench.serve(by_name(a=frame(a=1), b=Answer(422, json={}), c=frame(c=1)))
    outcome = bench.invoke(sequence(bench, server.url, "a", "b", "c", more={"all_or_nothing": True}))
    assert [bool(step) for step in outcome.result.steps] == [True, False]
    assert dict(outcome.responder) == outcome.before


@row("Q2", "the first step uses up the time", "the second is not begun: `deadline-exceeded`, not sent")
def no_time_left(bench: Bench) -> None:
    server = bench.serve(by_name(a=(Wait(0.3), frame(a=1)), b=frame(b=1)))
    slow = CustomAction("a", bench.settings(server.url))
    late = CustomActionSequence([slow, CustomAction("b", bench.settings(server.url))])
    late.timeout = 0.3
    outcome = bench.invoke(late)
    assert isinstance(outcome.error, DeadlineExceeded)
    assert outcome.elapsed < 0.3 + GRACE
    assert "b" not in [json.loads(request.body)["action"] for request in server.requests]


@row(
    "Q3",
    "two answers in parallel set the same slot",
    "the one named last wins, whichever comes first; `conflicts` of the result names slot and actions",
)
def conflict(bench: Bench) -> None:
    for slow in ("a", "b"):
        answers = {name: Answer(json={"slots": {"winner": name}}) for name in "ab"}
        delayed = {name: (Wait(0.05), answer) if name == slow else answer for name, answer in answers.items()}
        server = bench.serve(by_name(**delayed))
        outcome = bench.invoke(sequence(bench, server.url, "a", "b", more={"parallel": True}))
        assert outcome.responder.slots["winner"] == "b"
        assert [str(each) for each in outcome.result.conflicts] == ["slots['winner'] by 'a', 'b'"]


@row(
    "Q4",
    "one of ten in parallel hangs",
    "the others are merged; the whole ends at the deadline; a quorum decides",
)
def one_hangs(bench: Bench) -> None:
    names = [f"a{number}" for number in range(10)]
    answers: dict[str, Any] = {name: frame(**{name: 1}) for name in names}
    server = bench.serve(by_name(**answers | {"a3": Hang()}))
    success = {None: False, 9: True, 0: True}
    sequences = [
        sequence(bench, server.url, *names, more={"parallel": True, "quorum": quorum}, timeout=1.0)
        for quorum in success
    ]
    outcomes = bench.invoke_at_once(sequences)
    assert [bool(outcome.result) for outcome in outcomes] == [*success.values()]
    for outcome in outcomes:
        assert outcome.elapsed < 1.0 + GRACE
        assert [name for name in names if name in outcome.responder.frame] == [n for n in names if n != "a3"]


@row(
    "Q5",
    "one of ten in parallel fails",
    "the others go on to their end; no task is left, and the threads are free",
)
def one_fails(bench: Bench) -> None:
    names = [f"a{number}" for number in range(10)]
    answers: dict[str, Any] = {name: frame(**{name: 1}) for name in names}
    server = bench.serve(by_name(**answers | {"a3": Answer(422, json={})}))
    action = sequence(bench, server.url, *names, more={"parallel": True})
    outcome = bench.invoke(action)
    assert [bool(step) for step in outcome.result.steps].count(False) == 1
    assert outcome.error.action == "a3"
    if not bench.sync:
        assert asyncio.all_tasks(bench.runner.get_loop()) == set()
    threads = parallel_threads()
    bench.invoke(action)
    assert parallel_threads() <= threads


def parallel_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("mm-actions-parallel")}


@row("Q6", "what was sent is changed afterwards", "what the caller holds is what it was")
def untouched(bench: Bench) -> None:
    request = Request(text="hi", frame={"a": {"b": [1]}}, entities=[{"type": "x", "value": [{"id": 1}]}])
    before = deepcopy(dict(request))
    bench.invoke(bench.action(bench.serve().url), request)
    assert dict(request) == before


@row(
    "Q7",
    "actions that call each other in a circle",
    "`loop-detected` after 8 hops; tests/client shows the circle",
)
def circle(bench: Bench) -> None:
    from contextvars import copy_context

    from mm_actions.core import hops

    server = bench.serve()

    def work() -> None:
        hops.arrived("8")
        action = bench.action(server.url)
        bench.fails(action, LoopDetected, sent=Sent.NO)

    copy_context().run(work) if bench.sync else _in_context(bench, work)
    assert server.request_count == 0


def _in_context(bench: Bench, work: Any) -> None:
    """An asyncio.Runner has a context of its own, made when its loop is; a fresh runner sees this one."""
    from contextvars import copy_context

    from mm_actions.core import hops

    async def inside() -> None:
        hops.arrived("8")
        result = await bench.action(bench.serve().url).invoke_async(Request(), DialogueResponder())
        assert isinstance(result.error, LoopDetected)

    bench.runner.run(inside(), context=copy_context())
    del work


@row("Q8", "the circuit of a later step's server is open", "with `precheck`, fails before the first step")
def precheck(bench: Bench) -> None:
    good, broken = bench.serve(), bench.serve(Answer(500, json={}))
    first, second = bench.action(good.url), CustomAction("b", bench.settings(broken.url))
    for _ in range(5):
        bench.invoke(second)
    outcome = bench.invoke(CustomActionSequence([first, second], precheck=True))
    assert isinstance(outcome.error, CircuitOpen)
    assert good.request_count == 0


@row("L2", "more calls than the server may get", "the excess is refused at once: `overloaded`, not sent")
def overload(bench: Bench) -> None:
    gate = Gate()
    server = bench.serve((WaitFor(gate), GOOD))
    figures = {"retry": {"base": 0.001}, "bulkhead": {"limit": 4, "queue": 4}}
    action = bench.action(server.url, resilience=figures)

    if bench.sync:
        done: list[Any] = []
        threads = [
            threading.Thread(target=lambda: done.append(action.invoke(Request(), DialogueResponder())))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        server.wait_for_requests(4)
        while action._endpoint.guard.bulkhead.queued < 4:
            time.sleep(0)
        refused = [bench.invoke(action) for _ in range(4)]
        gate.open()
        for thread in threads:
            thread.join(10)
        assert all(done)
        assert len(done) == 8
    else:

        async def crowd() -> list[Any]:
            tasks = [
                asyncio.create_task(action.invoke_async(Request(), DialogueResponder())) for _ in range(12)
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            gate.open()
            return await asyncio.gather(*tasks)

        results = bench.runner.run(crowd())
        assert [bool(result) for result in results].count(True) == 8
        assert {type(result.error) for result in results if not result} == {Overloaded}
        return
    for outcome in refused:
        assert isinstance(outcome.error, Overloaded)
        bench.check_failure(outcome, action, within=0)


@row("L3", "one server hangs, another is healthy", "the healthy one is not held up")
def neighbour(bench: Bench) -> None:
    gate = Gate()
    hung, healthy = bench.serve((WaitFor(gate), GOOD)), bench.serve()
    stuck, free = bench.action(hung.url, timeout=30), bench.action(healthy.url)
    if bench.sync:
        threads = [
            threading.Thread(target=stuck.invoke, args=(Request(), DialogueResponder())) for _ in range(20)
        ]
        for thread in threads:
            thread.start()
        hung.wait_for_requests(20)
        assert bench.succeeds(free).elapsed < 0.5
        assert all(thread.is_alive() for thread in threads)
        gate.open()
        for thread in threads:
            thread.join(10)
        return

    async def both() -> float:
        tasks = [asyncio.create_task(stuck.invoke_async(Request(), DialogueResponder())) for _ in range(20)]
        await asyncio.to_thread(hung.wait_for_requests, 20)
        began = time.monotonic()
        assert await free.invoke_async(Request(), DialogueResponder())
        elapsed = time.monotonic() - began
        assert not any(task.done() for task in tasks)
        gate.open()
        await asyncio.gather(*tasks)
        return elapsed

    assert bench.runner.run(both()) < 0.5


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@row(
    "L6", "the caller goes away at any point", "no task, permit or descriptor is left, and the server is told"
)
def cancelled(bench: Bench) -> None:
    if bench.sync:
        return  # a blocking call cannot be cancelled; its deadline ends it
    server = bench.serve(by_name(greet=Hang()))
    action = bench.action(server.url)

    async def leave(steps: int) -> None:
        task = asyncio.create_task(action.invoke_async(Request(), DialogueResponder()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def leave_when_sent() -> None:
        task = asyncio.create_task(action.invoke_async(Request(), DialogueResponder()))
        await asyncio.to_thread(server.wait_for_requests, server.request_count + 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    bench.runner.run(leave_when_sent())
    before = descriptors()
    for steps in range(20):
        bench.runner.run(leave(steps))
    for _ in range(5):
        bench.runner.run(leave_when_sent())
    server.wait_until_deserted()
    bench.runner.run(asyncio.sleep(0.05))
    assert asyncio.all_tasks(bench.runner.get_loop()) == set()
    assert action._endpoint.guard.bulkhead.in_flight == 0
    assert descriptors() <= before + 2


@row("L7", "50 threads, or 200 tasks, call at once", "each has its own answer")
def crowd_calls(bench: Bench) -> None:
    def echo(request: Any, _number: int) -> Answer:
        return frame(text=json.loads(request.body)["request"]["text"])

    action = bench.action(bench.serve(echo).url)
    if bench.sync:

        def call(number: int) -> bool:
            responder = DialogueResponder()
            return bool(action.invoke(Request(text=str(number)), responder)) and responder.frame[
                "text"
            ] == str(number)

        assert all(bench.run_many([lambda number=number: call(number) for number in range(50)]))
        return

    async def call_async(number: int) -> bool:
        responder = DialogueResponder()
        return bool(await action.invoke_async(Request(text=str(number)), responder)) and responder.frame[
            "text"
        ] == str(number)

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(*(call_async(number) for number in range(200)))

    assert all(bench.runner.run(all_of_them()))


@row("L8", "the process forks after it has called", "the child has connections of its own; the parent's stay")
def forked(bench: Bench) -> None:
    server = bench.serve()
    action = bench.action(server.url)
    bench.succeeds(action)
    assert holds_in_child(lambda: action.invoke(Request(), DialogueResponder()))
    bench.succeeds(action)
    assert len({request.connection for request in server.requests}) == 2


@row("S4", "urls with other schemes, or with a password inside", "refused when the action is made", once=True)
def odd_urls(bench: Bench) -> None:
    for url in (
        "file:///etc/passwd",
        "gopher://x/",
        "http://user:pw@host/",
        "//host/",
        "http:///x",
        "host:80",
    ):
        with pytest.raises(ConfigurationError) as caught:
            bench.action(url)
        assert "pw" not in str(caught.value)


@row("S5", "secrets in settings, turns and answers", "never in a message, a repr or the log")
def secrets(bench: Bench) -> None:
    server = bench.serve(
        Answer(500, body=CANARY.encode(), headers={"X-Echo": CANARY, "Content-Type": CANARY})
    )
    settings = {
        "headers": {"X-Key": CANARY},
        "auth": {"bearer": CANARY},
    }
    action = bench.action(server.url, **settings)
    outcome = bench.invoke(action)
    bench.check_failure(outcome, action)
    assert CANARY not in repr(outcome.result) + repr(action._config) + repr(outcome.error)
    dumped = "".join(str(record.__dict__) for record in outcome.records)
    assert CANARY not in dumped


@row("S7", "an action's name with line breaks in it", "data like any other: no header is made of it")
def line_breaks(bench: Bench) -> None:
    server = bench.serve()
    name = "a\r\nX-Injected: 1"
    bench.succeeds(CustomAction(name, bench.settings(server.url)))
    assert "x-injected" not in {key.lower() for key in dict(server.requests[0].headers)}
    assert json.loads(server.requests[0].body)["action"] == name
