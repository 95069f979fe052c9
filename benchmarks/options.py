"""How much to measure, and beside what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asks for.

    Attributes:
        rounds: How many times each candidate has its turn.
        share: The part of a full round's calls that are made.
        rasa: The Python of a virtual environment that has rasa_sdk; None leaves it out.
        mindmeld: The folder of an unpacked wheel of mindmeld; None leaves it out.
    """

    rounds: int = 7
    share: float = 1.0
    rasa: Path | None = None
    mindmeld: Path | None = None

    def calls(self, full: int) -> int:
        """Give how many calls a round has that in full would have so many."""
        return max(2, round(full * self.share))
