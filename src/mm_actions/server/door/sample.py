"""Values for examples: something that a JSON Schema, as msgspec writes it, accepts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXTS = {
    "date-time": "2026-01-01T07:00:00Z",
    "date": "2026-01-01",
    "time": "07:00:00",
    "duration": "PT1H",
    "uuid": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    "decimal": "1.5",
}
_DEEPEST = 8


def sample(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int = 0) -> Any:
    """Make up a value; where a schema asks for more than its plain bounds, it may not fit.

    Args:
        schema: What it has to fit.
        definitions: What ``$ref`` refers to.
        depth: How deep the value lies in another one.
    """
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    for member in ("default", "const"):
        if member in schema:
            return schema[member]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
        return sample(choices[0], definitions, depth) if choices else None
    match schema.get("type"):
        case "string":
            text = _TEXTS.get(schema.get("format", ""), "text")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "array":
            return _items(schema, definitions, depth)
        case "object":
            properties = schema.get("properties", {})
            wanted = schema.get("required", ()) if depth < _DEEPEST else ()
            return {name: sample(properties[name], definitions, depth + 1) for name in wanted}
    return "text"


def _items(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> list[Any]:
    if schema.get("prefixItems"):
        return [sample(item, definitions, depth + 1) for item in schema["prefixItems"]]
    kind = schema.get("items")
    if not isinstance(kind, Mapping) or depth >= _DEEPEST:
        return []
    return [sample(kind, definitions, depth + 1)] * max(1, schema.get("minItems", 1))


def _number(schema: Mapping[str, Any]) -> float:
    """Take 1 or the step, or the number nearest to it within the bounds."""
    step: float = schema.get("multipleOf", 1)
    found = step
    if "exclusiveMinimum" in schema:
        found = max(found, schema["exclusiveMinimum"] + step)
    if "exclusiveMaximum" in schema:
        found = min(found, schema["exclusiveMaximum"] - step)
    found = max(found, schema.get("minimum", found))
    nearest: float = min(found, schema.get("maximum", found))
    return nearest
