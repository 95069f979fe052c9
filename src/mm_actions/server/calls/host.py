"""Carries out one call: bytes and headers in, a reply out, without any I/O of its own."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.core import hops
from mm_actions.core.exchange import name_action
from mm_actions.server.calls.arguments import fill
from mm_actions.server.calls.arrival import INVALID, Arrived
from mm_actions.server.calls.changes import BadResult
from mm_actions.server.calls.dialect import CONTRACT, Dialect
from mm_actions.server.calls.driving import Driver, Late, Outcome
from mm_actions.server.calls.reply import Reply, problem, trace_id_of
from mm_actions.server.calls.streaming import CallAbandoned
from mm_actions.server.calls.threads import Exhausted, HandlerThreads
from mm_actions.server.calls.yielding import call as call_handler
from mm_actions.server.calls.yielding import coroutine_of
from mm_actions.server.errors import ActionError, BadRequest, Unavailable
from mm_actions.server.keys.idempotency import Keys, Performed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mm_actions.core.responder import DialogueResponder
    from mm_actions.server.calls.driving import Departure
    from mm_actions.server.calls.streaming import Stream
    from mm_actions.server.options import ServerOptions
    from mm_actions.server.registry import Action, Registry

logger = logging.getLogger("mm_actions.server")

FAILED = "urn:mm-actions:problem:action-failed"
BAD_ANSWER = "urn:mm-actions:problem:bad-answer"
ABANDONED = "urn:mm-actions:problem:abandoned"
TIMED_OUT = "urn:mm-actions:problem:timeout"
OVERLOADED = "urn:mm-actions:problem:overloaded"
UNKNOWN_ACTION = "urn:mm-actions:problem:unknown-action"
_LONGEST_KEY = 255
_SHOWN = 200


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call as a door hands it over.

    Attributes:
        body: The whole body.
        headers: Headers, names in lower case.
        started: When the call arrived, on the event loop's clock.
        stream: Where directives go while the handler is at work; None where the answer travels whole.
        dialect: In whose words the body and the answer are.
    """

    body: bytes
    headers: Mapping[bytes, bytes]
    started: float
    stream: Stream | None = None
    dialect: Dialect = CONTRACT


class Counts(msgspec.Struct, kw_only=True):
    """What a server has to say of its load.

    Attributes:
        active: Calls in progress.
        threads_busy: Threads at work.
        threads_waiting: Calls that wait for a thread.
        threads_abandoned: Threads still held by handlers whose callers have been answered.
        tasks_abandoned: Coroutines that go on though they were cancelled when their time was up.
        calls: Calls since the start.
    """

    active: int = 0
    threads_busy: int = 0
    threads_waiting: int = 0
    threads_abandoned: int = 0
    tasks_abandoned: int = 0
    calls: int = 0


