"""What deadline, breaker, budget and bulkhead add to a call that goes well."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks.clients import OURS, action
from benchmarks.clients.client import Client
from benchmarks.families.blocking_calls import candidate
from benchmarks.far_end import FarEnd, answering
from benchmarks.measure import Candidate, Table, Target, interleave
from mm_actions import close_endpoints
from mm_actions.client.endpoint import endpoint_for
from mm_actions.client.merge import apply
from mm_actions.config import load_config
from mm_actions.core.transport import Call, Invocation
from mm_actions.resilience import Deadline, ServerGuard

if TYPE_CHECKING:
    from benchmarks.options import Options

_ALONE = "the guards alone"
_WITHOUT = "encode, send, decode, merge"
_TRIPS = 5_000
_MOST_US = 10.0


def run(options: Options) -> list[Table]:
    """Measure the guards alone, and a call with and without what surrounds it."""
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        stack.callback(close_endpoints)
        calls = options.calls(400)
        candidates = [
            candidate(Client(name=_WITHOUT, call=_bare(end)), calls),
            candidate(Client(name=OURS, call=action(end).invoke), calls),
            Candidate(name=_ALONE, run=lambda: _guarded(options.calls(_TRIPS))),
        ]
        return [
            interleave(
                "Resilience on a healthy call",
                candidates,
                rounds=options.rounds,
                targets=[Target(candidate=_ALONE, figure="cpu_us", most=_MOST_US)],
                note=(
                    "The difference between the first two is all that surrounds the work: deadline, breaker, "
                    "budget, bulkhead, trace, result."
                ),
            )
        ]


def _guarded(trips: int) -> dict[str, float]:
    guard = ServerGuard()
    started = time.process_time()
    for _ in range(trips):
        deadline = Deadline.after(5.0)
        with guard.admit(attempt=1) as admission:
            if admission.queued or not deadline.remaining():
                raise RuntimeError("a guard refused")
            admission.record(None)
    return {"cpu_us": (time.process_time() - started) / trips * 1e6}


def _bare(end: FarEnd) -> Any:
    transport = endpoint_for(*load_config(end.config).server_of("order")).transport

    def call(request: Any, responder: Any) -> bool:
        payload = transport.encode(Invocation(action="order", request=request, responder=responder))
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        sent = Call(
            action="order", payload=payload, timeout=5.0, traceparent=parent, call_id="call-1", hops=1
        )
        apply(transport.send(sent), responder)
        return True

    return call
