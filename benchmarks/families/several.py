"""Sequences of three actions, and sixteen actions at once to a server that takes 20 ms."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks import timing
from benchmarks.clients import OURS, RAW, action, blocking_clients
from benchmarks.clients.client import Client
from benchmarks.clients.floor import floor
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import answering
from benchmarks.measure import Candidate, Table, Target, interleave
from mm_actions import CustomActionSequence, close_endpoints

if TYPE_CHECKING:
    from benchmarks.options import Options

_STEPS, _AT_ONCE = 3, 16
_DELAY = 0.02
_MOST_MS = 24


def run(options: Options) -> list[Table]:
    """Measure both."""
    return [_in_sequence(options), _at_once(options)]


def _in_sequence(options: Options) -> Table:
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        calls = options.calls(120)
        clients = [_repeated(client) for client in blocking_clients(end, options, stack)]
        sequence = CustomActionSequence(["order"] * _STEPS, end.config)
        ours = Client(name="CustomActionSequence", call=sequence.invoke)
        return interleave(
            f"Sequences of {_STEPS}, blocking, http",
            [candidate(client, calls) for client in (ours, *clients)],
            rounds=options.rounds,
            note="The figures are those of the whole sequence; the others make three calls one by one.",
        )


def _repeated(client: Client) -> Client:
    def call(request: Any, responder: Any) -> bool:
        return all(client.call(request, responder) for _ in range(_STEPS))

    return Client(name=client.name, call=call, turns=client.turns, slow=client.slow)


def _at_once(options: Options) -> Table:
    with ExitStack() as stack:
        end = stack.enter_context(answering(delay=_DELAY))
        runner = stack.enter_context(asyncio.Runner())
        stack.callback(close_endpoints)
        calls = options.calls(20)
        load = stack.enter_context(floor(end, connections=_AT_ONCE))
        actions = CustomActionSequence([action(end)] * _AT_ONCE, parallel=True)
        blocking = Client(name=f"{OURS}, blocking", call=actions.invoke)
        awaited = Client(name=f"{OURS}, asynchronous", call=actions.invoke_async)
        candidates = [
            Candidate(name=RAW, run=partial(timing.raw, load.waves, calls)),
            candidate(blocking, calls),
            Candidate(
                name=awaited.name,
                run=lambda: runner.run(timing.asynchronous(awaited.call, awaited.work(calls))),
            ),
        ]
        return interleave(
            f"{_AT_ONCE} actions at once, to a server that takes {_DELAY * 1000:.0f} ms",
            candidates,
            rounds=options.rounds,
            targets=[
                Target(candidate=name, figure="p50_us", most=_MOST_MS * 1000)
                for name in (awaited.name, blocking.name)
            ],
            note="The figures are those of all sixteen.",
        )
