"""Entities: MindMeld's, whose span includes its end, and Rasa's, whose ``end`` is the character after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mm_actions.dialects.rasa.wire import OBJECT

ORIGINAL = "mindmeld"
"""The member in which an entity for Rasa holds MindMeld's, whole."""
FOREIGN = "rasa"
"""The member in which an entity for our actions holds Rasa's, whole."""


def rasa_entity_of(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Say an entity as Rasa does."""
    foreign = entity.get(FOREIGN)
    if isinstance(foreign, OBJECT):
        return dict(foreign)
    found: dict[str, Any] = {"entity": entity.get("type"), "value": _plain_value(entity)}
    if entity.get("role") is not None:
        found["role"] = entity["role"]
    span = entity.get("span")
    if isinstance(span, OBJECT):
        if isinstance(span.get("start"), int):
            found["start"] = span["start"]
        if isinstance(span.get("end"), int):
            found["end"] = span["end"] + 1
    if entity.get("confidence") is not None:
        found["confidence_entity"] = entity["confidence"]
    found["extractor"] = ORIGINAL
    found[ORIGINAL] = dict(entity)
    return found


def entity_of(found: Mapping[str, Any], text: str | None) -> dict[str, Any]:
    """Say an entity as MindMeld does.

    Args:
        found: Rasa's.
        text: The text it was found in.
    """
    original = found.get(ORIGINAL)
    if isinstance(original, OBJECT):
        return dict(original)
    value, start, end = found.get("value"), found.get("start"), found.get("end")
    entity: dict[str, Any] = {"type": found.get("entity")}
    if found.get("role") is not None:
        entity["role"] = found["role"]
    if isinstance(start, int) and isinstance(end, int):
        entity["span"] = {"start": start, "end": end - 1}
        entity["text"] = (text or "")[start:end]
    elif isinstance(value, str):
        entity["text"] = value
    entity["value"] = [{"cname": value} if isinstance(value, str) else {"value": value}]
    confidence = found.get("confidence_entity", found.get("confidence"))
    if confidence is not None:
        entity["confidence"] = confidence
    entity[FOREIGN] = dict(found)
    return entity


def _plain_value(entity: Mapping[str, Any]) -> Any:
    """Give the one value that Rasa has room for: the canonical name, a system entity's value, or the text."""
    value = entity.get("value")
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        value = value[0]
    if isinstance(value, OBJECT):
        value = next((value[name] for name in ("cname", "value") if value.get(name) is not None), None)
    return entity.get("text") if value is None or value == [] else value
