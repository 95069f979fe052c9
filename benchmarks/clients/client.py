"""One way to have an action carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from benchmarks import turns as our_turns

if TYPE_CHECKING:
    from collections.abc import Callable


class Turns(Protocol):
    """Makes what a client takes."""

    def request(self, *, size: int = ..., turns: int = ...) -> Any:
        """Make a turn."""

    def responder(self, turn: Any) -> Any:
        """Make what its answer is merged into."""


_OURS = cast("Turns", our_turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A way to have an action carried out.

    Attributes:
        name: What it is called in tables.
        call: Takes a request and a responder; true, or gives a coroutine that gives true, on success.
        turns: Makes both.
        slow: So slow that a quarter of the calls is enough.
    """

    name: str
    call: Callable[[Any, Any], Any]
    turns: Turns = _OURS
    slow: bool = False

    def work(self, calls: int, **turn: int) -> list[tuple[Any, Any]]:
        """Make the arguments of a round's calls.

        Args:
            calls: How many a client that is not slow makes.
            turn: What kind of turn: ``size``, ``turns``.
        """
        request = self.turns.request(**turn)
        count = max(1, calls // 4) if self.slow else calls
        return [(request, self.turns.responder(request)) for _ in range(count)]
