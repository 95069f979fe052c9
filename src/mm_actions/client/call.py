"""One call: attempts until an answer, a final error or the deadline. Written once, run in both colours."""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
import random
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_actions.client.result import ActionResult
from mm_actions.core.hops import next_hop
from mm_actions.core.transport import Call, Invocation
from mm_actions.errors import (
    ActionNotFound,
    CircuitOpen,
    DeadlineExceeded,
    InvocationError,
    Overloaded,
    Sent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions.client.endpoint import Endpoint
    from mm_actions.contract.wire import Answer
    from mm_actions.core.runtime import Runtime
    from mm_actions.resilience import Admission, Deadline

logger = logging.getLogger("mm_actions.call")

CATALOGUE_TIMEOUT = 0.25
"""Seconds to ask a server that does not know an action which ones it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
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
    started = time.monotonic()
    course = _Course(errand, trace_id=f"{_random.getrandbits(128) or 1:032x}")
    answer, failure = await _outcome(course, runtime)
    if failure is not None:
        if isinstance(failure, ActionNotFound):
            failure.hint = await _nearest(errand, runtime) or failure.hint
        failure.action, failure.server = errand.invocation.action, errand.server
        failure.attempt = course.attempt
        failure.elapsed = time.monotonic() - started
        _log(failure, course.trace_id)
    result = ActionResult(
        action=errand.invocation.action,
        server=errand.server,
        error=failure,
        answer=answer,
        attempts=course.attempt,
        elapsed=time.monotonic() - started,
        trace_id=course.trace_id,
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


@dataclass(slots=True)
class _Course:
    """How far an errand has come."""

    errand: Errand
    trace_id: str
    attempt: int = 1
    payload: object = None
    key: str | None = None
    hop: int = 1


async def _outcome(course: _Course, runtime: Runtime) -> tuple[Answer | None, InvocationError | None]:
    """Give the answer or the error.

    No frame of the error's traceback keeps the error: that would be a circle, in which a refused answer of
    1 MiB waits for the garbage collector.
    """
    try:
        return await _until_answered(course, runtime), None
    except InvocationError as error:
        return None, error


async def _until_answered(course: _Course, runtime: Runtime) -> Answer:
    errand, endpoint = course.errand, course.errand.endpoint
    course.hop = next_hop()
    course.payload = endpoint.transport.encode(errand.invocation)
    course.key = _idempotency_key(errand) if endpoint.settings.honours_key(errand.invocation.action) else None
    failure: InvocationError | None = None
    try:
        while True:
            try:
                return await _attempt(course, runtime)
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
        failure = None  # see _outcome


async def _attempt(course: _Course, runtime: Runtime) -> Answer:
    errand = course.errand
    with errand.endpoint.guard.admit(attempt=course.attempt) as admission:
        if admission.queued:
            await _turn(admission, errand.deadline, runtime)
        remaining = errand.deadline.remaining()
        if not remaining:
            raise DeadlineExceeded("the time was up before the call began", sent=Sent.NO)
        span_id = f"{_random.getrandbits(64) or 1:016x}"
        call = Call(
            action=errand.invocation.action,
            payload=course.payload,
            timeout=remaining,
            traceparent=f"00-{course.trace_id}-{span_id}-01",
            call_id=span_id,
            hops=course.hop,
            idempotency_key=course.key,
        )
        try:
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


async def _turn(admission: Admission, deadline: Deadline, runtime: Runtime) -> None:
    if not await runtime.signalled(admission.on_admit, deadline.remaining()):
        raise Overloaded(
            "the time was up while other calls to the server were in flight",
            hint="Call less often, or look at why the server answers slowly",
        )
    admission.start()


def _idempotency_key(errand: Errand) -> str:
    """Make the key: the same for the same turn, action and step, where the turn has an id of its own."""
    turn = getattr(errand.invocation.request, "request_id", None)
    if not turn:
        return f"{_random.getrandbits(128):032x}"
    text = f"{turn}\0{errand.invocation.action}\0{errand.step}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_observers: ContextVar[tuple[Callable[[ActionResult], object], ...]] = ContextVar("observers", default=())
_random = random.Random()  # noqa: S311 - ids, not secrets; reseeded after a fork so that no two processes share them
os.register_at_fork(after_in_child=_random.seed)
