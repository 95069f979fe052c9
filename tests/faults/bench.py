"""The bench on which each fault is tried: one engine, one colour, and the checks that hold for every row."""

import asyncio
import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from mm_actions import ActionResult, CustomAction, CustomActionSequence, DialogueResponder, Request
from mm_actions.errors import InvocationError, Sent
from mm_actions.testing import Answer, CertificateAuthority, FaultServer

CANARY = "canary-6f1d"
"""Stands in what is sent and what is answered, and must not show in messages or logs."""

GOOD = Answer(
    json={"frame": {"answered": True}, "directives": [{"name": "reply", "payload": {"text": "ok"}}]}
)
_NUMBERS = itertools.count()
_IMPORTS = """
import asyncio, threading, time
from mm_actions import server as errors
from mm_actions.server import ActionServer
server = ActionServer()
"""
GRACE = 1.0
"""Seconds beyond the deadline that a busy machine may take; the slow suite holds the figure itself, 0.05."""


@dataclass(kw_only=True)
class Outcome:
    """How one call ended."""

    result: ActionResult
    responder: DialogueResponder
    before: Any
    elapsed: float
    records: list[logging.LogRecord]

    @property
    def error(self) -> InvocationError:
        assert self.result.error is not None, "the call succeeded"
        return self.result.error


class _Turn:
    """A turn that holds canaries, and what is seen while a call is made on it."""

    def __init__(self, request: Request | None = None) -> None:
        self.request = request or Request(text=CANARY, frame={"secret": CANARY})
        self.responder = DialogueResponder(frame={"secret": CANARY, "kept": 1}, slots={"s": 1})
        self.responder.reply("before")
        self.responder.params.language = "de"
        self._before = deepcopy(dict(self.responder))
        self._records: list[logging.LogRecord] = []
        self._handler = logging.Handler()
        self._handler.emit = self._records.append  # type: ignore[method-assign]
        self._began = self._elapsed = 0.0

    def __enter__(self) -> Self:
        logging.getLogger("mm_actions.call").addHandler(self._handler)
        self._began = time.monotonic()
        return self

    def __exit__(self, *_error: object) -> None:
        self._elapsed = time.monotonic() - self._began
        logging.getLogger("mm_actions.call").removeHandler(self._handler)

    def outcome(self, result: ActionResult) -> Outcome:
        return Outcome(
            result=result,
            responder=self.responder,
            before=self._before,
            elapsed=self._elapsed,
            records=self._records,
        )


@dataclass(kw_only=True)
class Bench:
    """One engine in one colour."""

    engine: str
    colour: str
    certificates: CertificateAuthority
    directory: Path
    runner: asyncio.Runner
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def sync(self) -> bool:
        return self.colour == "sync"

    def serve(self, script: Any = GOOD, **options: Any) -> FaultServer:
        return self.stack.enter_context(FaultServer(script, **options))

    def module(self, body: str) -> CustomAction:
        """Write a module of actions; give the one that is called "greet", to be run in this process."""
        name = f"faults_of_actions_{next(_NUMBERS)}"
        (self.directory / f"{name}.py").write_text(f"{_IMPORTS}\n{body}", encoding="utf-8")
        if str(self.directory) not in sys.path:
            sys.path.insert(0, str(self.directory))
            self.stack.callback(sys.path.remove, str(self.directory))
        quick = {"retry": {"base": 0.001}}
        return CustomAction("greet", {"url": f"python:{name}", "resilience": quick, "timeout": 2})

    def settings(self, url: str, **settings: Any) -> dict[str, Any]:
        quick = {"retry": {"base": 0.001}}
        return {"url": f"{url}/action", "engine": self.engine, "resilience": quick, **settings}

    def action(self, url: str, **settings: Any) -> CustomAction:
        return CustomAction("greet", self.settings(url, **settings))

    def invoke(self, action: CustomAction | CustomActionSequence, request: Request | None = None) -> Outcome:
        """Call an action on a turn that holds canaries."""
        with _Turn(request) as turn:
            if self.sync:
                result = action.invoke(turn.request, turn.responder)
            else:
                result = self.runner.run(action.invoke_async(turn.request, turn.responder))
        return turn.outcome(result)

    def invoke_at_once(self, actions: Iterable[CustomAction | CustomActionSequence]) -> list[Outcome]:
        """Call several, each on a turn of its own; the records of each are those of all."""
        if self.sync:
            return self.run_many([partial(self.invoke, action) for action in actions])

        async def call(action: CustomAction | CustomActionSequence) -> Outcome:
            with _Turn() as turn:
                result = await action.invoke_async(turn.request, turn.responder)
            return turn.outcome(result)

        async def together() -> list[Outcome]:
            return await asyncio.gather(*map(call, actions))

        return self.runner.run(together())

    def run_many(self, calls: list[Callable[[], Any]]) -> list[Any]:
        """Run blocking functions on threads of their own, and give their results."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result(30) for future in [pool.submit(call) for call in calls]]

    def fails(
        self,
        action: CustomAction,
        error: type[InvocationError] | tuple[type[InvocationError], ...],
        *,
        sent: Sent | tuple[Sent, ...],
        within: float | None = None,
    ) -> Outcome:
        """Call an action that must fail in one way, and check what is true of every failure."""
        outcome = self.invoke(action)
        kinds = error if isinstance(error, tuple) else (error,)
        assert type(outcome.error) in kinds, f"{type(outcome.error).__name__}: {outcome.error}"
        assert outcome.error.sent in (sent if isinstance(sent, tuple) else (sent,)), str(outcome.error)
        self.check_failure(outcome, action, within=within)
        return outcome

    def check_failure(self, outcome: Outcome, action: CustomAction, *, within: float | None = None) -> None:
        assert outcome.elapsed <= (action.timeout if within is None else within) + GRACE
        assert dict(outcome.responder) == outcome.before, "a failed call changed the responder"
        error = outcome.error
        assert (error.action, error.server) == ("greet", "default")
        assert error.attempt == outcome.result.attempts >= 0
        assert 0 < error.elapsed <= outcome.elapsed
        assert error.cause
        assert isinstance(error, InvocationError)
        assert CANARY not in str(error)
        lines = [record for record in outcome.records if record.levelno >= logging.WARNING]
        assert len(lines) == 1
        assert CANARY not in lines[0].getMessage()
        assert outcome.result.trace_id in lines[0].getMessage()
        assert error.kind in lines[0].getMessage()
        assert f"attempt {error.attempt}, {error.elapsed:.3f} s" in lines[0].getMessage()
        fields = {name: value for name, value in vars(lines[0]).items() if name.startswith("mm_")}
        assert fields == {
            "mm_action": error.action,
            "mm_server": error.server,
            "mm_kind": error.kind,
            "mm_sent": str(error.sent),
            "mm_attempt": error.attempt,
            "mm_elapsed": error.elapsed,
            "mm_trace_id": outcome.result.trace_id,
        }

    def succeeds(self, action: CustomAction) -> Outcome:
        outcome = self.invoke(action)
        self.check_success(outcome)
        return outcome

    def check_success(self, outcome: Outcome) -> None:
        assert outcome.result, str(outcome.result.error)
        assert outcome.responder.frame["answered"] is True


def settle(done: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    pause, ends = threading.Event(), time.monotonic() + 5
    while not done():
        assert time.monotonic() < ends
        pause.wait(0.002)


def open_bench(
    engine: str, colour: str, certificates: CertificateAuthority, directory: Path
) -> Iterator[Bench]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        yield Bench(
            engine=engine,
            colour=colour,
            certificates=certificates,
            directory=directory,
            runner=runner,
            stack=stack,
        )
