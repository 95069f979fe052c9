"""The names of one entity type: finds a name in spite of a slip, and says which things it may mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mm_actions.nlp.words import phrase_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mm_actions.nlp.mapping import EntityResource
    from mm_actions.nlp.similarity import Similarity

NAME_CUTOFF: Final = 0.84
"""From here on two phrases are one name with a slip of the keyboard ("capuccino")."""

_MOST_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    cname: str
    id: str | None
    popularity: float


class Gazetteer:
    """The names of one entity type, from the gazetteer, the mapping and the training sentences.

    Args:
        resource: What the app's folder says of the type, if anything.
        training: Texts marked with this type in training sentences.
    """

    def __init__(self, resource: EntityResource | None, training: Iterable[str]) -> None:
        self._things: dict[str, _Thing] = {}
        # A phrase may mean several things: "market" is part of the name of two stores.
        self._meanings: dict[str, dict[str, str]] = {}
        for name in resource.mapping if resource else ():
            self._things[name.cname] = _Thing(cname=name.cname, id=name.id, popularity=0.0)
            for synonym in (name.cname, *name.synonyms):
                self._learn(synonym, name.cname)
        self._add_names(resource.gazetteer if resource else {})
        for text in training:
            self._meanings.setdefault(phrase_of(text), {})
        self._index()

    def extended(self, names: Mapping[str, float]) -> Gazetteer:
        """Return a copy that knows further names with their popularity."""
        copy = Gazetteer(None, ())
        copy._things = dict(self._things)
        copy._meanings = {phrase: dict(cnames) for phrase, cnames in self._meanings.items()}
        copy._add_names(names)
        copy._index()
        return copy

    def __contains__(self, phrase: str) -> bool:
        return phrase in self._meanings

    def nearest(self, phrase: str, similarity: Similarity) -> tuple[str, float] | None:
        """Return the name that the phrase is, but for a slip, and how alike they are."""
        return similarity.best(phrase, self.names, NAME_CUTOFF)

    def resolve(self, phrase: str, similarity: Similarity) -> list[dict[str, Any]]:
        """Return the things a phrase may mean, the likeliest first, as MindMeld's resolver does."""
        best: dict[str, tuple[float, str]] = {}
        for name, score in similarity.ranked(phrase, self.names, NAME_CUTOFF, limit=2 * _MOST_CANDIDATES):
            for cname, synonym in self._meanings[name].items():
                if cname not in best:
                    best[cname] = (score, synonym)
        ranked = sorted(best, key=lambda cname: (-best[cname][0], -self._things[cname].popularity, cname))
        return [self._value(cname, *best[cname]) for cname in ranked[:_MOST_CANDIDATES]]

    def _value(self, cname: str, score: float, synonym: str) -> dict[str, Any]:
        key = self._things[cname].id
        identity = {} if key is None else {"id": key}
        return {"cname": cname, **identity, "score": round(score, 4), "top_synonym": synonym}

    def _add_names(self, names: Mapping[str, float]) -> None:
        for name, popularity in names.items():
            # A gazetteer mostly lists names the mapping knows; then it only says how popular they are.
            cnames = list(self._meanings.get(phrase_of(name), ())) or [name]
            for cname in cnames:
                known = self._things.get(cname)
                self._things[cname] = _Thing(
                    cname=cname,
                    id=known.id if known else None,
                    popularity=max(popularity, known.popularity if known else popularity),
                )
            self._learn(name, *cnames)

    def _learn(self, synonym: str, *cnames: str) -> None:
        phrase = phrase_of(synonym)
        if phrase:
            meanings = self._meanings.setdefault(phrase, {})
            for cname in cnames:
                meanings.setdefault(cname, synonym)

    def _index(self) -> None:
        self.names = tuple(self._meanings)
        self.words = frozenset(word for name in self.names for word in name.split(" "))
        self.longest = max((name.count(" ") + 1 for name in self.names), default=0)
