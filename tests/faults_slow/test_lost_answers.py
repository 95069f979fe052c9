"""Answers that are lost after the work was done, and connections that end between or under calls."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults_slow.load import PATIENT, Called, call, call_async, closed_loop
from mm_actions import CustomAction
from mm_actions.testing import Answer, Close, FaultServer, LedgerHandler, Reset

ENGINES = ("curl", "requests", "aiohttp")
COLOURS = ("sync", "async")


def losing_each_first_answer() -> LedgerHandler:
    faults = (Reset(), Close())
    return LedgerHandler(
        Answer(json={"frame": {"done": True}}),
        deliver=lambda request, answer, asked: faults[request.number % 2] if asked == 1 else answer,
    )


@pytest.mark.parametrize(
    ("engine", "colour", "calls"),
    [("curl", "async", 10_000), ("curl", "sync", 2000)]
    + [(engine, colour, 1000) for engine in ENGINES[1:] for colour in COLOURS],
)
def test_every_answer_is_lost_once_and_every_action_done_once(engine, colour, calls, show):
    """With a key. Budget and breaker are put aside: they would not bear with a fault in every call."""
    handler = losing_each_first_answer()
    with FaultServer(handler, keep=0) as server:
        config = {
            "url": server.url,
            "engine": engine,
            "idempotent": True,
            "timeout": 10,
            "resilience": PATIENT,
        }
        done = closed_loop(CustomAction("charge", config), colour=colour, calls=calls, at_once=50)
        requests = server.request_count
    executions = handler.executions
    show(
        f"lost answers, {engine} {colour}: {sum(each.ok for each in done)} of {len(done)} calls succeed with "
        f"{requests} requests; {len(executions)} keys, executed {min(executions.values())} to "
        f"{max(executions.values())} times"
    )
    assert len(done) == len(executions) == calls
    assert all(each.ok for each in done)
    assert set(executions.values()) == {1}


def one_after_the_other(action: CustomAction, colour: str, calls: int, between) -> list[Called]:
    if colour == "sync":
        done = []
        for _ in range(calls):
            done.append(call(action))
            between()
        return done

    async def work() -> list[Called]:
        done = []
        with ThreadPoolExecutor(1) as pool:
            for _ in range(calls):
                done.append(await call_async(action))
                await asyncio.get_running_loop().run_in_executor(pool, between)
        return done

    return asyncio.run(work())


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("engine", ENGINES)
def test_no_call_fails_although_the_server_drops_its_connections_between_calls(engine, colour, show):
    handler = LedgerHandler()
    with FaultServer(handler, keep=0) as server:
        config = {"url": server.url, "engine": engine, "idempotent": True, "resilience": PATIENT}
        done = one_after_the_other(CustomAction("greet", config), colour, 1000, server.drop_connections)
    again = sum(each.attempts > 1 for each in done)
    failed = sum(not each.ok for each in done)
    show(f"connections dropped, {engine} {colour}: {again} of 1000 calls tried again, {failed} failed")
    assert failed == 0
    assert sum(handler.executions.values()) == 1000


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("engine", "calls"), [("curl", 1000), ("requests", 400), ("aiohttp", 400)])
def test_no_call_with_a_key_fails_in_the_race_for_an_idle_connection(engine, colour, calls, show):
    """The server closes what was idle for 20 ms, and the client comes back after 20 ms."""
    handler = LedgerHandler()
    pause = threading.Event()
    with FaultServer(handler, keep=0, idle_timeout=0.02) as server:
        config = {"url": server.url, "engine": engine, "idempotent": True, "resilience": PATIENT}
        done = one_after_the_other(CustomAction("greet", config), colour, calls, lambda: pause.wait(0.0195))
    again = sum(each.attempts > 1 for each in done)
    failed = sum(not each.ok for each in done)
    show(f"race for a connection, {engine} {colour}: {again} of {calls} calls tried again, {failed} failed")
    assert failed == 0
    assert set(handler.executions.values()) == {1}
