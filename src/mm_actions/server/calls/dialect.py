"""In whose words a call and its answer are written: the contract's, or those of another protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mm_actions.server.calls import arrival, changes

if TYPE_CHECKING:
    from mm_actions.server.calls.arrival import Arrived
    from mm_actions.server.calls.changes import Flushed


class Dialect(Protocol):
    """Reads a call, and writes its answer."""

    def read(self, body: bytes) -> Arrived:
        """Read the body of a call.

        Raises:
            ActionError: It cannot be carried out; the caller may read why.
        """
        ...

    def write(self, arrived: Arrived, result: object, flushed: Flushed | None) -> bytes:
        """Write the answer of a handler.

        Args:
            arrived: The call, with the responder as the handler left it.
            result: What the handler returned.
            flushed: The directives that have left already, if any may have.

        Raises:
            BadResult: It is not an answer.
        """
        ...


class Contract:
    """The words of the contract."""

    def read(self, body: bytes) -> Arrived:
        """Read an invocation."""
        return arrival.read(body)

    def write(self, arrived: Arrived, result: object, flushed: Flushed | None) -> bytes:
        """Write a responder."""
        return changes.answer_of(arrived.responder, arrived.sent, result, flushed)


CONTRACT = Contract()
