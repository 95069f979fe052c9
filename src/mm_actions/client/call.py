"""One call: attempts until an answer, a final error or the deadline. Written once, run in both colours."""

from __future__ import annotations

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
from mm_actions.core.transport import Call, Invocation
from mm_actions.errors import CircuitOpen, DeadlineExceeded, InvocationError, Overloaded, Sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mm_actions.client.endpoint import Endpoint
    from mm_actions.contract.wire import Answer
    from mm_actions.core.runtime import Runtime
    from mm_actions.resilience import Admission, Deadline

logger = logging.getLogger("mm_actions.call")


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
    trace_id = f"{_random.getrandbits(128) or 1:032x}"
    action, endpoint, deadline = errand.invocation.action, errand.endpoint, errand.deadline
    attempt = 1
    failure: InvocationError | None = None
    try:
        payload = endpoint.transport.encode(errand.invocation)
        key = _idempotency_key(errand) if endpoint.settings.idempotent else None
        while True:
            try:
                answer = await _attempt(errand, runtime, payload, key, trace_id, attempt)
                break
            except InvocationError as error:
                if failure is not None and isinstance(error, (CircuitOpen, Overloaded)):
                    raise failure from error  # the first failure says more than the second's refusal
                failure = error
                delay = endpoint.guard.retry_delay(
                    error, attempt=attempt, deadline=deadline, keyed=key is not None
                )
                if delay is None:
                    raise
            await runtime.sleep(delay)
            attempt += 1
    except InvocationError as error:
        error.action, error.server, error.attempt = action, errand.server, attempt
        error.elapsed = time.monotonic() - started
        logger.warning("%s (%.3f s, trace %s)", error, error.elapsed, trace_id)
        return _observed(
            ActionResult(
                action=action,
                server=errand.server,
                error=error,
                attempts=attempt,
                elapsed=error.elapsed,
                trace_id=trace_id,
            )
        )
    return _observed(
        ActionResult(
            action=action,
            server=errand.server,
            answer=answer,
            attempts=attempt,
            elapsed=time.monotonic() - started,
            trace_id=trace_id,
        )
    )


def _observed(result: ActionResult) -> ActionResult:
    for observer in _observers.get():
        observer(result)
    return result


async def _attempt(  # noqa: PLR0917 - the parts of one Call
    errand: Errand, runtime: Runtime, payload: object, key: str | None, trace_id: str, attempt: int
) -> Answer:
    with errand.endpoint.guard.admit(attempt=attempt) as admission:
        if admission.queued:
            await _turn(admission, errand.deadline, runtime)
        remaining = errand.deadline.remaining()
        if not remaining:
            raise DeadlineExceeded("the time was up before the call began", sent=Sent.NO)
        call = Call(
            action=errand.invocation.action,
            payload=payload,
            timeout=remaining,
            traceparent=f"00-{trace_id}-{_random.getrandbits(64) or 1:016x}-01",
            idempotency_key=key,
        )
        try:
            answer = await runtime.send(errand.endpoint.transport, call)
        except InvocationError as error:
            admission.record(error)
            raise
        admission.record(None)
        return answer


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
