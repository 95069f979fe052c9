"""A second attempt beside one that is slow: whether it may go, and which answer ends the race."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.errors import DeadlineExceeded, Sent
from mm_actions.resilience.breaker import BreakerState
from mm_actions.resilience.verdict import Again, read

if TYPE_CHECKING:
    from mm_actions.errors import InvocationError
    from mm_actions.resilience.deadline import Deadline


def worth_hedging(state: BreakerState, *, deadline: Deadline, margin: float) -> bool:
    """Tell whether a second attempt makes sense now; bulkhead and budget have their say after that.

    While a circuit is not closed its server is down or on probation, and gets no call that is not needed.

    Args:
        state: That of the server's breaker.
        deadline: The end of the turn.
        margin: Seconds that must be left, or the attempt is not worth making.
    """
    return state is BreakerState.CLOSED and deadline.remaining() > margin


def settles(error: InvocationError) -> bool:
    """Tell whether one attempt's failure ends the race, so that the other one is not waited for.

    It does if the server has answered, and would answer the other one alike: both carry one key. A failure on
    the way says nothing about the other one.
    """
    return (
        error.sent is Sent.YES
        and read(error).again is Again.NEVER
        and not isinstance(error, DeadlineExceeded)
    )
