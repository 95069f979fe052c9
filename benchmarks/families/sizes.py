"""Requests of 2 KB, 20 KB and 1 MB, blocking, over plain HTTP; and answers of up to 100 KB."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import timing
from benchmarks.clients import OURS, RAW, action, blocking_clients
from benchmarks.clients.client import Client
from benchmarks.clients.floor import floor
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import answering
from benchmarks.measure import Candidate, Table, interleave
from mm_actions import close_endpoints

if TYPE_CHECKING:
    from benchmarks.options import Options

_SIZES = (("2 KB", 2_000, 200), ("20 KB", 20_000, 100), ("1 MB", 1_000_000, 12))
_ANSWERS = (("0.5 KB", 0), ("5 KB", 5_000), ("20 KB", 20_000), ("100 KB", 100_000))


def run(options: Options) -> list[Table]:
    """Measure every blocking client with every size."""
    requests = [_of_size(label, size, options.calls(calls), options) for label, size, calls in _SIZES]
    return [*requests, _answers(options)]


def _of_size(label: str, size: int, calls: int, options: Options) -> Table:
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        load = stack.enter_context(floor(end, size=size))
        candidates = [
            Candidate(name=RAW, run=partial(timing.raw, load.waves, calls)),
            *(candidate(client, calls, size=size) for client in blocking_clients(end, options, stack)),
        ]
        return interleave(f"Blocking calls, http, requests of {label}", candidates, rounds=options.rounds)


def _answers(options: Options) -> Table:
    with ExitStack() as stack:
        stack.callback(close_endpoints)
        candidates = [
            candidate(
                Client(name=label, call=action(stack.enter_context(answering(size=size))).invoke),
                options.calls(_SIZES[0][2]),
            )
            for label, size in _ANSWERS
        ]
        return interleave(
            f"{OURS}, blocking, http, 2 KB: answers from {_ANSWERS[0][0]} to {_ANSWERS[-1][0]}",
            candidates,
            rounds=options.rounds,
            growth=(candidates[0].name, candidates[-1].name),
        )
