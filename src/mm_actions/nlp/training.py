"""Makes of an app's training sentences what a text is compared with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mm_actions.nlp.gazetteer import Gazetteer
from mm_actions.nlp.matcher import Template
from mm_actions.nlp.system import RECOGNISERS
from mm_actions.nlp.words import skeleton_of, words_of

if TYPE_CHECKING:
    from mm_actions.nlp.resources import Resources


def templates_of(resources: Resources) -> list[Template]:
    """Return the training sentences with their outermost marks replaced by placeholders."""
    result = []
    for intent in resources.intents:
        for sentence in intent.sentences:
            marks = [mark for mark in sentence.marks if mark.depth == 0]
            result.append(
                Template(
                    intent=(intent.domain, intent.name),
                    skeleton=skeleton_of(
                        words_of(sentence.text), ((mark.start, mark.end, mark.type) for mark in marks)
                    ),
                    roles=tuple(mark.role for mark in marks),
                )
            )
    return result


def gazetteers_of(resources: Resources) -> dict[str, Gazetteer]:
    """Return the names of each entity type, from its files and from the marks of training sentences."""
    marked: dict[str, list[str]] = defaultdict(list)
    for intent in resources.intents:
        for sentence in intent.sentences:
            for mark in sentence.marks:
                # These are recognised by pattern; their marks would only repeat it, without a meaning.
                if mark.type not in RECOGNISERS:
                    marked[mark.type].append(mark.text)
    types = sorted({*marked, *resources.entities})
    return {kind: Gazetteer(resources.entities.get(kind), marked.get(kind, ())) for kind in types}


def types_of(templates: list[Template]) -> dict[tuple[str, str], frozenset[str]]:
    """Return for each intent the entity types that its sentences mark."""
    types: dict[tuple[str, str], set[str]] = {}
    for template in templates:
        types.setdefault(template.intent, set()).update(slot.type for slot in template.skeleton.slots)
    return {intent: frozenset(found) for intent, found in types.items()}
