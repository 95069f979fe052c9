"""Interleaved rounds: each candidate once a round, in changing order, so that drift hits all alike."""

from __future__ import annotations

import random
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to do a piece of work.

    Attributes:
        name: What it is called in tables.
        run: Does the work once (a round's worth) and gives figures by name, such as ``cpu_us``.
    """

    name: str
    run: Callable[[], dict[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure to reach.

    Attributes:
        candidate: Whose figure.
        reference: The candidate that it is divided by.
        figure: Which figure.
        most: The ratio may be this at most.
    """

    candidate: str
    reference: str
    figure: str
    most: float


@dataclass(slots=True, kw_only=True)
class Table:
    """What a family of candidates came to.

    Attributes:
        title: One line.
        figures: Samples by candidate and figure, a sample a round.
        targets: What was to be reached.
    """

    title: str
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    targets: Sequence[Target] = ()

    def median(self, candidate: str, figure: str) -> float:
        """Give the median over the rounds."""
        return statistics.median(self.figures[candidate][figure])

    def ratio(self, target: Target) -> float:
        """Give the median of the ratios, round by round."""
        pairs = zip(
            self.figures[target.candidate][target.figure],
            self.figures[target.reference][target.figure],
            strict=True,
        )
        return statistics.median(mine / other for mine, other in pairs)


def interleave(
    title: str, candidates: Sequence[Candidate], *, rounds: int, targets: Sequence[Target] = ()
) -> Table:
    """Run all candidates, once to warm up and then so many rounds."""
    table = Table(title=title, targets=targets)
    for candidate in candidates:
        candidate.run()
        table.figures[candidate.name] = {}
    order = list(candidates)
    shuffle = random.Random(1).shuffle
    for _ in range(rounds):
        shuffle(order)
        for candidate in order:
            for figure, value in candidate.run().items():
                table.figures[candidate.name].setdefault(figure, []).append(value)
    return table
