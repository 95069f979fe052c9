"""Where the time of a call goes: each stage does what the one before it does, and more."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks import timing, turns
from benchmarks.clients import OURS, PYCURL, RAW, action
from benchmarks.clients.bare_curl import bare
from benchmarks.clients.engines import AtOnce, Posting
from benchmarks.clients.floor import floor
from benchmarks.far_end import FarEnd, answering
from benchmarks.measure import Candidate, Table, interleave
from mm_actions import close_endpoints
from mm_actions.config import load_config
from mm_actions.core.transport import Call, Invocation
from mm_actions.transports.rooms import open_engine, open_http

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.options import Options
    from mm_actions.transports.http.engine import HttpRequest

    Work = Sequence[tuple[Any, Any]]
    Round = Callable[[Callable[[Any, Any], Any], Work], dict[str, float]]

_CALLS = 400
_IN_FLIGHT = 32
_NOTE = (
    "The engine takes an HttpRequest and gives an HttpResponse; the transport takes an encoded turn and gives"
    " an Answer; without network, the engine has the answer at once"
)

BLOCKING = "Stages of a blocking call, http, 2 KB"
ASYNC = "Stages of an asynchronous call, http, 2 KB"
AT_ONCE = f"Stages of asynchronous calls, http, 2 KB, {_IN_FLIGHT} in flight"
ENGINE, TRANSPORT = "our engine", "our transport"
AROUND, ALONE = "mm_actions, around pycurl alone", "mm_actions, without network"


def run(options: Options) -> list[Table]:
    """Measure the stages in both colours."""
    with ExitStack() as stack:
        end = stack.enter_context(answering())
        stack.callback(close_endpoints)
        stages = Stages(end, max(_IN_FLIGHT, options.calls(_CALLS)), stack)
        runner = stack.enter_context(asyncio.Runner())

        def one_by_one(call: Callable[[Any, Any], Any], work: Work) -> dict[str, float]:
            return runner.run(timing.asynchronous(call, work))

        def at_once(call: Callable[[Any, Any], Any], work: Work) -> dict[str, float]:
            return runner.run(timing.tasks(call, work, _IN_FLIGHT))

        def table(title: str, candidates: Sequence[Candidate], note: str) -> Table:
            return interleave(title, candidates, rounds=options.rounds, note=f"{_NOTE}{note}.")

        return [
            table(
                BLOCKING, stages.blocking(), "; around pycurl alone, once that has sent and received as much"
            ),
            table(ASYNC, stages.asynchronous(one_by_one), ""),
            table(AT_ONCE, stages.asynchronous(at_once, whole=True), ""),
        ]


class Stages:
    """The parts of our client, each of which can be called by itself.

    Args:
        end: The server.
        calls: How many calls a round has.
        stack: Closes what is opened.
    """

    def __init__(self, end: FarEnd, calls: int, stack: ExitStack) -> None:
        _, settings = load_config(end.config).server_of("order")
        self._engine = open_engine(settings)
        self._transport = open_http(settings)
        stack.callback(self._engine.close)
        stack.callback(self._transport.close)
        self._end = end
        self._post = bare(end, stack)
        self._load = stack.enter_context(floor(end))
        self._calls = calls
        self._ids = count(1)
        self._requests: list[HttpRequest] = []

    def blocking(self) -> list[Candidate]:
        """Give the stages of blocking calls."""
        around = action(self._end, engine=Posting(self._post)).invoke
        return [
            Candidate(name=RAW, run=partial(timing.raw, self._load.waves, self._calls)),
            self._candidate(PYCURL, timing.blocking, self._post, self._turns),
            self._candidate(
                ENGINE, timing.blocking, lambda request, _: self._engine.send(request), self._sent
            ),
            self._candidate(
                TRANSPORT, timing.blocking, lambda call, _: self._transport.send(call), self._encoded
            ),
            self._candidate(OURS, timing.blocking, action(self._end).invoke, self._turns),
            self._candidate(AROUND, timing.blocking, around, self._turns),
            self._candidate(ALONE, timing.blocking, action(self._end, engine=AtOnce()).invoke, self._turns),
        ]

    def asynchronous(self, measured: Round, *, whole: bool = False) -> list[Candidate]:
        """Give the stages of asynchronous calls.

        Args:
            measured: Makes them.
            whole: Whether the figures are of the whole round too.
        """
        raw = partial(timing.raw, self._load.waves, self._calls, whole=whole)
        return [
            Candidate(name=f"{RAW}, one in flight" if whole else RAW, run=raw),
            self._candidate(
                ENGINE, measured, lambda request, _: self._engine.send_async(request), self._sent
            ),
            self._candidate(
                TRANSPORT, measured, lambda call, _: self._transport.send_async(call), self._encoded
            ),
            self._candidate(OURS, measured, action(self._end).invoke_async, self._turns),
            self._candidate(ALONE, measured, action(self._end, engine=AtOnce()).invoke_async, self._turns),
        ]

    def _candidate(
        self, name: str, measured: Round, call: Callable[[Any, Any], Any], work: Callable[[], Work]
    ) -> Candidate:
        return Candidate(name=name, run=lambda: measured(call, work()))

    def _turns(self) -> Work:
        request = turns.request()
        return [(request, turns.responder(request)) for _ in range(self._calls)]

    def _sent(self) -> Work:
        """Give what our transport hands to an engine, with the ids of as many calls."""
        if not self._requests:
            engine = AtOnce(keeping=True)
            invoke = action(self._end, engine=engine).invoke
            for request, responder in self._turns():
                invoke(request, responder)
            self._requests = engine.requests
        return [(request, None) for request in self._requests]

    def _encoded(self) -> Work:
        request = turns.request()
        payload = self._transport.encode(
            Invocation(action="order", request=request, responder=turns.responder(request))
        )
        return [(self._call(payload, next(self._ids)), None) for _ in range(self._calls)]

    def _call(self, payload: bytes, number: int) -> Call:
        return Call(
            action="order",
            payload=payload,
            timeout=5.0,
            traceparent=f"00-{number:032x}-{number:016x}-01",
            call_id=f"{number:016x}",
            hops=1,
        )
