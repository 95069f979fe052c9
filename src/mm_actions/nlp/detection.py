"""Finds every entity that a text may hold, and picks those that do not overlap."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mm_actions.nlp.system import RECOGNISERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
        found = [*_nearest(self._names(words)), *_system(text, words, now)]
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
        # "a lattte" is not a name although it is near one: "a" has a meaning of its own.
        if any(form in self._vocabulary and form not in gazetteer.words for form in forms):
            return None
        return gazetteer.nearest(phrase, self._similarity)


def _nearest(found: Iterable[Found]) -> Iterator[Found]:
    """Drop what overlaps a better likeness of the same name: "4 hot cocoas" beside "hot cocoas"."""
    kept: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for candidate in sorted(found, key=lambda f: (-f.confidence, f.start)):
        same = kept[candidate.type, candidate.phrase]
        if not any(_overlap(candidate, other) for other in same):
            same.append(candidate)
            yield candidate


def _overlap(left: Found, right: Found) -> bool:
    return left.start < right.end and right.start < left.end


def _system(text: str, words: Sequence[Word], now: datetime) -> Iterator[Found]:
    starts = {word.start: index for index, word in enumerate(words)}
    ends = {word.end: index for index, word in enumerate(words)}
    for kind, recognise in RECOGNISERS.items():
        for entity in recognise(text, now):
            # Only whole words count: not the "noon" of "afternoon". The sign before an amount is no word.
            first = starts.get(next(at for at in range(entity.start, entity.end) if text[at].isalnum()))
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
        if candidate.type in types and not any(_overlap(candidate, other) for other in chosen):
            chosen.append(candidate)
    return sorted(chosen, key=lambda f: f.start)
