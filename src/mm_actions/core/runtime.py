"""The two drivers of code that is written once, in ``async``.

What such code waits for, it waits for through a :class:`Runtime`. The asynchronous one awaits the event loop.
The methods of the blocking one never suspend, so :func:`drive` finishes a coroutine in a single step on the
caller's own thread: no background loop, no second copy of the code.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mm_actions.core.threads import threads
from mm_actions.errors import HandlerSuspended

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from mm_actions.contract.events import Item
    from mm_actions.contract.wire import Answer
    from mm_actions.core.transport import AsyncEventStream, Call, EventStream, Transport

T = TypeVar("T")
Hook = Callable[[], object]


class Runtime(Protocol):
    """All that asynchronous code may wait for."""

    async def send(self, transport: Transport, call: Call) -> Answer:
        """Carry out one attempt."""
        ...

    async def stream(self, transport: Transport, call: Call) -> EventStream | AsyncEventStream:
        """Begin an attempt whose answer comes directive by directive; it suits this runtime alone."""
        ...

    async def next_item(self, stream: Any) -> Item:
        """Wait for what comes next on a stream that this runtime began."""
        ...

    async def action_names(self, transport: Transport, seconds: float) -> Sequence[str]:
        """Ask a server which actions it has."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def signalled(self, subscribe: Callable[[Hook], None], seconds: float) -> bool:
        """Wait for a signal, no longer than so many seconds; tell whether it came."""
        ...

    async def gather(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """Run all at once; give the results in the order given."""
        ...

    async def handle(self, handler: Callable[..., Any], *arguments: Any) -> Any:
        """Run a handler, be it a function or a coroutine function."""
        ...


class BlockingRuntime:
    """Waits by blocking the calling thread."""

    async def send(self, transport: Transport, call: Call) -> Answer:
        """Carry out one attempt on this thread."""
        return transport.send(call)

    async def stream(self, transport: Transport, call: Call) -> EventStream:
        """Begin on this thread."""
        return transport.stream(call)

    async def next_item(self, stream: EventStream) -> Item:
        """Wait on this thread."""
        return stream.next()

    async def action_names(self, transport: Transport, seconds: float) -> Sequence[str]:
        """Ask on this thread."""
        return transport.action_names(seconds)

    async def sleep(self, seconds: float) -> None:
        """Block for so many seconds."""
        time.sleep(seconds)  # noqa: ASYNC251 - to block is what this colour does

    async def signalled(self, subscribe: Callable[[Hook], None], seconds: float) -> bool:
        """Block until the signal comes, from whichever thread."""
        event = threading.Event()
        subscribe(event.set)
        return event.wait(seconds)

    async def gather(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """Run each on a thread of its own, the first on this one."""
        results: list[Any] = [None] * len(coroutines)
        failures: list[BaseException] = []
        done: SimpleQueue[None] = SimpleQueue()
        say_done = partial(done.put, None)

        def run(position: int, coroutine: Coroutine[Any, Any, T]) -> None:
            try:
                results[position] = drive(coroutine)
            except BaseException as failure:  # noqa: BLE001 - raised again on the caller's thread
                failures.append(failure)

        for position, coroutine in enumerate(coroutines[1:], 1):
            work = partial(run, position, coroutine)
            threads.begin(partial(copy_context().run, work), say_done)
        if coroutines:
            run(0, coroutines[0])
        for _ in coroutines[1:]:
            done.get()
        if failures:
            raise failures[0]
        return results

    async def handle(self, handler: Callable[..., Any], *arguments: Any) -> Any:
        """Run a handler on this thread; a coroutine must end without waiting for an event loop."""
        result = handler(*arguments)
        return drive(result) if inspect.iscoroutine(result) else result


class AsyncRuntime:
    """Waits by giving way to the event loop."""

    async def send(self, transport: Transport, call: Call) -> Answer:
        """Carry out one attempt."""
        return await transport.send_async(call)

    async def stream(self, transport: Transport, call: Call) -> AsyncEventStream:
        """Begin."""
        return await transport.stream_async(call)

    async def next_item(self, stream: AsyncEventStream) -> Item:
        """Give way until it comes."""
        return await stream.next()

    async def action_names(self, transport: Transport, seconds: float) -> Sequence[str]:
        """Ask."""
        return await transport.action_names_async(seconds)

    async def sleep(self, seconds: float) -> None:
        """Give way for so many seconds."""
        await _asyncio().sleep(seconds)

    async def signalled(self, subscribe: Callable[[Hook], None], seconds: float) -> bool:
        """Give way until the signal comes, from whichever thread."""
        asyncio = _asyncio()
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        subscribe(lambda: loop.call_soon_threadsafe(event.set))
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def gather(self, coroutines: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
        """Run each as a task; when one fails, the others are cancelled."""
        async with _asyncio().TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
        return [task.result() for task in tasks]

    async def handle(self, handler: Callable[..., Any], *arguments: Any) -> Any:
        """Run a handler; a plain function runs on the event loop's thread, as in any async code."""
        result = handler(*arguments)
        return await result if inspect.isawaitable(result) else result


BLOCKING = BlockingRuntime()
ASYNC = AsyncRuntime()


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits only through :class:`BlockingRuntime` to its end, in one step.

    Raises:
        HandlerSuspended: It waited for an event loop.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise HandlerSuspended(
        f"{getattr(coroutine, '__qualname__', coroutine)} waits for an event loop, "
        "and there is none in a blocking call; "
        "use `await ...invoke_async(...)` or `await app.process_async(...)`"
    )


def in_event_loop() -> bool:
    """Tell whether an event loop runs on this thread, without importing asyncio for the question."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001 - documented; 10x the speed of get_running_loop()


def current() -> Runtime:
    """Give the runtime that suits code which is being awaited: blocking where no event loop drives it."""
    return ASYNC if in_event_loop() else BLOCKING


def _asyncio() -> Any:
    import asyncio  # noqa: PLC0415 - blocking callers need not pay for its import

    return asyncio
