"""Values of a turn to the types of a JSON Schema: what people say are texts, and tools want numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

_HOPS = 32
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Misfit(ValueError):
    """A value cannot be what a schema wants."""


def convert(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    """Make of a value what a schema wants, as far as types go; bounds and patterns are not looked at.

    Args:
        value: Of JSON's types.
        schema: What is wanted; ``True`` and whatever is no schema take anything.
        root: The document in which references are looked up.

    Raises:
        Misfit: It cannot be done.
    """
    schema = resolved(schema, root)
    for several in ("anyOf", "oneOf"):
        if isinstance(schema.get(several), list):
            return _first(value, schema[several], root)
    if isinstance(schema.get("allOf"), list) and "type" not in schema:
        for part in schema["allOf"]:
            value = convert(value, part, root)
        return value
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list):
        return _chosen(value, choices)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _first(value, [{**schema, "type": kind} for kind in kinds], root)
    if kinds == "array":
        return _array(value, schema.get("items", True), root)
    if kinds == "object":
        return _object(value, schema, root)
    plain = _PLAIN.get(kinds) if isinstance(kinds, str) else None
    return value if plain is None else plain(value)


def resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references within the document; a schema that cannot be followed takes anything."""
    for _ in range(_HOPS):
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        schema = at_pointer(root, reference.removeprefix("#")) if reference.startswith("#") else None
    return {}


def at_pointer(document: Any, pointer: str) -> Any:
    """Give what stands at a JSON Pointer (RFC 6901); None where nothing does."""
    if pointer and not pointer.startswith("/"):
        return None
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, list) and name.isascii() and name.isdecimal():
            document = document[int(name)] if int(name) < len(document) else None
        else:
            return None
    return document


def wants(kind: str, schema: Any, root: Mapping[str, Any]) -> bool:
    """Tell whether a schema takes values of a type, as one of its alternatives or alone."""
    schema = resolved(schema, root)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(alternatives, list):
        return any(resolved(each, root).get("type") == kind for each in alternatives)
    kinds = schema.get("type")
    return kind in kinds if isinstance(kinds, list) else kind == kinds


def _first(value: Any, alternatives: list[Any], root: Mapping[str, Any]) -> Any:
    """Take the alternative that leaves the value as it is, or else the first that it can be made to fit."""
    found: list[Any] = []
    for alternative in alternatives:
        try:
            made = convert(value, alternative, root)
        except Misfit:
            continue
        if type(made) is type(value) and made == value:
            return made
        found.append(made)
    if not found:
        raise Misfit
    return found[0]


def _chosen(value: Any, choices: list[Any]) -> Any:
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    said = _text(value).strip().casefold()
    for choice in choices:
        if isinstance(choice, (str, int, float)) and _text(choice).casefold() == said:
            return choice
    raise Misfit


def _array(value: Any, items: Any, root: Mapping[str, Any]) -> list[Any]:
    return [convert(each, items, root) for each in (value if isinstance(value, list) else [value])]


def _object(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Misfit
    members = schema.get("properties")
    known: Mapping[str, Any] = members if isinstance(members, Mapping) else {}
    return {name: convert(each, known.get(name, True), root) for name, each in value.items()}


def _integer(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise Misfit
    return int(number)


def _number(value: Any) -> int | float:
    if isinstance(value, str):
        try:
            value = json.loads(value.strip().removeprefix("+"))
        except ValueError:
            raise Misfit from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Misfit
    return value


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in (*_YES, *_NO):
        return value.strip().lower() in _YES
    raise Misfit


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (list, Mapping)):
        raise Misfit
    return json.dumps(value)


def _null(value: Any) -> None:
    if value is not None:
        raise Misfit


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": _text,
    "null": _null,
}
