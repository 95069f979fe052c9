"""What a request and a streamed chunk cost each server, in CPU."""

from __future__ import annotations

import statistics
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.load import Load, dial
from benchmarks.rasa_defects.calls import call_of, dialed, json_of, message_of, post

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.process import Process
    from benchmarks.rasa_defects.pair import Served

_IN_FLIGHT = 8


def http_request(served: Served, calls: int) -> Callable[[], float]:
    """Post small calls that name the domain by its digest."""
    post(served, json_of(call_of("action_hello")))  # which makes the domain known
    body = json_of(call_of("action_hello", domain=False))
    waves = max(1, calls // _IN_FLIGHT)

    def sample() -> float:
        with Load(partial(dial, served.http_port), "/webhook", body, connections=_IN_FLIGHT) as load:
            load.waves(2)
            return _cpu(served.http, lambda: load.waves(waves)) / (waves * _IN_FLIGHT)

    return sample


def grpc_request(served: Served, calls: int) -> Callable[[], float]:
    """Send the same over gRPC, one after the other."""
    request = message_of(call_of("action_hello", domain=False))

    def sample() -> float:
        with dialed(served) as client:
            client.webhook(message_of(call_of("action_hello")))
            return _cpu(served.grpc, lambda: [client.webhook(request) for _ in range(calls)]) / calls

    return sample


def grpc_chunk(served: Served, calls: int) -> Callable[[], float]:
    """Have an action stream."""
    request = message_of(call_of("action_burst", chunks=calls))

    def sample() -> float:
        with dialed(served) as client:
            client.webhook(message_of(call_of("action_hello")))
            return _cpu(served.grpc, lambda: client.raw_stream(request)) / calls

    return sample


def http_chunk(served: Served, calls: int) -> Callable[[], float]:
    """Have an action stream over HTTP, which rasa_sdk cannot."""
    body = json_of(call_of("action_burst", chunks=calls))

    def sample() -> float:
        accepted = {"Accept": "application/x-ndjson"}
        return _cpu(served.http, lambda: post(served, body, accepted)) / calls

    return sample


def median(samples: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Take turns, so that drift hits all alike; give microseconds."""
    taken = [[sample() for sample in samples] for _ in range(rounds)]
    return [statistics.median(column) * 1e6 for column in zip(*taken, strict=True)]


def _cpu(process: Process, work: Callable[[], object]) -> float:
    before = process.cpu()
    work()
    return process.cpu() - before
