"""Interleaved rounds: each candidate once a round, in changing order, so that drift hits all alike."""

from __future__ import annotations

import gc
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
        reference: The candidate that it is divided by; None for a figure that is judged by itself, and so
            depends on the machine.
        figure: Which figure.
        most: The ratio, or the figure, may be this at most.
    """

    candidate: str
    reference: str | None = None
    figure: str
    most: float

    def __str__(self) -> str:
        """Say what is looked at."""
        reference = f" / {self.reference}" if self.reference else ""
        return f"{self.candidate}{reference}, {self.figure}"


@dataclass(slots=True, kw_only=True)
class Table:
    """What a family of candidates came to.

    Attributes:
        title: One line.
        figures: Samples by candidate and figure, a sample a round.
        targets: What was to be reached.
        note: What has to be known to read it.
        growth: Two candidates of which the second has more of what the table is about.
    """

    title: str
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    targets: Sequence[Target] = ()
    note: str = ""
    growth: tuple[str, str] | None = None

    def remark(self) -> str:
        """Give the note, and a sentence on the growth."""
        if self.growth is None:
            return self.note
        less, more = self.growth
        times = self.ratio(Target(candidate=more, reference=less, figure="cpu_us", most=0))
        sentence = f"{more} instead of {less}: {times:.2f} times the processor time."
        return f"{self.note} {sentence}".strip()

    def median(self, candidate: str, figure: str) -> float:
        """Give the median over the rounds."""
        return statistics.median(self.figures[candidate][figure])

    def ratio(self, target: Target) -> float:
        """Give the median of the ratios, round by round; or of the figure itself, without a reference."""
        mine = self.figures[target.candidate][target.figure]
        if target.reference is None:
            return statistics.median(mine)
        others = self.figures[target.reference][target.figure]
        return statistics.median(one / other for one, other in zip(mine, others, strict=True))

    def ratio_to_first(self, candidate: str, figure: str) -> float | None:
        """Give the ratio to the first candidate; None for itself, or where there is nothing to divide by."""
        first = next(iter(self.figures))
        samples = self.figures[first].get(figure)
        if candidate == first or not samples or not all(samples):
            return None
        return self.ratio(Target(candidate=candidate, reference=first, figure=figure, most=0))

    def reached(self, target: Target) -> bool:
        """Tell whether a target was reached."""
        return self.ratio(target) <= target.most


def interleave(
    title: str,
    candidates: Sequence[Candidate],
    *,
    rounds: int,
    targets: Sequence[Target] = (),
    note: str = "",
    growth: tuple[str, str] | None = None,
) -> Table:
    """Run all candidates, once to warm up and then so many rounds."""
    table = Table(title=title, targets=targets, note=note, growth=growth)
    for candidate in candidates:
        candidate.run()
        table.figures[candidate.name] = {}
    order = list(candidates)
    shuffle = random.Random(1).shuffle
    for _ in range(rounds):
        shuffle(order)
        for candidate in order:
            gc.collect()  # nobody pays for what others left behind
            for figure, value in candidate.run().items():
                table.figures[candidate.name].setdefault(figure, []).append(value)
    return table
