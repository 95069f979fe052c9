"""Actions as tools: their names, what they take, what they answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mcp_types as types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mm_actions.server.registry import Action, Registry

TEXT = "text"
_SAID = {"type": "string", "description": "What the user said, word by word."}
_OBJECT: dict[str, Any] = {"type": "object"}
ANSWER = {
    "type": "object",
    "properties": {
        "directives": {"type": "array", "items": _OBJECT},
        "frame": _OBJECT,
        "slots": _OBJECT,
        "params": _OBJECT,
    },
}
"""What the structured content of a result is: the contract's Responder."""

_LONGEST = 128
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")


class Tools:
    """The actions of a registry by the names of their tools.

    Args:
        registry: The actions.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def listed(self) -> list[types.Tool]:
        """Describe all of them."""
        return [_tool(name, action) for name, action in self._named().items()]

    def find(self, name: str) -> Action | None:
        """Find the action of a tool."""
        return self._registry.find(name) or self._named().get(name)

    def _named(self) -> dict[str, Action]:
        """Give names that the protocol allows; an action may have another one."""
        named: dict[str, Action] = {}
        for action in self._registry:
            name = _UNFIT.sub("_", action.name)[:_LONGEST]
            number = 1
            while name in named or (name != action.name and self._registry.find(name) is not None):
                number += 1
                name = f"{_UNFIT.sub('_', action.name)[: _LONGEST - 4]}_{number}"
            named[name] = action
        return named


def turn_of(
    action: Action, arguments: Mapping[str, Any], whole: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Write the body of a call: the arguments are slots, from which a handler's own are filled.

    Args:
        action: What is called.
        arguments: The tool's.
        whole: The request and the responder, where a caller has given them beside the arguments.
    """
    slots = dict(arguments)
    if whole is not None:
        responder = whole.get("responder") or {}
        slots.pop(TEXT, None)
        responder = {**responder, "slots": {**(responder.get("slots") or {}), **slots}}
        return {"action": action.name, "request": whole.get("request"), "responder": responder}
    request: dict[str, Any] = {}
    if isinstance(slots.get(TEXT), str):
        request["text"] = slots[TEXT]
        if all(parameter.name != TEXT for parameter in action.parameters):
            del slots[TEXT]
    return {"action": action.name, "request": request, "responder": {"slots": slots}}


def _tool(name: str, action: Action) -> types.Tool:
    schema = dict(action.info().schema or {"type": "object", "properties": {}})
    if TEXT not in schema["properties"]:
        schema["properties"] = {**schema["properties"], TEXT: _SAID}
    description = action.description
    if action.deprecated:
        description = f"Deprecated. {description or ''}".strip()
    return types.Tool(
        name=name,
        title=None if name == action.name else action.name,
        description=description,
        input_schema=schema,
        output_schema=ANSWER,
        annotations=types.ToolAnnotations(idempotent_hint=True) if action.idempotent else None,
    )
