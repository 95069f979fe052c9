"""One blocking call after the other, over plain HTTP, TLS and mutual TLS."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import timing
from benchmarks.clients import OURS, PYCURL, RAW, WAY, action, blocking_clients
from benchmarks.clients.bare_curl import bare
from benchmarks.clients.client import Client
from benchmarks.clients.floor import floor
from benchmarks.far_end import WIRES, Wire, answering
from benchmarks.measure import Candidate, Table, Target, interleave

if TYPE_CHECKING:
    from benchmarks.options import Options

CALLS = 400
_TARGETS = {
    "http": [
        Target(candidate=OURS, reference=RAW, figure="p50_us", most=1.7),
        Target(candidate=OURS, reference=RAW, figure="cpu_us", most=3.0),
        Target(candidate=OURS, reference=WAY, figure="cpu_us", most=1 / 15),
    ],
    "TLS": [],
    "mTLS": [Target(candidate=OURS, reference=WAY, figure="cpu_us", most=1 / 40)],
}


def run(options: Options) -> list[Table]:
    """Measure every blocking client."""
    return [*(_side_by_side(wire, options) for wire in WIRES), _price_of_tls(options)]


def candidate(client: Client, calls: int, **turn: int) -> Candidate:
    """Make a candidate of a client."""
    return Candidate(name=client.name, run=lambda: timing.blocking(client.call, client.work(calls, **turn)))


def _side_by_side(wire: Wire, options: Options) -> Table:
    calls = options.calls(CALLS)
    with ExitStack() as stack:
        end = stack.enter_context(answering(wire))
        load = stack.enter_context(floor(end))
        candidates = [
            Candidate(name=RAW, run=partial(timing.raw, load.waves, calls)),
            candidate(Client(name=PYCURL, call=bare(end, stack)), calls),
            *(candidate(client, calls) for client in blocking_clients(end, options, stack)),
        ]
        title = f"Blocking calls, {wire}, 2 KB, one in flight"
        return interleave(title, candidates, rounds=options.rounds, targets=_TARGETS[wire])


def _price_of_tls(options: Options) -> Table:
    with ExitStack() as stack:
        ends = [stack.enter_context(answering(wire)) for wire in WIRES]
        candidates = [
            candidate(Client(name=wire, call=action(end).invoke), options.calls(CALLS))
            for wire, end in zip(WIRES, ends, strict=True)
        ]
        return interleave(
            "mm_actions, curl: mutual TLS beside plain HTTP",
            candidates,
            rounds=options.rounds,
            targets=[Target(candidate="mTLS", reference="http", figure="p50_us", most=1.3)],
        )
