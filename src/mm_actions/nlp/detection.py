"""Finds every entity that a text may hold, and picks those that do not overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mm_actions.nlp.system import RECOGNISERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from mm_actions.nlp.gazetteer import Gazetteer
    from mm_actions.nlp.similarity import Similarity
    from mm_actions.nlp.words import Word

_SHORTEST_WITH_SLIP: Final = 4
_LONGEST_WITH_SLIP: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A stretch of text that may be an entity; a half-open range of characters.

    Args:
        phrase: The known name it was taken for; empty for a system entity.
        value: What a system entity means; a name is resolved later, once it is chosen.
    """

    type: str
    start: int
    end: int
    length: int
    confidence: float
    phrase: str = ""
    value: dict[str, Any] | None = None


class Detector:
    """Finds entities in a text.

    Args:
        gazetteers: The names of each entity type.
        vocabulary: The words training sentences hold outside of marks: not to be taken for a slip.
    """

    def __init__(
        self, gazetteers: Mapping[str, Gazetteer], vocabulary: Collection[str], similarity: Similarity
    ) -> None:
        self._gazetteers = gazetteers
        self._vocabulary = vocabulary
        self._similarity = similarity

    def find(self, text: str, words: Sequence[Word], now: datetime) -> list[Found]:
        """Return all that may be an entity, the best first; some overlap."""
        found = [*self._names(words), *_system(text, words, now)]
        return sorted(found, key=lambda f: (-f.length, -f.confidence, f.start, f.type))

    def _names(self, words: Sequence[Word]) -> Iterator[Found]:
        forms = [word.form for word in words]
        for kind, gazetteer in self._gazetteers.items():
            for first in range(len(words)):
                for last in range(first, min(first + gazetteer.longest, len(words))):
                    name = self._name(gazetteer, forms[first : last + 1])
                    if name is not None:
                        yield Found(
                            type=kind,
                            start=words[first].start,
                            end=words[last].end,
                            length=last - first + 1,
                            confidence=name[1],
                            phrase=name[0],
                        )

    def _name(self, gazetteer: Gazetteer, forms: list[str]) -> tuple[str, float] | None:
        phrase = " ".join(forms)
        if phrase in gazetteer:
            return phrase, 1.0
        if not _SHORTEST_WITH_SLIP <= len(phrase) <= _LONGEST_WITH_SLIP:
            return None
        # "a lattte" is not a name although "a latte" is near one: a word with a meaning of its own ends it.
        strange = [form not in gazetteer.words for form in (forms[0], forms[-1])]
        ends = zip(strange, (forms[0], forms[-1]), strict=True)
        if any(odd and form in self._vocabulary for odd, form in ends):
            return None
        if all(form in self._vocabulary or form in gazetteer.words for form in forms):
            return None
        return gazetteer.nearest(phrase, self._similarity)


def _system(text: str, words: Sequence[Word], now: datetime) -> Iterator[Found]:
    starts = {word.start: index for index, word in enumerate(words)}
    ends = {word.end: index for index, word in enumerate(words)}
    for kind, recognise in RECOGNISERS.items():
        for entity in recognise(text, now):
            # Only whole words count: not the "noon" of "afternoon". A sign before a number is no word.
            signed = not text[entity.start].isalnum()
            begin = (
                next((s for s in range(entity.start, entity.end) if s in starts), None)
                if signed
                else entity.start
            )
            first = starts.get(begin) if begin is not None else None
            last = ends.get(entity.end)
            if first is not None and last is not None:
                yield Found(
                    type=kind,
                    start=entity.start,
                    end=entity.end,
                    length=last - first + 1,
                    confidence=1.0,
                    value=entity.value,
                )


def choose(found: Sequence[Found], types: Collection[str]) -> list[Found]:
    """Return the best of the given types that do not overlap, in the order of the text."""
    chosen: list[Found] = []
    for candidate in found:
        if candidate.type in types and all(
            candidate.end <= other.start or other.end <= candidate.start for other in chosen
        ):
            chosen.append(candidate)
    return sorted(chosen, key=lambda f: f.start)
