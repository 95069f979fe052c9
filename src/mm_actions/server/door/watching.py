"""Has an exchange watched: what is sent and received is counted on its way."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mm_actions.core.exchange import Exchange, current
from mm_actions.server.keys.idempotency import REPLAYED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping

    from mm_actions.core.exchange import Observer

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Serve = Callable[[Message, Receive, Send], Awaitable[None]]

logger = logging.getLogger("mm_actions.server")


async def watched(
    serve: Serve,
    observers: Iterable[Observer],
    exchange: Exchange,
    receive: Receive,
    send: Send,
) -> None:
    """Serve an exchange while others watch; an observer that fails is logged, and harms nobody."""

    async def count_received() -> Message:
        message = await receive()
        exchange.request_bytes += len(message.get("body") or b"")
        return message

    async def count_sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            exchange.replayed = REPLAYED in message["headers"]
        else:
            exchange.response_bytes += len(message.get("body") or b"")
        await send(message)

    with watching(observers, exchange):
        await serve(exchange.scope, count_received, count_sent)


@contextmanager
def watching(observers: Iterable[Observer], exchange: Exchange) -> Iterator[None]:
    """Have an exchange watched whose bytes somebody else counts."""
    token = current.set(exchange)
    ends = []
    try:
        for observer in observers:
            try:
                ends.append(observer.begin(exchange))
            except Exception:
                logger.exception("%s failed to watch a request", type(observer).__name__)
        yield
    finally:
        for end in reversed(ends):
            try:
                end()
            except Exception:
                logger.exception("the end of a request was not recorded")
        current.reset(token)
