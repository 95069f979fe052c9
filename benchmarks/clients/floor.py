"""The floor: the same bytes by a keep-alive socket, with nothing read of the answer but its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import turns
from benchmarks.load import Load
from mm_actions.contract.codec import encode
from mm_actions.core.payload import payload_of
from mm_actions.core.transport import Invocation

if TYPE_CHECKING:
    from benchmarks.far_end import FarEnd


def floor(end: FarEnd, *, connections: int = 1, **turn: int) -> Load:
    """Open raw sockets to a server.

    Args:
        end: The server.
        connections: How many, and so requests in flight.
        turn: What kind of turn: ``size``, ``turns``.
    """
    return Load(end.connect, "/action", body_of(**turn), connections=connections)


def body_of(**turn: int) -> bytes:
    """Give what an action posts for such a turn."""
    request = turns.request(**turn)
    invocation = Invocation(action="order", request=request, responder=turns.responder(request))
    return encode(payload_of(invocation))
