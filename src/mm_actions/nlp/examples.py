"""`ExamplesNlp`, the embedded natural language processing of sample apps."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mm_actions.nlp.detection import Detector, Found, choose
from mm_actions.nlp.gazetteer import Gazetteer
from mm_actions.nlp.matcher import Matcher
from mm_actions.nlp.resources import read_resources
from mm_actions.nlp.result import confidences_of, entity_of
from mm_actions.nlp.similarity import Similarity
from mm_actions.nlp.system import clock
from mm_actions.nlp.training import gazetteers_of, templates_of, types_of
from mm_actions.nlp.words import Skeleton, Word, skeleton_of, words_of

if TYPE_CHECKING:
    import os

_log = logging.getLogger(__name__)

_MOST_WORDS: Final = 100


class ExamplesNlp:
    """Understands a text by comparing it with the training sentences of an app folder.

    Its purpose is a sample app that runs on nothing: no model, no training, no service. It is a matcher,
    not a trained model; it knows what the sentences say and little more. For an app that real users talk
    to, use MindMeld's ``NaturalLanguageProcessor`` or Rasa's NLU behind the same `process`.

    The folder has MindMeld's layout: ``domains/<domain>/<intent>/train*.txt`` with marks such as
    ``{oat|milk}`` and ``{latte|drink|new}``, ``entities/<type>/gazetteer.txt`` and
    ``entities/<type>/mapping.json``. The system entities ``sys_number``, ``sys_time`` and
    ``sys_amount-of-money`` are recognised in simple English forms ("two", "tomorrow at 7am", "$5").
    As in MindMeld, an intent only has entities of the types that its sentences mark. An entity within
    another counts as a name of its type, but a result never nests entities. The first 100 words of a text
    are read. The same text gives the same result, but for a time such as "tomorrow", which needs the
    ``timestamp`` to be given. An object may be used by many threads.

    Args:
        path: The app's folder.
        threshold: How like a training sentence a text must be, from 0 to 1. Below it ``domain`` and
            ``intent`` are empty, so that only an app's default rule answers; 0 always names an intent.

    Raises:
        ConfigurationError: rapidfuzz is not installed, or a folder or file is missing, empty or
            malformed. The message says which, in which line, and what to write.
    """

    def __init__(self, path: str | os.PathLike[str], *, threshold: float = 0.45) -> None:
        self._threshold = threshold
        self._similarity = Similarity()
        resources = read_resources(Path(path))
        templates = templates_of(resources)
        self._matcher = Matcher(templates, self._similarity)
        self._gazetteers = gazetteers_of(resources)
        self._types = types_of(templates)
        # Intents with the same entity types see a text with the same entities replaced.
        self._groups: dict[frozenset[str], list[tuple[str, str]]] = defaultdict(list)
        for intent, types in self._types.items():
            self._groups[types].append(intent)

    @property
    def intents(self) -> tuple[str, ...]:
        """Every intent, as ``domain.intent``."""
        return tuple(f"{domain}.{intent}" for domain, intent in self._types)

    def process(
        self,
        query_text: str,
        *,
        allowed_intents: Iterable[str] | None = None,
        allow_nlp: Iterable[str] | None = None,
        dynamic_resource: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        time_zone: Any = None,
        **options: Any,  # noqa: ARG002 - whoever fits MindMeld's call must fit ours
    ) -> dict[str, Any]:
        """Return what a text means, in the shape of MindMeld's ``process(..., verbose=True)``.

        Args:
            query_text: What the user said.
            allowed_intents: Only these may be the result: ``domain.intent``, ``domain.*`` or ``domain``.
                The best of them is, however unlike the text. Unknown ones are logged; if none is known,
                nothing is restricted.
            allow_nlp: More of the same; what follows the intent is ignored.
            dynamic_resource: ``{"gazetteers": {type: {name: popularity}}}``, known for this text only.
            timestamp: What "today" refers to, as Unix time in milliseconds; now if absent.
            time_zone: An IANA name or a ``tzinfo``; UTC if absent.
            options: What else MindMeld's takes, such as ``locale`` and ``language``; ignored.

        Returns:
            ``text``, ``domain``, ``intent``, ``entities`` and ``confidences``. The span of an entity
            includes its end; ``value`` lists what the entity may mean, the likeliest first.
        """
        restricted = self._restriction([*(allowed_intents or ()), *(allow_nlp or ())])
        words = words_of(query_text)[:_MOST_WORDS]
        gazetteers = self._for_this_turn(dynamic_resource)
        detector = Detector(gazetteers, self._matcher.vocabulary, self._similarity)
        found = detector.find(query_text, words, clock(timestamp, time_zone))
        corrected = [replace(word, form=self._matcher.corrected(word.form)) for word in words]
        scores: dict[tuple[str, str], float] = {}
        for types, intents in self._groups.items():
            scores |= self._matcher.scores(_skeleton(corrected, choose(found, types)), intents)
        candidates = restricted or list(self._types)
        best = max(candidates, key=scores.__getitem__)
        understood = bool(words) and (bool(restricted) or scores[best] >= self._threshold)
        chosen = choose(found, self._types[best]) if understood else []
        roles = self._matcher.roles(_skeleton(corrected, chosen), best)
        entities = [
            entity_of(
                query_text,
                entity,
                self._value(entity, gazetteers),
                max(role, key=role.__getitem__, default=None),
            )
            for entity, role in zip(chosen, roles, strict=True)
        ]
        return {
            "text": query_text,
            "domain": best[0] if understood else "",
            "intent": best[1] if understood else "",
            "entities": entities,
            "confidences": {
                **confidences_of({intent: scores[intent] for intent in candidates}, best[0]),
                "entities": [{entity.type: round(entity.confidence, 4)} for entity in chosen],
                "roles": [
                    {r: round(s, 4) for r, s in role.items() if r is not None} or None for role in roles
                ],
            },
        }

    def _restriction(self, allowed: Iterable[str]) -> list[tuple[str, str]]:
        chosen: set[tuple[str, str]] = set()
        for name in allowed:
            domain, _, rest = name.partition(".")
            intent = rest.partition(".")[0] or "*"
            matching = {known for known in self._types if known[0] == domain and intent in {known[1], "*"}}
            if not matching:
                _log.warning("allowed intent %r is not one of this app's; it restricts nothing", name)
            chosen |= matching
        return [intent for intent in self._types if intent in chosen]

    def _for_this_turn(self, dynamic_resource: Mapping[str, Any] | None) -> dict[str, Gazetteer]:
        added = (dynamic_resource or {}).get("gazetteers")
        if not isinstance(added, Mapping):
            return self._gazetteers
        gazetteers = dict(self._gazetteers)
        for kind, names in added.items():
            if isinstance(names, Mapping) and all(
                isinstance(name, str) and isinstance(weight, int | float) for name, weight in names.items()
            ):
                gazetteers[kind] = gazetteers.get(kind, Gazetteer(None, ())).extended(names)
            else:
                _log.warning(
                    "dynamic gazetteer of %r ignored: it must be an object of names with numbers", kind
                )
        return gazetteers

    def _value(self, entity: Found, gazetteers: Mapping[str, Gazetteer]) -> list[dict[str, Any]]:
        if entity.value is not None:
            return [entity.value]
        return gazetteers[entity.type].resolve(entity.phrase, self._similarity)


def _skeleton(words: list[Word], entities: list[Found]) -> Skeleton:
    return skeleton_of(words, ((entity.start, entity.end, entity.type) for entity in entities))
