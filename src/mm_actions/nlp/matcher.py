"""Compares a sentence with training sentences, entities replaced by their types in both."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mm_actions.nlp.similarity import Similarity
    from mm_actions.nlp.words import Skeleton

_WORDS_SHARE: Final = 0.7
"""How much the words in common count; the rest is for their order and their endings."""

_COMPARED_CLOSELY: Final = 200
_SHORTEST_WITH_SLIP: Final = 4
_SLIP_CUTOFF: Final = 0.8
_WINDOW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A training sentence as it is compared.

    Args:
        intent: Domain and intent.
        skeleton: The sentence with its entities replaced.
        roles: The role of each slot of the skeleton.
    """

    intent: tuple[str, str]
    skeleton: Skeleton
    roles: tuple[str | None, ...]


class Matcher:
    """Finds the training sentences most like a sentence.

    Args:
        templates: All training sentences.
        similarity: Compares strings.
    """

    def __init__(self, templates: Sequence[Template], similarity: Similarity) -> None:
        self._templates = templates
        self._similarity = similarity
        self._texts = [" ".join(template.skeleton.tokens) for template in templates]
        self._weights = _weights(templates)
        self._rarest = max(self._weights.values())
        self._sums: list[float] = []
        self._index: dict[str, list[int]] = defaultdict(list)
        for number, template in enumerate(templates):
            features = list(_features(template.skeleton.tokens))
            self._sums.append(sum(self._weight(feature) for feature in features))
            for feature in features:
                self._index[feature].append(number)
        tokens = {token for template in templates for token in template.skeleton.tokens}
        self.vocabulary = frozenset(token for token in tokens if not token.startswith("{"))
        self._by_length = sorted(token for token in self.vocabulary if len(token) >= _SHORTEST_WITH_SLIP)

    def corrected(self, form: str) -> str:
        """Return the word of the training sentences that the form is, but for a slip; or the form."""
        if form in self.vocabulary or len(form) < _SHORTEST_WITH_SLIP:
            return form
        nearest = self._similarity.best(form, self._by_length, _SLIP_CUTOFF)
        return nearest[0] if nearest else form

    def scores(
        self, skeleton: Skeleton, intents: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], float]:
        """Return for each intent how like its nearest training sentence is, from 0 to 1."""
        features = list(_features(skeleton.tokens))
        total = sum(self._weight(feature) for feature in features)
        shared: dict[int, float] = defaultdict(float)
        for feature in features:
            for number in self._index.get(feature, ()):
                if self._templates[number].intent in intents:
                    shared[number] += self._weight(feature)
        overlap = {number: 2 * common / (total + self._sums[number]) for number, common in shared.items()}
        text = " ".join(skeleton.tokens)
        scores = dict.fromkeys(intents, 0.0)
        for number in nlargest(_COMPARED_CLOSELY, overlap, key=lambda n: (overlap[n], -n)):
            alike = self._similarity.ratio(text, self._texts[number])
            score = _WORDS_SHARE * overlap[number] + (1 - _WORDS_SHARE) * alike
            intent = self._templates[number].intent
            scores[intent] = max(scores[intent], score)
        return scores

    def roles(self, skeleton: Skeleton, intent: tuple[str, str]) -> list[dict[str | None, float]]:
        """Return for each slot the roles it may have, with how like its surroundings are to theirs.

        Only the marks of the given intent and of the slot's type count. A slot whose type never has a
        role there gets an empty dict.
        """
        marks = [
            (slot.type, role, _surroundings(template.skeleton.tokens, slot.position))
            for template in self._templates
            if template.intent == intent
            for slot, role in zip(template.skeleton.slots, template.roles, strict=True)
        ]
        with_role = {kind for kind, role, _ in marks if role is not None}
        result: list[dict[str | None, float]] = []
        for slot in skeleton.slots:
            scores: dict[str | None, float] = {}
            around = _surroundings(skeleton.tokens, slot.position)
            for kind, role, surroundings in marks if slot.type in with_role else ():
                if kind == slot.type:
                    scores[role] = max(scores.get(role, 0.0), self._dice(around, surroundings))
            result.append(scores)
        return result

    def _dice(self, left: Collection[tuple[str, str]], right: Collection[tuple[str, str]]) -> float:
        total = sum(self._weight(token) for _, token in (*left, *right))
        common = sum(self._weight(token) for side, token in left if (side, token) in right)
        return 2 * common / total

    def _weight(self, feature: str) -> float:
        return self._weights.get(feature, self._rarest)


def _features(tokens: Sequence[str]) -> Iterator[str]:
    """Yield the tokens, a repeated one with its number: two drinks are more than one."""
    seen: Counter[str] = Counter()
    for token in tokens:
        seen[token] += 1
        yield token if seen[token] == 1 else f"{token} {seen[token]}"


def _weights(templates: Sequence[Template]) -> dict[str, float]:
    """Weigh each feature: the fewer intents it occurs in, the more it says."""
    intents: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for template in templates:
        for feature in _features(template.skeleton.tokens):
            intents[feature].add(template.intent)
    number = len({template.intent for template in templates})
    return {feature: math.log(1 + number / len(found)) for feature, found in intents.items()}


def _surroundings(tokens: Sequence[str], position: int) -> frozenset[tuple[str, str]]:
    """Return the nearest tokens of a slot, each with its side; the ends of a sentence count as tokens."""
    padded = ("^", *tokens, "$")
    at = position + 1
    before, after = padded[max(0, at - _WINDOW) : at], padded[at + 1 : at + 1 + _WINDOW]
    return frozenset({("before", token) for token in before} | {("after", token) for token in after})
