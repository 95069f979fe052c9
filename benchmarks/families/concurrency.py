"""32 calls in flight, on threads and on one event loop; and how one loop does up to 1,000 in flight."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import timing
from benchmarks.clients import OURS, RAW, action, async_clients, blocking_clients
from benchmarks.clients.client import Client
from benchmarks.clients.floor import floor
from benchmarks.far_end import Wire, answering
from benchmarks.measure import Candidate, Table, Target, interleave

if TYPE_CHECKING:
    from benchmarks.options import Options

IN_FLIGHT = 32
_CALLS = 40 * IN_FLIGHT
_SEQUENCE = f"{RAW}, one in flight"
_LEVELS = (1, 8, 32, 128, 512, 1_000)


def run(options: Options) -> list[Table]:
    """Measure both colours over plain HTTP and mutual TLS, then the growth."""
    wires: tuple[Wire, ...] = ("http", "mTLS")
    return [
        *(_on_threads(wire, options) for wire in wires),
        *(_on_a_loop(wire, options) for wire in wires),
        _growth(options),
    ]


def _on_threads(wire: Wire, options: Options) -> Table:
    calls = max(IN_FLIGHT, options.calls(_CALLS))
    with ExitStack() as stack:
        end = stack.enter_context(answering(wire))
        pool = stack.enter_context(ThreadPoolExecutor(IN_FLIGHT))
        load = stack.enter_context(floor(end))

        def candidate(client: Client) -> Candidate:
            return Candidate(
                name=client.name,
                run=lambda: timing.threads(client.call, client.work(calls), pool, IN_FLIGHT),
            )

        candidates = [
            Candidate(name=_SEQUENCE, run=partial(timing.raw, load.waves, calls, whole=True)),
            *map(candidate, blocking_clients(end, options, stack)),
        ]
        title = f"Blocking calls, {wire}, 2 KB, {IN_FLIGHT} threads"
        return interleave(title, candidates, rounds=options.rounds)


def _on_a_loop(wire: Wire, options: Options) -> Table:
    calls = max(IN_FLIGHT, options.calls(_CALLS))
    with ExitStack() as stack:
        end = stack.enter_context(answering(wire))
        runner = stack.enter_context(asyncio.Runner())
        load = stack.enter_context(floor(end))

        def candidate(client: Client) -> Candidate:
            return Candidate(
                name=client.name,
                run=lambda: runner.run(timing.tasks(client.call, client.work(calls), IN_FLIGHT)),
            )

        candidates = [
            Candidate(name=_SEQUENCE, run=partial(timing.raw, load.waves, calls, whole=True)),
            *map(candidate, async_clients(end, options, stack, runner)),
        ]
        target = Target(candidate=OURS, reference=_SEQUENCE, figure="call_us", most=1.1)
        return interleave(
            f"Asynchronous calls, {wire}, 2 KB, {IN_FLIGHT} in flight",
            candidates,
            rounds=options.rounds,
            targets=[target] if wire == "http" else [],
            note="call_us is the time of the whole round, divided by its calls.",
        )


def _growth(options: Options) -> Table:
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        runner = stack.enter_context(asyncio.Runner())
        room = {"bulkhead": {"limit": max(_LEVELS), "queue": 0}}
        client = Client(name=OURS, call=action(end, resilience=room).invoke_async)

        def candidate(level: int) -> Candidate:
            calls = max(4 * level, options.calls(_CALLS))
            return Candidate(
                name=f"{level} in flight",
                run=lambda: runner.run(timing.tasks(client.call, client.work(calls), level)),
            )

        candidates = [candidate(level) for level in _LEVELS]
        return interleave(
            f"{OURS}, asynchronous calls, http, 2 KB: from 1 to {max(_LEVELS):,} in flight",
            candidates,
            rounds=options.rounds,
            growth=(candidates[0].name, candidates[-1].name),
            note="All through one action, so one server's limits, raised to as many.",
        )
