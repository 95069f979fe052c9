"""What was understood, in the shape of MindMeld's ``process``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.nlp.detection import Found

_CONTRAST: Final = 0.08
"""How far apart two likenesses must be for their confidences to differ by a factor of e."""


def entity_of(text: str, found: Found, value: list[dict[str, Any]], role: str | None) -> dict[str, Any]:
    """Return one entity; its span includes its end."""
    covered = text[found.start : found.end]
    return {
        "text": covered,
        "type": found.type,
        "role": role,
        "value": value,
        "display_text": covered,
        "confidence": round(found.confidence, 4),
        "span": {"start": found.start, "end": found.end - 1},
    }


def confidences_of(scores: Mapping[tuple[str, str], float], domain: str) -> dict[str, dict[str, float]]:
    """Return how sure each domain is, and each intent of the given domain."""
    domains: dict[str, float] = {}
    for (name, _), score in scores.items():
        domains[name] = max(domains.get(name, 0.0), score)
    intents = {intent: score for (name, intent), score in scores.items() if name == domain}
    return {"domains": _shares(domains), "intents": _shares(intents)}


def _shares(scores: Mapping[str, float]) -> dict[str, float]:
    top = max(scores.values(), default=0.0)
    weights = {name: math.exp((score - top) / _CONTRAST) for name, score in scores.items()}
    total = sum(weights.values())
    return {name: round(weight / total, 4) for name, weight in weights.items()}
