"""What a call costs when the calls go to 1, 10 and 100 servers in turn."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import cycle
from typing import TYPE_CHECKING, Any

from benchmarks.clients import action
from benchmarks.clients.client import Client
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import FarEnd, answering
from benchmarks.measure import Table, Target, interleave
from mm_actions import close_endpoints

if TYPE_CHECKING:
    from benchmarks.options import Options

_COUNTS = (1, 10, 100)
_CALLS = 400


def run(options: Options) -> list[Table]:
    """Measure blocking calls to each number of servers."""
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        stack.callback(close_endpoints)
        calls = max(2 * max(_COUNTS), options.calls(_CALLS))
        candidates = [candidate(_taking_turns(end, count), calls) for count in _COUNTS]
        target = Target(
            candidate=_named(_COUNTS[-1]), reference=_named(_COUNTS[0]), figure="cpu_us", most=1.5
        )
        return [
            interleave(
                "Blocking calls, http, to several servers in turn",
                candidates,
                rounds=options.rounds,
                targets=[target],
                note="One process answers for all; each has its own settings, guard and connection.",
                growth=(candidates[0].name, candidates[-1].name),
            )
        ]


def _taking_turns(end: FarEnd, count: int) -> Client:
    actions = cycle(
        [action(end, url=f"{end.url}?server={number}-of-{count}").invoke for number in range(count)]
    )

    def call(request: Any, responder: Any) -> Any:
        return next(actions)(request, responder)

    return Client(name=_named(count), call=call)


def _named(count: int) -> str:
    return f"{count} server{'s' if count > 1 else ''}"
