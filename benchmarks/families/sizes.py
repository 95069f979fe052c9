"""Requests of 2 KB, 20 KB and 1 MB, blocking, over plain HTTP."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import timing
from benchmarks.clients import RAW, blocking_clients
from benchmarks.clients.floor import floor
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import answering
from benchmarks.measure import Candidate, Table, interleave

if TYPE_CHECKING:
    from benchmarks.options import Options

_SIZES = (("2 KB", 2_000, 200), ("20 KB", 20_000, 100), ("1 MB", 1_000_000, 12))


def run(options: Options) -> list[Table]:
    """Measure every blocking client with every size."""
    return [_of_size(label, size, options.calls(calls), options) for label, size, calls in _SIZES]


def _of_size(label: str, size: int, calls: int, options: Options) -> Table:
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        load = stack.enter_context(floor(end, size=size))
        candidates = [
            Candidate(name=RAW, run=partial(timing.raw, load.waves, calls)),
            *(candidate(client, calls, size=size) for client in blocking_clients(end, options, stack)),
        ]
        return interleave(f"Blocking calls, http, requests of {label}", candidates, rounds=options.rounds)
