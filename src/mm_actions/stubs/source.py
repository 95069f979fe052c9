"""The contract as the generators are given it: one profile, without what makes them write bad code."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias, get_args

from mm_actions.contract import document

Profile: TypeAlias = Literal["core", "full"]
PROFILES: tuple[Profile, ...] = get_args(Profile)

_PLACE = re.compile(r"#/components/(\w+)/([\w-]+)")
_LIMITS = {"minLength", "maxLength", "pattern"}
#: What is left out, where the word is OpenAPI's and not the name of a property.
_MEANING = {"examples": dict, "nullable": bool}


def document_for(profile: Profile) -> dict[str, Any]:
    """Give the contract for generators.

    It says less than the contract, and nothing else:

    * of the core profile, only ``POST /action`` and what it refers to;
    * no ``nullable``: null and absent are the same to a reader, and the third state makes wrapper types
      that answer null;
    * no limits on headers, which a server may ignore and must not fail on;
    * no default response, which some generators take for status 200 or 0;
    * no security schemes, since none is demanded and generators write keys of their own into the code;
    * no sample messages, and one sentence of description, which comes at the head of every file.
    """
    whole = document.contract()
    paths = {
        path: {method: _operation(one) for method, one in operations.items()}
        for path, operations in whole["paths"].items()
        if profile == "full" or any(one["x-mm-profile"] == "core" for one in operations.values())
    }
    tags = {tag for operations in paths.values() for one in operations.values() for tag in one["tags"]}
    lean: dict[str, Any] = _lean(
        {
            "openapi": whole["openapi"],
            "info": {**whole["info"], "description": "The contract of mm_actions, for generated code."},
            "servers": whole["servers"],
            "tags": [tag for tag in whole["tags"] if tag["name"] in tags],
            "paths": paths,
            "components": _reached(paths, whole["components"]),
        }
    )
    for parameter in lean["components"]["parameters"].values():
        parameter["schema"] = {key: value for key, value in parameter["schema"].items() if key not in _LIMITS}
    return lean


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    responses = {status: value for status, value in operation["responses"].items() if status != "default"}
    return {**operation, "responses": responses}


def _lean(node: Any) -> Any:
    if isinstance(node, list):
        return [_lean(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: _lean(value)
        for name, value in node.items()
        if name not in {"examples", "nullable"} or not isinstance(value, _MEANING[name])
    }


def _reached(paths: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Keep the components that the paths refer to, directly or through others, in their order."""
    reached: set[tuple[str, str]] = set()
    waiting = _places_in(paths)
    while waiting:
        kind, name = place = waiting.pop()
        if place not in reached:
            reached.add(place)
            waiting |= _places_in(components[kind][name])
    kept = {
        kind: {name: value for name, value in named.items() if (kind, name) in reached}
        for kind, named in components.items()
    }
    return {kind: named for kind, named in kept.items() if named}


def _places_in(node: Any) -> set[tuple[str, str]]:
    if isinstance(node, dict):
        match = _PLACE.fullmatch(node["$ref"]) if isinstance(node.get("$ref"), str) else None
        found = {(match[1], match[2])} if match else set()
        return found.union(*(_places_in(value) for value in node.values()))
    return set().union(*(_places_in(each) for each in node)) if isinstance(node, list) else set()
