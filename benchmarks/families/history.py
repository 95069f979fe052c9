"""What earlier turns cost that a request brings along: 0, 10 and 100 of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.clients import OURS, SESSION, WAY, blocking_clients
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import answering
from benchmarks.measure import Table, Target, interleave

if TYPE_CHECKING:
    from benchmarks.options import Options

_TURNS = (0, 10, 100)
_CALLS = 120


def run(options: Options) -> list[Table]:
    """Measure blocking calls with each history."""
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        clients = [
            client for client in blocking_clients(end, options, stack) if client.name in {OURS, SESSION, WAY}
        ]
        candidates = [
            candidate(replace(client, name=_named(client.name, turns)), options.calls(_CALLS), turns=turns)
            for client in clients
            for turns in _TURNS
        ]
        target = Target(
            candidate=_named(OURS, _TURNS[-1]), reference=_named(OURS, 0), figure="cpu_us", most=1.5
        )
        title = "Blocking calls, http, with earlier turns of 0.8 KB each"
        growth = (_named(OURS, _TURNS[0]), _named(OURS, _TURNS[-1]))
        return [interleave(title, candidates, rounds=options.rounds, targets=[target], growth=growth)]


def _named(client: str, turns: int) -> str:
    return f"{client}, {turns} turns"
