"""Handlers that yield: each ``yield`` flushes, and what is yielded counts like what a handler returns."""

from __future__ import annotations

import asyncio
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from mm_actions.server.calls.changes import add

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from mm_actions.core.request import Request
    from mm_actions.core.responder import DialogueResponder


def call(
    handler: Callable[..., Any], request: Request, responder: DialogueResponder, arguments: dict[str, Any]
) -> Any:
    """Call a plain function, and run it to its end if it is a generator."""
    result = handler(request, responder, **arguments)
    return _through(result, responder) if type(result) is GeneratorType else result


def coroutine_of(result: Any, responder: DialogueResponder) -> Coroutine[Any, Any, Any] | None:
    """Give what is left to be awaited of what a handler returned, if anything is."""
    if type(result) is CoroutineType or asyncio.iscoroutine(result):
        return result
    return _through_async(result, responder) if type(result) is AsyncGeneratorType else None


def _through(generator: Generator[Any, None, Any], responder: DialogueResponder) -> Any:
    try:
        while True:
            add(responder, next(generator))
            responder.flush()
    except StopIteration as end:
        return end.value
    finally:
        generator.close()


async def _through_async(generator: AsyncGenerator[Any, None], responder: DialogueResponder) -> None:
    try:
        async for yielded in generator:
            add(responder, yielded)
            await responder.flush()
    finally:
        await generator.aclose()
