"""Which steps answer which request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from mm_actions.testing.faults.received import ReceivedRequest
from mm_actions.testing.faults.steps import Answer, Step

Steps: TypeAlias = Step | Sequence[Step]
"""One exchange: a step, or several in order."""

Handler: TypeAlias = Callable[[ReceivedRequest, int], Steps]
"""Chooses the steps when a request has been read; its number counts from 1 over the server's life."""

Exchange: TypeAlias = Steps | Handler


class InOrder:
    """The first exchange for the first request, the second for the second, and so on.

    Args:
        exchanges: One for each request (or connection), in the order in which their first bytes arrive.
        then: What happens to all that come after.
    """

    def __init__(self, *exchanges: Exchange, then: Exchange = Answer(json={})) -> None:  # noqa: B008 - frozen
        self.exchanges = exchanges
        self.then = then


Script: TypeAlias = Exchange | InOrder
"""What happens to requests."""

ConnectScript: TypeAlias = Steps | InOrder
"""What happens to connections; there is no request yet that a function could look at."""


class Cursor:
    """The place reached in a script; used on the server's thread only."""

    def __init__(self, script: Script) -> None:
        self._ahead = iter(script.exchanges if isinstance(script, InOrder) else ())
        self._then = script.then if isinstance(script, InOrder) else script

    def advance(self) -> Exchange:
        """Return the next exchange."""
        return next(self._ahead, self._then)


def as_steps(steps: object) -> tuple[Step, ...]:
    """Return one exchange as a tuple.

    Raises:
        TypeError: Something in it is not a step.
    """
    found: list[Step] = []
    for step in steps if isinstance(steps, Iterable) else (steps,):
        if not isinstance(step, Step):
            raise TypeError(f"a script holds {step!r}, which is not a step of mm_actions.testing")
        found.append(step)
    return tuple(found)
