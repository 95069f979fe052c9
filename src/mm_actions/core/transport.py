"""What a way to reach an action must offer: encode once, then send in either colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mm_actions.contract.events import Item
    from mm_actions.contract.wire import Answer


# Structs, because they are made for every call: 0.1 µs instead of 0.7 for a frozen dataclass.
class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """One action on one turn.

    Attributes:
        action: The action's name.
        request: A Request, or anything for which ``dict(request)`` gives MindMeld's payload.
        responder: A DialogueResponder, or anything for which ``dict(responder)`` gives MindMeld's payload.
    """

    action: str
    request: Any
    responder: Any


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to have an invocation carried out.

    Attributes:
        action: The action's name.
        payload: What the transport's ``encode`` made of the invocation; the same for every attempt.
        timeout: Seconds left.
        traceparent: The W3C trace context of this attempt.
        call_id: Names this attempt; an answer to another one is refused.
        hops: How many calls deep this one is, from 1.
        idempotency_key: The same for every attempt; None where the server does not honour one.
        tracestate: The W3C trace state that goes with ``traceparent``; empty when there is none.
        answered: Is told the status of the answer, by a transport whose answers have one.
    """

    action: str
    payload: Any
    timeout: float
    traceparent: str
    call_id: str
    hops: int
    idempotency_key: str | None = None
    tracestate: str = ""
    answered: Callable[[int], object] | None = None


class EventStream(Protocol):
    """The answer of an attempt as it arrives."""

    def next(self) -> Item:
        """Wait for the next directive; the whole answer is the last item.

        Raises:
            InvocationError: What went wrong; the stream is then over.
        """
        ...

    def close(self) -> None:
        """Break off, if the answer has not arrived; a second time does nothing."""
        ...


class AsyncEventStream(Protocol):
    """An :class:`EventStream` for an event loop."""

    async def next(self) -> Item:
        """As :meth:`EventStream.next`, without blocking the loop."""
        ...

    def close(self) -> None:
        """As :meth:`EventStream.close`; it does not wait."""
        ...


class Transport(Protocol):
    """A way to reach the actions of one server."""

    def encode(self, invocation: Invocation) -> Any:
        """Make the payload of a :class:`Call`.

        Raises:
            EncodingFailed: The turn holds what cannot be sent.
        """
        ...

    def send(self, call: Call) -> Answer:
        """Carry out one attempt on the calling thread.

        Raises:
            InvocationError: What went wrong; no other exception leaves a transport.
        """
        ...

    async def send_async(self, call: Call) -> Answer:
        """Carry out one attempt without blocking the event loop.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ...

    def stream(self, call: Call) -> EventStream:
        """Begin one attempt on the calling thread, whose answer comes directive by directive.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ...

    async def stream_async(self, call: Call) -> AsyncEventStream:
        """Begin such an attempt without blocking the event loop.

        Raises:
            InvocationError: As :meth:`send`.
        """
        ...

    def action_names(self, seconds: float) -> Sequence[str]:
        """Ask the server which actions it has, for the message of an error; empty when it does not say."""
        ...

    async def action_names_async(self, seconds: float) -> Sequence[str]:
        """As :meth:`action_names`, without blocking the event loop."""
        ...

    def close(self) -> None:
        """Let go of connections; a later call opens new ones."""
        ...
