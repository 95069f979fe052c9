"""A text as words that remember where they stood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word: its form for comparing, and its place in the text as a half-open range."""

    form: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place in a skeleton that stands for an entity."""

    position: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A sentence with its entities replaced by the names of their types, as in ``a {size} {drink}``."""

    tokens: tuple[str, ...]
    slots: tuple[Slot, ...]


def words_of(text: str) -> list[Word]:
    """Split a text at everything that is not a letter or a digit."""
    return [Word(form=m[0].casefold(), start=m.start(), end=m.end()) for m in _WORD.finditer(text)]


def phrase_of(text: str) -> str:
    """Return a text as it is compared: folded words with one space between them."""
    return " ".join(word.form for word in words_of(text))


def skeleton_of(words: Sequence[Word], entities: Iterable[tuple[int, int, str]]) -> Skeleton:
    """Replace entities by placeholders.

    Args:
        words: The words of a text.
        entities: Half-open ranges of characters with an entity type, ordered, without overlap.
            A word that an entity covers only in part belongs to it too.
    """
    tokens: list[str] = []
    slots: list[Slot] = []
    rest = iter(words)
    word = next(rest, None)
    for start, end, kind in entities:
        while word is not None and word.end <= start:
            tokens.append(word.form)
            word = next(rest, None)
        slots.append(Slot(position=len(tokens), type=kind))
        # No word holds a brace, so a placeholder is never mistaken for one.
        tokens.append("{" + kind + "}")
        while word is not None and word.start < end:
            word = next(rest, None)
    while word is not None:
        tokens.append(word.form)
        word = next(rest, None)
    return Skeleton(tokens=tuple(tokens), slots=tuple(slots))