class Host:
    """Carries out calls of the actions of a registry.

    Args:
        registry: The actions.
        options: The limits.
    """

    def __init__(self, registry: Registry, options: ServerOptions) -> None:
        self.registry = registry
        self.options = options
        self.threads = HandlerThreads(options.threads, options.thread_queue, options.thread_wait)
        self.driver = Driver()
        self.keys = Keys(options)
        self._abandoned: set[asyncio.Future[Outcome]] = set()
        self._calls = 0
        self.active = 0

    def counts(self) -> Counts:
        """Tell the load."""
        return Counts(
            active=self.active,
            threads_busy=self.threads.busy,
            threads_waiting=self.threads.waiting,
            threads_abandoned=self.threads.abandoned,
            tasks_abandoned=len(self._abandoned),
            calls=self._calls,
        )

    @property
    def overloaded(self) -> bool:
        """Whether another call would probably be refused."""
        return self.active >= self.options.concurrency or self.threads.exhausted or self.threads.stuck

    async def close(self) -> None:
        """Let go of threads and of the store of keys; calls in progress are not waited for."""
        self.threads.close()
        await self.keys.close()

    async def invoke(self, call: Call) -> Reply:
        """Carry out a call; nothing but a cancellation of the caller's own leaves this method.

        The reply is a 200, or a problem with the caller's trace id.
        """
        # In-process callers count on several threads. CPython switches threads at calls and jumps alone, and
        # an addition to an attribute has neither.
        self._calls += 1
        if self.active >= self.options.concurrency:
            return self._problem(self.no_room("Too many calls are in progress."), None, call)
        self.active += 1
        action: Action | None = None
        try:
            hop = call.headers.get(b"x-mm-hops")
            hops.arrived(None if hop is None else hop.decode("latin-1"))
            arrived = call.dialect.read(call.body)
            action = self.registry.find(arrived.action)
            if action is None:
                return self._unknown(arrived.action, call)
            name_action(action.name)
            seconds = self._seconds(call, action)
            key = call.headers.get(b"idempotency-key")
            if key is None:
                return (await self.perform(action, arrived, seconds, call)).reply
            _check_key(key)
            return await self.keys.once(
                key,
                call.body,
                partial(self.perform, action, arrived, seconds, call),
                seconds=seconds,
                repeatable=action.idempotent,
            )
        except ActionError as error:
            return self._problem(error, action, call)
        except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is not the caller's to read
            return self.fault(call.headers, action, error)
        finally:
            self.active -= 1

    def no_room(self, detail: str) -> Unavailable:
        """Make the error of a call that there is no room for."""
        return Unavailable(detail, title="Overloaded", kind=OVERLOADED, retry_after=self.options.retry_after)

    async def perform(self, action: Action, arrived: Arrived, seconds: float, call: Call) -> Performed:
        """Run the handler, and say whether it ran to its end."""
        departure = None
        if (stream := call.stream) is not None:
            arrived = stream.open(arrived, action, seconds=seconds, most=self.options.max_answer)
            departure = stream.departure
        request, responder = arrived.request, arrived.responder
        try:
            arguments = fill(action.parameters, request, responder) if action.parameters else {}
        except ActionError as error:
            return Performed(reply=self._problem(error, action, call), started=False)
        try:
            if action.asynchronous:
                handed = action.handler(request, responder, **arguments)
                coroutine = coroutine_of(handed, responder) or handed
                first = self.driver.begin(coroutine, action.name)
                if type(first) is Outcome:
                    outcome = first
                else:
                    outcome = await self.driver.rest(coroutine, first, action.name, seconds, departure)
            else:
                function = partial(call_handler, action.handler, request, responder, arguments)
                outcome = await self._on_thread(function, action, responder, seconds, departure)
        except Exhausted:
            refusal = self._problem(self.no_room("All threads are busy."), None, call)
            return Performed(reply=refusal, started=False)
        except Late as late:
            left = departure is not None and departure.announced
            reply = self._left(action, call) if left else self._timed_out(action, seconds, call)
            if late.ending is None:
                return Performed(reply=reply)
            if isinstance(late.ending, asyncio.Task):
                self._abandoned.add(late.ending)
                late.ending.add_done_callback(self._abandoned.discard)
                return Performed(reply=reply)
            self.threads.abandoned += 1
            late.ending.add_done_callback(self._returned)
            ending = _mapped(late.ending, partial(self._finish, action, arrived, call))
            return Performed(reply=reply, ending=ending)
        except Exception as error:  # noqa: BLE001 - a handler that fails before its first step
            outcome = Outcome(None, error)
        return self._finish(action, arrived, call, outcome)

    async def _on_thread(
        self,
        function: Callable[[], Any],
        action: Action,
        responder: DialogueResponder,
        seconds: float,
        departure: Departure | None,
    ) -> Outcome:
        """Run a plain function, but wait no longer than so many seconds, or until the caller leaves.

        Raises:
            Exhausted: It was not started: no thread became free in time.
            Late: It goes on, and nobody waits.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        running = self.threads.submit(function)
        waiter = loop.create_future()
        timer = loop.call_later(seconds, _release, waiter)
        running.add_done_callback(partial(_release, waiter))
        if departure is not None:
            departure.attend(partial(_release, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            running.cancel()
            raise
        finally:
            timer.cancel()
            if departure is not None:
                departure.attend(None)
        if not running.done():
            if self.threads.withdraw(running):
                raise Exhausted
            raise Late(running)
        outcome = running.result()
        coroutine = coroutine_of(outcome.value, responder)
        if coroutine is not None:  # a plain function that hands one out, such as a wrapper
            rest = max(deadline - loop.time(), 0.0)
            return await self.driver.run(coroutine, action.name, rest, departure)
        return outcome

    def _returned(self, _ending: asyncio.Future[Outcome]) -> None:
        self.threads.abandoned -= 1

    def _finish(self, action: Action, arrived: Arrived, call: Call, outcome: Outcome) -> Performed:
        """Make the reply of a handler that has ended."""
        if outcome.error is not None:
            return self._failed(action, call, outcome.error)
        flushed = None if call.stream is None else call.stream.flushed
        try:
            body = call.dialect.write(arrived, outcome.value, flushed)
        except BadResult as error:
            return Performed(reply=self._bad_answer(action, error, call))
        except Exception as error:  # noqa: BLE001 - objects of a handler's own may raise whatever they like
            return Performed(
                reply=self._bad_answer(action, BadResult("", f"cannot be read: {error!r}"), call)
            )
        if len(body) > self.options.max_answer:
            too_large = BadResult("", f"has {len(body)} bytes; max_answer is {self.options.max_answer}")
            return Performed(reply=self._bad_answer(action, too_large, call))
        return Performed(reply=Reply(status=200, body=body))

    def _failed(self, action: Action, call: Call, error: BaseException) -> Performed:
        if isinstance(error, ActionError):
            return Performed(reply=self._problem(error, action, call), settled=error.status not in _NOT_NOW)
        if isinstance(error, CallAbandoned):
            return Performed(reply=self._left(action, call))
        if isinstance(error, BadResult):  # of a flush
            return Performed(reply=self._bad_answer(action, error, call))
        return Performed(reply=self.fault(call.headers, action, error))

    def _problem(self, error: ActionError, action: Action | None, call: Call) -> Reply:
        trace_id = trace_id_of(call.headers.get(b"traceparent"))
        return problem(error, trace_id=trace_id, action=None if action is None else action.name)

    def _unknown(self, name: str, call: Call) -> Reply:
        error = ActionError(404, "Unknown action", "No action has this name.", kind=UNKNOWN_ACTION)
        trace_id = trace_id_of(call.headers.get(b"traceparent"))
        return problem(error, trace_id=trace_id, action=name[:_SHOWN])

    def fault(self, headers: Mapping[bytes, bytes], action: Action | None, error: BaseException) -> Reply:
        """Log an error that nobody expected, and tell the caller no more than where to look for it."""
        trace_id = trace_id_of(headers.get(b"traceparent"))
        with suppress(Exception):  # an error whose own text fails must not become another one
            logger.error(
                "action %r failed with %s (trace %s)",
                action.name if action is not None else None,
                type(error).__name__,
                trace_id,
                exc_info=error,
            )
        shown = ActionError(500, kind=FAILED, title="Action failed", detail="The server's log says why.")
        return problem(shown, trace_id=trace_id, action=action.name if action is not None else None)

    def _bad_answer(self, action: Action, error: BadResult, call: Call) -> Reply:
        trace_id = trace_id_of(call.headers.get(b"traceparent"))
        logger.error(
            "action %r gave no valid answer: %s %s (trace %s)",
            action.name,
            error.field or "the result",
            error.reason,
            trace_id,
        )
        shown = ActionError(
            500, kind=BAD_ANSWER, title="Action gave no valid answer", detail="The server's log says why."
        )
        return problem(shown, trace_id=trace_id, action=action.name)

    def _left(self, action: Action, call: Call) -> Reply:
        trace_id = trace_id_of(call.headers.get(b"traceparent"))
        logger.info("action %r was given up: its caller has left (trace %s)", action.name, trace_id)
        error = ActionError(
            500, "Action abandoned", "The caller left before the action ended.", kind=ABANDONED
        )
        return problem(error, trace_id=trace_id, action=action.name)

    def _timed_out(self, action: Action, seconds: float, call: Call) -> Reply:
        trace_id = trace_id_of(call.headers.get(b"traceparent"))
        logger.warning("action %r was given up after %.3f s (trace %s)", action.name, seconds, trace_id)
        error = ActionError(
            504, "Action timed out", f"The action did not end within {seconds:.3f} s.", kind=TIMED_OUT
        )
        return problem(error, trace_id=trace_id, action=action.name)

    def _seconds(self, call: Call, action: Action) -> float:
        """Give the time left: the action's or the client's, whichever is shorter."""
        seconds = self.options.timeout if action.timeout is None else action.timeout
        given = call.headers.get(b"x-mm-timeout-ms")
        if given is None:
            return seconds
        if not given.isdigit() or len(given) > len("999999999") or given.startswith(b"0"):
            raise BadRequest(
                "X-MM-Timeout-Ms is a number of milliseconds above 0.", title="Invalid request", kind=INVALID
            )
        spent = asyncio.get_running_loop().time() - call.started
        return max(0.001, min(seconds, int(given) / 1000 - spent))


def _check_key(key: bytes) -> None:
    if not 0 < len(key) <= _LONGEST_KEY:
        raise BadRequest(
            f"Idempotency-Key has 1 to {_LONGEST_KEY} characters.", title="Invalid request", kind=INVALID
        )


def _release(waiter: asyncio.Future[None], _running: object = None) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _mapped(
    ending: asyncio.Future[Outcome], finish: Callable[[Outcome], Performed]
) -> asyncio.Future[Performed]:
    """Give the late result of a thread as the reply that it would have been."""
    mapped: asyncio.Future[Performed] = ending.get_loop().create_future()

    def ended(ending: asyncio.Future[Outcome]) -> None:
        if ending.cancelled() or ending.exception() is not None:
            mapped.cancel()
        else:
            mapped.set_result(finish(ending.result()))

    ending.add_done_callback(ended)
    return mapped


_NOT_NOW = frozenset((425, 429, 503))
