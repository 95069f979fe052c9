"""Runs a clean-up when an event loop is about to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable


async def at_loop_end(clean_up: Callable[[], Awaitable[None]]) -> AsyncGenerator[None, None]:
    """Register a clean-up on the running loop.

    Loops have no closing hook, but they do close the asynchronous generators that were begun on them:
    ``asyncio.run`` ends with ``loop.shutdown_asyncgens()``. So one is begun and left waiting.

    Args:
        clean_up: Awaited on the loop, once, when the loop shuts down or the result is closed.

    Returns:
        What to keep a reference to for as long as the clean-up is wanted.
    """

    async def waiting() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await clean_up()

    generator = waiting()
    await anext(generator)
    return generator
