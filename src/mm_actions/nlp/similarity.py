"""The one place that knows rapidfuzz, which is an extra and is imported when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Similarity:
    """How alike two strings are, from 0 to 1.

    Raises:
        ConfigurationError: rapidfuzz is not installed.
    """

    def __init__(self) -> None:
        try:
            from rapidfuzz import fuzz, process  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise ConfigurationError(
                "ExamplesNlp compares texts with rapidfuzz, which is not installed; write: "
                'pip install "mm_actions[nlp]"'
            ) from error
        self._fuzz = fuzz
        self._process = process

    def ratio(self, left: str, right: str) -> float:
        """Return how alike two strings are, the order of their letters considered."""
        return self._fuzz.ratio(left, right) / 100

    def best(self, text: str, choices: Sequence[str], cutoff: float) -> tuple[str, float] | None:
        """Return the choice most like the text, and how alike; the first one of equals."""
        found = self.ranked(text, choices, cutoff, limit=1)
        return found[0] if found else None

    def ranked(self, text: str, choices: Sequence[str], cutoff: float, limit: int) -> list[tuple[str, float]]:
        """Return the choices at least ``cutoff`` like the text, the most alike first."""
        found = self._process.extract(
            text, choices, scorer=self._fuzz.ratio, score_cutoff=cutoff * 100, limit=limit
        )
        return [(choice, score / 100) for choice, score, _ in found]
