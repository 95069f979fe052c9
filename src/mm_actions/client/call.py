"""One call: attempts until an answer, a final error or the deadline. Written once, run in both colours."""

from __future__ import annotations

import difflib
import hashlib
import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from mm_actions.client.result import ActionResult
from mm_actions.core.hops import next_hop
from mm_actions.core.runtime import ASYNC, BlockingRuntime
from mm_actions.core.tracing import new_id, tracer
from mm_actions.core.transport import Call, Invocation
from mm_actions.errors import (
    ActionNotFound,
    CircuitOpen,
    DeadlineExceeded,
    InvocationError,
    Overloaded,
    Sent,
)
from mm_actions.resilience import Again, read, settles

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from mm_actions.client.endpoint import Endpoint
    from mm_actions.contract.wire import Answer
    from mm_actions.core.runtime import Runtime
    from mm_actions.core.tracing import Attempt, Trace
    from mm_actions.resilience import Admission, Deadline

T = TypeVar("T")

logger = logging.getLogger("mm_actions.call")

CATALOGUE_TIMEOUT = 0.25
"""Seconds to ask a server that does not know an action which ones it has."""


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What to have done, where, and until when.

    Attributes:
        invocation: The action on its turn.
        server: The server's name in the configuration.
        endpoint: The server.
        deadline: When to give up.
        step: The place in a sequence, from 0.
    """

    invocation: Invocation
    server: str
    endpoint: Endpoint
    deadline: Deadline
    step: int = 0


@contextmanager
def observing(observer: Callable[[ActionResult], object]) -> Iterator[None]:
    """Show an observer the result of every call that this context makes, in either colour and on any thread.

    Args:
        observer: Is called where the call ends, before the answer is merged; what it raises, the call raises.
    """
    token = _observers.set((*_observers.get(), observer))
    try:
        yield
    finally:
        _observers.reset(token)


async def carry_out(errand: Errand, runtime: Runtime) -> ActionResult:
    """Call an action; a failure is a result, not an exception, and is logged in one line."""
    course = begin(errand)
    attempt = _attempt if errand.endpoint.settings.hedge_after is None else _hedged
    try:
        with course.trace:
            answer = await until_answered(course, runtime, attempt)
    except InvocationError as error:
        # No frame of the error's traceback keeps the error: that would be a circle, in which a refused answer
        # of 1 MiB waits for the garbage collector.
        return await conclude(course, None, error, runtime)
    return _result(course, answer)


def begin(errand: Errand) -> Course:
    """Start the clock of a call, and give it a trace."""
    trace = tracer().trace(
        action=errand.invocation.action, server=errand.server, url=errand.endpoint.settings.url
    )
    return Course(errand, trace)


async def conclude(
    course: Course, answer: Answer | None, failure: InvocationError | None, runtime: Runtime
) -> ActionResult:
    """Make the result of a call that has ended: a failure is logged, and observers see either."""
    if failure is not None:
        errand = course.errand
        if isinstance(failure, ActionNotFound):
            failure.hint = await _nearest(errand, runtime) or failure.hint
        failure.action, failure.server = errand.invocation.action, errand.server
        failure.attempt = course.attempt
        failure.elapsed = time.monotonic() - course.started
        _log(failure, course.trace.trace_id)
    return _result(course, answer, failure)


def _result(course: Course, answer: Answer | None, failure: InvocationError | None = None) -> ActionResult:
    errand = course.errand
    result = ActionResult(
        action=errand.invocation.action,
        server=errand.server,
        error=failure,
        answer=answer,
        attempts=course.attempt,
        elapsed=time.monotonic() - course.started,
        trace_id=course.trace.trace_id,
    )
    for observer in _observers.get():
        observer(result)
    return result


def _log(failure: InvocationError, trace_id: str) -> None:
    """Write the one line of a failed call; what it says stands in fields of the record too."""
    fields = {
        "mm_action": failure.action,
        "mm_server": failure.server,
        "mm_kind": failure.kind,
        "mm_sent": str(failure.sent),
        "mm_attempt": failure.attempt,
        "mm_elapsed": failure.elapsed,
        "mm_trace_id": trace_id,
    }
    logger.warning(
        "%s (attempt %d, %.3f s, trace %s)", failure, failure.attempt, failure.elapsed, trace_id, extra=fields
    )


class Course(msgspec.Struct):
    """How far an errand has come.

    Attributes:
        errand: What to have done.
        trace: The trace of the call.
        started: When the call began, in seconds of the monotonic clock.
        attempt: Which attempt is under way, from 1.
        payload: What the transport made of the invocation.
        key: The idempotency key, if the server honours one.
        hop: How many calls deep this one is, from 1.
    """

    errand: Errand
    trace: Trace
    started: float = msgspec.field(default_factory=time.monotonic)
    attempt: int = 1
    payload: object = None
    key: str | None = None
    hop: int = 1

    def call(self, attempt: Attempt, timeout: float) -> Call:
        """Say what a transport is to send.

        Args:
            attempt: Its part of the trace.
            timeout: Seconds left.
        """
        return Call(
            action=self.errand.invocation.action,
            payload=self.payload,
            timeout=timeout,
            traceparent=attempt.traceparent,
            call_id=attempt.call_id,
            hops=self.hop,
            idempotency_key=self.key,
            tracestate=attempt.tracestate,
            answered=attempt.answered,
        )


async def until_answered(
    course: Course, runtime: Runtime, attempt: Callable[[Course, Runtime], Coroutine[Any, Any, T]]
) -> T:
    """Make attempts until one succeeds; which failures are worth another one, the server's guard decides.

    Args:
        course: The call's.
        runtime: What to wait by.
        attempt: Makes one.

    Raises:
        InvocationError: None succeeded.
    """
    errand, endpoint = course.errand, course.errand.endpoint
    course.hop = next_hop()
    course.payload = endpoint.transport.encode(errand.invocation)
    course.key = _idempotency_key(errand) if endpoint.settings.honours_key(errand.invocation.action) else None
    failure: InvocationError | None = None
    try:
        while True:
            try:
                return await attempt(course, runtime)
            except InvocationError as error:
                if failure is not None and isinstance(error, (CircuitOpen, Overloaded)):
                    course.attempt -= 1
                    raise failure from error  # the first failure says more than the second's refusal
                failure = error
                delay = endpoint.guard.retry_delay(
                    error, attempt=course.attempt, deadline=errand.deadline, keyed=course.key is not None
                )
                if delay is None:
                    raise
            await runtime.sleep(delay)
            course.attempt += 1
    finally:
        failure = None  # see carry_out


async def _hedged(course: Course, runtime: Runtime) -> Answer:
    """Make an attempt; if it is the first, carries a key and is slow, another one beside it.

    A blocking caller waits for a private event loop to do so: it takes some 0.2 ms, and there both colours
    call off an attempt in the same way, with every engine.
    """
    if course.key is None or course.attempt > 1:
        return await _attempt(course, runtime)
    if isinstance(runtime, BlockingRuntime):
        from mm_actions.transports.loop_thread import shared_loop  # noqa: PLC0415 - loads asyncio

        return shared_loop().run(_race(course))
    return await _race(course)


async def _race(course: Course) -> Answer:
    """Let two attempts race on the running event loop: the first answer counts, and the other is called off.

    Raises:
        InvocationError: Both failed; it is the error of the one that failed first.
    """
    import asyncio  # noqa: PLC0415 - blocking callers who do not hedge need not pay for its import

    guard, deadline = course.errand.endpoint.guard, course.errand.deadline
    patience = course.errand.endpoint.settings.hedge_after
    hedge: Admission | None = None
    failure: InvocationError | None = None
    running = [asyncio.ensure_future(_runner(course, None))]
    try:
        while running:
            await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            done = [attempt for attempt in running if attempt.done()]
            if not done and (hedge := guard.hedge(deadline=deadline)) is not None:
                course.attempt += 1
                running.append(asyncio.ensure_future(_runner(course, hedge)))
            patience = None
            while done:
                running.remove(done[0])
                try:
                    return done.pop(0).result()
                except InvocationError as error:
                    failure = failure or error
                    if settles(error):
                        raise
        assert failure is not None  # noqa: S101 - each attempt ended, and none with an answer
        raise failure
    finally:
        for attempt in running:
            attempt.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if hedge is not None:
            hedge.abandon()
        failure = None  # see carry_out


async def _runner(course: Course, admission: Admission | None) -> Answer:
    """Make one attempt of a race; while the other one is being carried out (409), ask for its answer again.

    Either may be the one that reached the server first.
    """
    guard, deadline = course.errand.endpoint.guard, course.errand.deadline
    while True:
        try:
            return await _attempt(course, ASYNC, admission)
        except InvocationError as error:
            delay = None
            if read(error).again is Again.POLL:
                delay = guard.retry_delay(error, attempt=course.attempt, deadline=deadline, keyed=True)
            if delay is None:
                raise
        await ASYNC.sleep(delay)
        course.attempt += 1
        admission = None


async def _attempt(course: Course, runtime: Runtime, admitted: Admission | None = None) -> Answer:
    errand = course.errand
    with admitted or errand.endpoint.guard.admit(attempt=course.attempt) as admission:
        if admission.queued:
            await turn(admission, errand.deadline, runtime)
        remaining = time_left(errand.deadline)
        try:
            with course.trace.attempt(course.attempt) as attempt:
                call = course.call(attempt, remaining)
                answer = await runtime.send(errand.endpoint.transport, call)
        except InvocationError as error:
            admission.record(error)
            raise
        admission.record(None)
        return answer


async def _nearest(errand: Errand, runtime: Runtime) -> str:
    """Say which of the server's actions have names like the one that it does not know."""
    patience = min(CATALOGUE_TIMEOUT, errand.deadline.remaining())
    if not patience:
        return ""
    names = await runtime.action_names(errand.endpoint.transport, patience)
    near = difflib.get_close_matches(errand.invocation.action, names, n=3)
    return f"The server has {', '.join(map(repr, near))}" if near else ""


def time_left(deadline: Deadline) -> float:
    """Give the seconds that are left for an attempt.

    Raises:
        DeadlineExceeded: There are none.
    """
    remaining = deadline.remaining()
    if not remaining:
        raise DeadlineExceeded("the time was up before the call began", sent=Sent.NO)
    return remaining


async def turn(admission: Admission, deadline: Deadline, runtime: Runtime) -> None:
    """Wait until an attempt that is queued may start.

    Raises:
        Overloaded: It may not start in time.
        CircuitOpen: The server failed too often meanwhile.
    """
    if not await runtime.signalled(admission.on_admit, deadline.remaining()):
        raise Overloaded(
            "the time was up while other calls to the server were in flight",
            hint="Call less often, or look at why the server answers slowly",
        )
    admission.start()


def _idempotency_key(errand: Errand) -> str:
    """Make the key: the same for the same turn, action and step, where the turn has an id of its own."""
    request_id = getattr(errand.invocation.request, "request_id", None)
    if not request_id:
        return new_id()
    text = f"{request_id}\0{errand.invocation.action}\0{errand.step}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_observers: ContextVar[tuple[Callable[[ActionResult], object], ...]] = ContextVar("observers", default=())
