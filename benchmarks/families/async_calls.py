"""One awaited call after the other, over plain HTTP, TLS and mutual TLS."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import timing
from benchmarks.clients import OURS, RAW, async_clients
from benchmarks.clients.floor import floor
from benchmarks.far_end import WIRES, Wire, answering
from benchmarks.measure import Candidate, Table, Target, interleave

if TYPE_CHECKING:
    from benchmarks.clients.client import Client
    from benchmarks.options import Options

_CALLS = 400
_TARGETS = {"http": [Target(candidate=OURS, reference=RAW, figure="p50_us", most=2.0)], "TLS": [], "mTLS": []}


def run(options: Options) -> list[Table]:
    """Measure every asynchronous client."""
    return [_side_by_side(wire, options) for wire in WIRES]


def _side_by_side(wire: Wire, options: Options) -> Table:
    calls = options.calls(_CALLS)
    with ExitStack() as stack:
        end = stack.enter_context(answering(wire))
        runner = stack.enter_context(asyncio.Runner())
        load = stack.enter_context(floor(end))

        def candidate(client: Client) -> Candidate:
            return Candidate(
                name=client.name,
                run=lambda: runner.run(timing.asynchronous(client.call, client.work(calls))),
            )

        candidates = [
            Candidate(name=RAW, run=partial(timing.raw, load.waves, calls)),
            *map(candidate, async_clients(end, options, stack, runner)),
        ]
        title = f"Asynchronous calls, {wire}, 2 KB, one in flight"
        return interleave(
            title,
            candidates,
            rounds=options.rounds,
            targets=_TARGETS[wire],
            note="On asyncio's own loop; the raw socket blocks.",
        )
