"""What keeps a call as quick as it is: counts of what it does, and ratios to peers within one run.

A ratio may be twice the figure that was reached, and the best of some rounds counts: what else runs on the
machine makes a round slower, never quicker.
"""

import asyncio
import gc
import sys
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from benchmarks.clients import OURS, RAW, SESSION, WAY, action, blocking_clients
from benchmarks.clients.client import Client
from benchmarks.clients.engines import AtOnce
from benchmarks.clients.floor import floor
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import answering
from benchmarks.measure import Candidate, interleave
from benchmarks.options import Options

from benchmarks import timing, turns
from mm_actions import CustomAction

ROUNDS = 6
CALLS = 40
OF_LIBCURL = {"_look_for_signals"}
"""What libcurl calls as often as its version thinks fit."""


@contextmanager
def counted_calls():
    """Count the calls of Python functions, those of the event loop and of generators left out."""
    called = []

    def note(frame, event, _argument):
        if event == "call" and "mm_actions" in frame.f_code.co_filename:
            called.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


def best(table, one, other, figure="cpu_us"):
    mine, others = table.figures[one][figure], table.figures[other][figure]
    return min(a / b for a, b in zip(mine, others, strict=True))


@pytest.mark.parametrize(("engine", "most"), [(AtOnce(), 75), ("curl", 90)])
def test_a_blocking_call_makes_no_more_calls_of_python_functions_than_it_did(engine, most):
    request = turns.request()
    with answering() as end:
        call = action(end, engine=engine).invoke
        for _ in range(3):
            call(request, turns.responder(request))
        responder = turns.responder(request)
        with counted_calls() as called:
            call(request, responder)
    found = [name for name in called if name not in OF_LIBCURL]
    assert len(found) <= most, f"{len(found)} calls: {found}"


@pytest.mark.parametrize(("engine", "most"), [(AtOnce(), 75), ("curl", 123)])
def test_an_asynchronous_call_makes_no_more_calls_of_python_functions_than_it_did(engine, most):
    request = turns.request()

    async def main(call):
        for _ in range(3):
            await call(request, turns.responder(request))
        responder = turns.responder(request)
        with counted_calls() as called:
            await call(request, responder)
        return called

    with answering() as end:
        found = asyncio.run(main(action(end, engine=engine).invoke_async))
    assert len(found) <= most, f"{len(found)} calls: {found}"


def test_calls_leave_nothing_in_memory():
    call = CustomAction("order", {"url": "http://127.0.0.1:9/action", "engine": AtOnce()}).invoke
    request = turns.request()

    def blocks():
        for _ in range(200):
            call(request, turns.responder(request))
        gc.collect()
        return sys.getallocatedblocks()

    blocks()
    before = blocks()
    assert min(blocks() - before for _ in range(5)) < 20, "in 200 calls"


def test_a_blocking_call_costs_a_small_multiple_of_the_raw_socket_and_a_fraction_of_its_peers():
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        load = stack.enter_context(floor(end))
        peers = [
            client
            for client in blocking_clients(end, Options(), stack)
            if client.name in {OURS, SESSION, WAY}
        ]
        table = interleave(
            "blocking",
            [
                Candidate(name=RAW, run=partial(timing.raw, load.waves, CALLS)),
                *(candidate(client, CALLS) for client in peers),
            ],
            rounds=ROUNDS,
        )
    assert best(table, OURS, RAW) < 2 * 4.5
    assert best(table, OURS, RAW, "p50_us") < 2 * 2.4
    assert best(table, OURS, SESSION) < 2 * 0.3
    assert best(table, OURS, WAY) < 2 * 0.17


def test_a_hundred_earlier_turns_cost_little_beside_the_call():
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        call = action(end).invoke
        table = interleave(
            "history",
            [candidate(Client(name=str(count), call=call), CALLS, turns=count) for count in (0, 100)],
            rounds=ROUNDS,
        )
    assert best(table, "100", "0") < 2 * 1.4


def test_calls_at_once_on_an_event_loop_cost_no_more_beside_a_raw_socket_than_they_did():
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        load = stack.enter_context(floor(end))
        runner = stack.enter_context(asyncio.Runner())
        client = Client(name=OURS, call=action(end).invoke_async)
        calls = 4 * CALLS
        table = interleave(
            "asynchronous",
            [
                Candidate(name=RAW, run=partial(timing.raw, load.waves, calls, whole=True)),
                Candidate(
                    name=OURS, run=lambda: runner.run(timing.tasks(client.call, client.work(calls), 32))
                ),
            ],
            rounds=ROUNDS,
        )
    # Of the processor: what callers waited depends on who else wants it.
    assert best(table, OURS, RAW) < 2 * 4.6
