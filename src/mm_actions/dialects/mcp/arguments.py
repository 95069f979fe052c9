"""The arguments of a tool, found in a turn: by their names, or where the settings say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mm_actions.dialects.mcp.conversion import Misfit, convert, resolved, wants
from mm_actions.dialects.mcp.sources import Source
from mm_actions.errors import EncodingFailed

_BEST = ("value", "cname", "id")
"""The members of an entity's resolved object that say what it is, as MindMeld names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What of a turn may become an argument; all of it of JSON's types.

    Attributes:
        text: What was said.
        entities: What was recognised in it.
        slots: The responder's slots.
        frame: What the conversation remembers.
        whole: The Request and the Responder, where the whole turn travels.
    """

    text: str
    entities: list[dict[str, Any]]
    slots: dict[str, Any]
    frame: dict[str, Any]
    whole: dict[str, Any] | None = None

    @classmethod
    def of(cls, payload: Mapping[str, Any], *, whole: bool = False) -> Turn:
        """Take it from the payload of an invocation."""
        request, responder = payload.get("request") or {}, payload.get("responder") or {}
        return cls(
            text=request.get("text") or "",
            entities=list(request.get("entities") or ()),
            slots=dict(responder.get("slots") or {}),
            frame={**(request.get("frame") or {}), **(responder.get("frame") or {})},
            whole={"request": request, "responder": responder} if whole else None,
        )


def arguments_of(
    tool: str, schema: Mapping[str, Any], turn: Turn, declared: Mapping[str, Source]
) -> dict[str, Any]:
    """Find and convert the arguments of a tool.

    An argument that is not declared is filled by its name: from the entity of that role, the one of that
    type, the slot, the frame's member; one that is called ``text`` from the text, if none of these has it.

    Args:
        tool: Its name, for messages.
        schema: The tool's input schema.
        turn: Where to look.
        declared: Sources by argument.

    Raises:
        EncodingFailed: A required argument is nowhere, or a value does not fit its type; all are named.
    """
    members = resolved(schema, schema).get("properties")
    properties: dict[str, Any] = dict(members) if isinstance(members, Mapping) else {}
    for name in declared:
        properties.setdefault(name, True)
    required = resolved(schema, schema).get("required")
    needed = required if isinstance(required, list) else []
    found: dict[str, Any] = {}
    faults: list[str] = []
    for name, wanted in properties.items():
        source = declared.get(name)
        candidates = list(_candidates(name, source, wanted, schema, turn))
        if not candidates:
            if name in needed:
                place = "entity, slot or frame has it" if source is None else f"value for {source}"
                faults.append(f"{name!r} is missing: there is no {place}")
            continue
        for candidate in candidates:
            try:
                found[name] = convert(candidate, wanted, schema)
                break
            except (Misfit, RecursionError):
                continue
        else:
            faults.append(f"{name!r} must be {_in_words(wanted, schema)}")
    if faults:
        raise EncodingFailed(
            f"the tool {tool!r} cannot be called: {'; '.join(faults)}",
            hint="Have the application fill it, or say where it comes from under mcp.arguments",
        )
    return found


def _candidates(
    name: str, source: Source | None, wanted: Any, root: Mapping[str, Any], turn: Turn
) -> Iterator[Any]:
    """Give the values that may be meant, best first: those of the first place that has any."""
    if source is not None:
        yield from _from(source, wanted, root, turn)
        return
    for kind in ("entity", "slot", "frame"):
        values = list(_from(Source(kind=kind, name=name), wanted, root, turn))
        if values:
            yield from values
            return
    if name == "text" and turn.text:
        yield turn.text


def _from(source: Source, wanted: Any, root: Mapping[str, Any], turn: Turn) -> Iterator[Any]:
    if source.kind == "const":
        yield json.loads(source.value)
    elif source.kind == "text":
        if turn.text:
            yield turn.text
    elif source.kind == "entity":
        yield from _entities(source.name, turn, wanted, root)
    else:
        value = (turn.slots if source.kind == "slot" else turn.frame).get(source.name)
        if value is not None:
            yield value


def _entities(name: str, turn: Turn, wanted: Any, root: Mapping[str, Any]) -> Iterator[Any]:
    whole = wants("object", wanted, root)
    for member in ("role", "type"):
        matches = [entity for entity in turn.entities if entity.get(member) == name]
        if not matches:
            continue
        if wants("array", wanted, root):
            items = resolved(wanted, root).get("items", True)
            whole = wants("object", items, root)
            yield [next(_forms(entity, whole=whole), None) for entity in matches]
            yield [entity.get("text") for entity in matches]
        else:
            yield from _forms(matches[0], whole=whole)
        return


def _forms(entity: Mapping[str, Any], *, whole: bool) -> Iterator[Any]:
    """Give what an entity's value may mean: MindMeld sends a list of candidates, each an object."""
    value = entity.get("value")
    best = value[0] if isinstance(value, list) and value else value
    if isinstance(best, Mapping):
        if whole:
            yield best
        for member in _BEST:
            if best.get(member) is not None:
                yield best[member]
    elif best is not None and not isinstance(best, list):
        yield best
    if entity.get("text") is not None:
        yield entity["text"]


def _in_words(wanted: Any, root: Mapping[str, Any]) -> str:
    schema = resolved(wanted, root)
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(choices, list):
        return "one of " + ", ".join(map(str, choices))
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(alternatives, list):
        return " or ".join(_in_words(each, root) for each in alternatives)
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return " or ".join(_WORDS.get(str(kind), "of the declared type") for kind in names)


_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
