"""``GET /openapi.json``: the contract, limited to what one server serves."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from mm_actions.contract.document import contract
from mm_actions.server.calls.arguments import schema_of
from mm_actions.server.door.sample import sample
from mm_actions.server.door.schemas import loosen, needed
from mm_actions.server.security import BasicUsers, BearerTokens, SignedBodies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mm_actions.server.registry import Action
    from mm_actions.server.security import Guard

_ACTION, _STREAM, _LIST = "/action", "/action/stream", "/actions"
_ABSENT = {"$ref": "#/components/responses/NotImplementedHere"}
_MOST_EXAMPLES = 50
_BASIC = {"type": "http", "scheme": "basic", "description": "A user's name and password."}


def document(
    *,
    root: str,
    doors: Mapping[str, Iterable[str]],
    action_paths: Sequence[str],
    guards: Sequence[Guard],
    actions: Sequence[Action],
) -> dict[str, Any]:
    """Describe a server.

    Args:
        root: The path below which the server is mounted; empty for none.
        doors: The methods that are served, by path.
        action_paths: Where actions are called.
        guards: Who may call.
        actions: The actions to name; none where names are not for everybody.
    """
    whole = contract()
    described = {name: copy.deepcopy(part) for name, part in whole.items() if name != "paths"}
    described["servers"] = [{"url": root or "/"}]
    schemes = dict(_schemes(guards, described["components"]["securitySchemes"]))
    described["paths"] = {}
    for origin, known in whole["paths"].items():
        for path, methods in doors.items():
            if _origin(path, action_paths) == origin:
                described["paths"][path] = {
                    method: _operation(path, origin, operation, schemes)
                    for method, operation in known.items()
                    if method.upper() in methods
                }
    if actions:
        described["components"]["schemas"]["Invocation"]["properties"]["action"]["enum"] = [
            action.name for action in actions
        ]
        described["components"]["requestBodies"]["Invocation"]["content"]["application/json"]["examples"] = (
            _examples(actions)
        )
    loosen(described["components"]["schemas"])
    described["components"] = needed(described["components"], described["paths"])
    if schemes:
        described["components"]["securitySchemes"] = schemes
    return described


def _origin(path: str, action_paths: Sequence[str]) -> str:
    """Give the path that the contract has in place of one of the server's."""
    if path in action_paths:
        return _ACTION
    if path.endswith("/stream") and (path.removesuffix("/stream") or "/") in action_paths:
        return _STREAM
    return _LIST if path.endswith(_LIST) else path


def _operation(path: str, origin: str, known: dict[str, Any], schemes: dict[str, Any]) -> dict[str, Any]:
    operation = copy.deepcopy(known)
    if path != origin:
        name = "_".join(part for part in path.replace("-", "_").split("/") if part) or "root"
        operation["operationId"] += f"_at_{name}"
        operation["summary"] += f", as at {origin}"
    guarded = bool(schemes) and "health" not in operation["tags"]
    operation["security"] = [{name: [] for name in schemes}] if guarded else []
    operation["responses"] = {
        status: response
        for status, response in operation["responses"].items()
        if response != _ABSENT and (guarded or status != "401")
    }
    return operation


def _schemes(guards: Sequence[Guard], known: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the security schemes of those guards of which it is known what they ask for."""
    for guard in guards:
        if isinstance(guard, BearerTokens):
            yield "bearerAuth", known["bearerAuth"]
        elif isinstance(guard, SignedBodies):
            yield "hmacSignature", known["hmacSignature"]
        elif isinstance(guard, BasicUsers):
            yield "basicAuth", _BASIC


def _examples(actions: Sequence[Action]) -> dict[str, Any]:
    """Give an invocation of each action that its typed arguments are content with."""
    examples = {}
    for position, action in enumerate(actions[:_MOST_EXAMPLES]):
        slots = {}
        if action.parameters:
            schema = schema_of(action.parameters)
            found = sample(schema, schema.get("$defs", {}))
            slots = {name: found[name] for name in schema["required"]}
        example = {
            "request": {"text": "", "params": {}},
            "responder": {"directives": [], "frame": {}, "params": {}, "slots": slots},
            "action": action.name,
        }
        examples[f"action{position + 1}"] = {
            "summary": f"{action.name}: {action.description}" if action.description else action.name,
            "value": example,
        }
    return examples
