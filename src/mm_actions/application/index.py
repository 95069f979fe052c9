"""Which of many rules takes a turn, without asking each.

A rule can take a turn only if its domain and intent are the turn's or left open, and its rarest entity type
is present. So the rules stand in buckets by these three, each bucket in order of rank; a turn looks into the
few buckets that can concern it and takes the rule of the best rank.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from mm_actions.application.rules import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mm_actions.application.rules import DialogueStateRule
    from mm_actions.core.request import Request

    Key = tuple[str | None, str | None, str | None]


class RuleIndex:
    """Rules in the order of their specificity; of equals, the one registered first wins."""

    def __init__(self, rules: Iterable[DialogueStateRule]) -> None:
        self._ranked = sorted(rules, key=lambda rule: rule.complexity, reverse=True)
        self._by_state: dict[str, DialogueStateRule] = {}
        self._buckets: defaultdict[Key, list[tuple[int, DialogueStateRule]]] = defaultdict(list)
        frequency = Counter(kind for rule in self._ranked for kind in rule.entity_types)
        for rank, rule in enumerate(self._ranked):
            self._by_state.setdefault(rule.dialogue_state, rule)
            if not rule.targeted_only:
                rarest = min(rule.entity_types, key=lambda kind: (frequency[kind], kind), default=None)
                self._buckets[rule.domain, rule.intent, rarest].append((rank, rule))

    def __len__(self) -> int:
        """How many rules there are."""
        return len(self._ranked)

    def named(self, dialogue_state: str) -> DialogueStateRule | None:
        """Find the rule of a state, whatever its conditions."""
        return self._by_state.get(dialogue_state)

    def taking(self, request: Request) -> DialogueStateRule | None:
        """Find the most specific rule that takes a turn."""
        best: tuple[int, DialogueStateRule] | None = None
        types = types_of(request)
        for domain in {request.domain, None}:
            for intent in {request.intent, None}:
                for kind in (None, *types):
                    for rank, rule in self._buckets.get((domain, intent, kind), ()):
                        if best is not None and rank >= best[0]:
                            break
                        if rule.entity_types <= types:
                            best = rank, rule
                            break
        return best[1] if best else None
