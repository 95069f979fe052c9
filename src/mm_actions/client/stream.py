"""One call whose directives arrive one by one. Written once, run in both colours.

:func:`follow` does the work; :class:`ActionStream` and :class:`AsyncActionStream` are what callers hold.
"""

from __future__ import annotations

from contextlib import ExitStack
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mm_actions.client.call import begin, conclude, time_left, turn, until_answered
from mm_actions.client.result import ActionResult
from mm_actions.contract.wire import Answer
from mm_actions.core.runtime import current, drive
from mm_actions.errors import DeadlineExceeded, InvocationError, Sent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from mm_actions.client.call import Course, Errand
    from mm_actions.contract.events import Item
    from mm_actions.core.runtime import Runtime
    from mm_actions.core.transport import Call
    from mm_actions.resilience import Admission, Deadline

Directive: TypeAlias = "dict[str, Any]"
T = TypeVar("T")


async def follow(
    errand: Callable[[], Errand], runtime: Runtime | None = None
) -> AsyncGenerator[Directive | ActionResult, None]:
    """Call an action; give its directives as they arrive, and last the result, which may be a failure.

    Attempts are made until there is a directive: what a caller was shown cannot be taken back. Closing the
    generator breaks the call off; then nobody learns of a result, the server's breaker included.

    Args:
        errand: Says what to have done; called when the work begins, so that the time runs from there.
        runtime: What to wait by; by default the one that suits whoever drives the generator.
    """
    runtime = runtime or current()
    course = begin(errand())
    answer: Answer | None = None
    with _Aside() as aside:
        aside.enter(course.trace)
        attempt, failure = await _outcome(until_answered(course, runtime, _begin))
        if attempt is not None:
            with attempt:
                while failure is None and not isinstance(attempt.item, Answer):
                    yield attempt.item
                    _, failure = await _outcome(attempt.advance())
                answer = attempt.item if isinstance(attempt.item, Answer) else None
        aside.leave(failure)
    yield await conclude(course, answer, failure, runtime)


class _Aside:
    """Holds context managers, which live in a context of their own.

    The steps of a generator run in the contexts of those who ask for them. What is current within the call,
    such as a span, must not be current for them between two steps, and may end in another one's context.
    """

    def __init__(self) -> None:
        self._context = copy_context()
        self._stack = ExitStack()

    def enter(self, manager: AbstractContextManager[T]) -> T:
        """Hold one more."""
        return self._context.run(self._stack.enter_context, manager)

    def at_end(self, function: Callable[[], object]) -> None:
        """Have a function called."""
        self._stack.callback(function)

    def leave(self, error: BaseException | None) -> None:
        """Leave all of them; a second time does nothing."""
        trace = None if error is None else error.__traceback__
        self._context.run(self._stack.__exit__, None if error is None else type(error), error, trace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave(error)


class _Attempt(_Aside):
    """An attempt whose answer is arriving; as a context manager, broken off at the end of the block.

    Attributes:
        item: What arrived last: a directive, or the whole answer.
    """

    item: Item

    def __init__(self, course: Course, runtime: Runtime) -> None:
        super().__init__()
        self._course = course
        self._runtime = runtime
        self._admission: Admission = self.enter(course.errand.endpoint.guard.admit(attempt=course.attempt))
        self._stream: Any = None

    async def begin(self) -> None:
        """Send the request, and wait for what comes first.

        Raises:
            InvocationError: The attempt failed.
        """
        course = self._course
        try:
            if self._admission.queued:
                await turn(self._admission, course.errand.deadline, self._runtime)
            remaining = time_left(course.errand.deadline)
            span = self.enter(course.trace.attempt(course.attempt))
            await self._receive(course.call(span, remaining))
        except BaseException as error:
            self.leave(error)
            raise

    async def advance(self) -> None:
        """Wait for what comes next.

        Raises:
            InvocationError: The attempt failed.
        """
        try:
            _check(self._course.errand.deadline)
            await self._receive()
        except BaseException as error:
            self.leave(error)
            raise

    async def _receive(self, call: Call | None = None) -> None:
        try:
            if call is not None:
                self._stream = await self._runtime.stream(self._course.errand.endpoint.transport, call)
                self.at_end(self._stream.close)
            self.item = await self._runtime.next_item(self._stream)
        except InvocationError as error:
            self._admission.record(error)
            raise
        if isinstance(self.item, Answer):
            self._admission.record(None)


def _check(deadline: Deadline) -> None:
    if deadline.expired:
        # Not recorded, for it says nothing about the server: a slow caller may have spent the time.
        raise DeadlineExceeded(
            "the time for the call was up before the stream had ended",
            hint="Raise timeout, or take less time for each directive.",
            sent=Sent.YES,
        )


async def _begin(course: Course, runtime: Runtime) -> _Attempt:
    attempt = _Attempt(course, runtime)
    await attempt.begin()
    return attempt


async def _outcome(work: Coroutine[Any, Any, T]) -> tuple[T | None, InvocationError | None]:
    """Give what some work brings, or its error, which no frame of its traceback keeps."""
    try:
        return await work, None
    except InvocationError as error:
        return None, error


class _Stream:
    """What both colours share.

    Args:
        items: The work.
        merged: Merges the answer of a result, if it has one.
        raise_on_failure: Raise the error of a failed call when the stream ends.
    """

    def __init__(
        self,
        items: AsyncGenerator[Directive | ActionResult, None],
        merged: Callable[[ActionResult], ActionResult],
        *,
        raise_on_failure: bool,
    ) -> None:
        self._items = items
        self._merged = merged
        self._raise_on_failure = raise_on_failure
        self._result: ActionResult | None = None

    @property
    def result(self) -> ActionResult:
        """How the call ended: true on success, and then the answer has been merged.

        Raises:
            RuntimeError: It has not ended, or it was left before its end.
        """
        if self._result is None:
            raise RuntimeError(
                "there is no result before the end of the stream: take all of its directives first"
            )
        return self._result

    def _end(self, result: ActionResult) -> None:
        self._result = self._merged(result)
        self._result.or_raise(self._raise_on_failure)


class ActionStream(_Stream):
    """The directives of an action as they arrive, for a blocking caller: an iterator and a context manager.

    A directive is provisional: it may be shown at once, but nothing is in the responder before the end, when
    the whole answer is merged or, after a failure, nothing. Leaving early breaks the call off and merges
    nothing.
    """

    def __iter__(self) -> Self:
        """Give itself."""
        return self

    def __next__(self) -> Directive:
        """Wait for the next directive.

        Raises:
            InvocationError: The call failed, and ``raise_on_failure`` was asked for.
        """
        try:
            item = drive(self._items.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None
        if not isinstance(item, ActionResult):
            return item
        self.close()
        self._end(item)
        raise StopIteration

    def close(self) -> None:
        """Break the call off, if it has not ended: its connection is closed, and nothing is merged."""
        drive(self._items.aclose())

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


class AsyncActionStream(_Stream):
    """An :class:`ActionStream` for an event loop: an asynchronous iterator and context manager."""

    def __aiter__(self) -> Self:
        """Give itself."""
        return self

    async def __anext__(self) -> Directive:
        """Wait for the next directive; as :meth:`ActionStream.__next__`."""
        item = await self._items.__anext__()
        if not isinstance(item, ActionResult):
            return item
        await self.aclose()
        self._end(item)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Break the call off, if it has not ended; as :meth:`ActionStream.close`."""
        await self._items.aclose()

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()
