"""What is made anew while calls go on over mutual TLS: handshakes, TLS contexts, memory."""

from __future__ import annotations

import asyncio
import gc
import ssl
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import timing
from benchmarks.clients import OURS, async_clients, blocking_clients
from benchmarks.far_end import FarEnd, answering
from benchmarks.measure import Candidate, Table, Target, interleave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clients.client import Client
    from benchmarks.options import Options

_CALLS = 10_000
_AT_A_TIME = 100


def run(options: Options) -> list[Table]:
    """Count over many calls of every client, one after the other."""
    with ExitStack() as stack:
        end = stack.enter_context(answering("mTLS"))
        runner = stack.enter_context(asyncio.Runner())

        def candidate(client: Client, colour: str, make: Callable[[Client, int], object]) -> Candidate:
            calls = options.calls(_CALLS // 50 if client.slow else _CALLS)
            at_a_time, whole = min(_AT_A_TIME, calls), replace(client, slow=False)
            return Candidate(
                name=f"{client.name}, {colour}",
                run=lambda: {
                    **_counted(end, lambda: make(whole, at_a_time), calls // at_a_time),
                    "calls": calls,
                },
            )

        def awaited(client: Client, calls: int) -> object:
            return runner.run(timing.asynchronous(client.call, client.work(calls)))

        candidates = [
            *(candidate(client, "blocking", _blocked) for client in blocking_clients(end, options, stack)),
            *(
                candidate(client, "asynchronous", awaited)
                for client in async_clients(end, options, stack, runner)
            ),
        ]
        return [
            interleave(
                "Steady calls over mutual TLS",
                candidates,
                rounds=1,
                targets=[
                    Target(candidate=f"{OURS}, {colour}", figure=figure, most=0)
                    for colour in ("blocking", "asynchronous")
                    for figure in ("handshakes", "contexts")
                ],
                note=(
                    "After a first round, which connects. Contexts are Python's own; libcurl makes one for "
                    "each connection, so none where there is no handshake."
                ),
            )
        ]


def _blocked(client: Client, calls: int) -> object:
    return timing.blocking(client.call, client.work(calls))


def _counted(end: FarEnd, some_calls: Callable[[], object], times: int) -> dict[str, float]:
    some_calls()
    memory, connections = _memory(), end.accepted()
    with _counting_contexts() as contexts:
        for _ in range(times):
            some_calls()
    return {
        "handshakes": end.accepted() - connections - 1,  # the question's own connection
        "contexts": len(contexts),
        "memory_kb": _memory() - memory,
    }


@contextmanager
def _counting_contexts() -> Iterator[list[object]]:
    """Note every ``ssl.SSLContext`` that is made, by whatever library."""
    made: list[object] = []
    original = ssl.SSLContext.__new__

    def counting(cls: type[ssl.SSLContext], *arguments: Any, **options: Any) -> ssl.SSLContext:
        made.append(None)
        return original(cls, *arguments, **options)

    ssl.SSLContext.__new__ = counting  # type: ignore[method-assign, assignment] # for as long as is counted
    try:
        yield made
    finally:
        ssl.SSLContext.__new__ = original  # type: ignore[method-assign] # counted so far


def _memory() -> int:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
