"""The schemas of the contract, told apart by direction: what a server takes is more than what it gives.

The reader is lenient, as the contract asks: null means absent, and a span is any pair of integers. The
schemas that requests share with answers are doubled for it, since in answers there is no null.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
_PREFIX = "#/components/schemas/"
_BOUNDS = ("format", "minimum", "maximum")


def loosen(schemas: Json) -> None:
    """Make the schemas of an invocation say what is taken, and leave those of an answer as they are.

    Args:
        schemas: The contract's, by name; changed in place.
    """
    asked, answered = _reached(schemas, "Invocation"), _reached(schemas, "Responder")
    shared = {name: f"Given{name}" for name in sorted(asked & answered)}
    for name, new in shared.items():
        schemas[new] = copy.deepcopy(schemas[name])
    for name in asked:
        schema = schemas[shared.get(name, name)]
        for node in _nodes(schema):
            target = str(node.get("$ref", "")).removeprefix(_PREFIX)
            if target in shared:
                node["$ref"] = _PREFIX + shared[target]
    given = {shared.get(name, name) for name in asked}
    for name in given:
        for member, schema in schemas[name]["properties"].items():
            if "$ref" in schema:  # in OpenAPI 3.0 nothing stands beside a reference
                schemas[schema["$ref"].removeprefix(_PREFIX)]["nullable"] = True
            elif schema.get("type") and member not in schemas[name].get("required", ()):
                schema["nullable"] = True
            if schema.get("type") == "integer":
                for bound in _BOUNDS:
                    schema.pop(bound, None)


def needed(components: Json, described: Any) -> Json:
    """Give the components that something refers to, and those that these refer to."""
    kept: dict[str, set[str]] = {}
    waiting = list(references(described))
    while waiting:
        _, _, section, name = waiting.pop().split("/")
        if name not in kept.setdefault(section, set()):
            kept[section].add(name)
            waiting.extend(references(components[section][name]))
    return {
        section: {name: part for name, part in named.items() if name in kept[section]}
        for section, named in components.items()
        if section in kept
    }


def references(node: Any) -> Iterator[str]:
    """Give every ``$ref`` in something."""
    return (found["$ref"] for found in _nodes(node) if isinstance(found.get("$ref"), str))


def _reached(schemas: Json, name: str) -> set[str]:
    components = {"schemas": schemas}
    return set(needed(components, {"$ref": _PREFIX + name})["schemas"])


def _nodes(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from _nodes(child)
