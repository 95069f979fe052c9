"""The turn that `mm-actions call` sends: from options, or from a recorded invocation."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mm_actions.cli.failure import UsageProblem
from mm_actions.contract.codec import decode
from mm_actions.contract.wire import Invocation
from mm_actions.core.params import NAMES, Params
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.errors import BadAnswer, UnknownArgument

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One action on one turn.

    Attributes:
        action: The action's name.
        request: A Request, or a recorded one as it was recorded.
        responder: What the answer is merged into.
    """

    action: str
    request: Any
    responder: DialogueResponder


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOptions:
    """What the command line says of a turn; an empty member says nothing."""

    text: str | None = None
    domain: str | None = None
    intent: str | None = None
    entities: Sequence[str] = ()
    frame: str | None = None
    slots: Sequence[str] = ()
    params: str | None = None
    context: str | None = None
    payload: Path | None = None


def turn_of(action: str | None, options: TurnOptions) -> Turn:
    """Make the turn.

    Raises:
        UsageProblem: An option or a file cannot be understood, or no action is named.
    """
    recorded = {} if options.payload is None else _recorded(options.payload, action)
    name = action or recorded.get("action")
    if not name:
        raise UsageProblem("no action is named: write mm-actions call ACTION, or give a --payload with one")
    request: dict[str, Any] = {**(recorded.get("request") or {}), **_members(options)}
    before = recorded.get("responder") or {}
    responder = DialogueResponder(
        frame=before.get("frame") or deepcopy(request.get("frame")) or {},
        params=_params("the payload's responder", before.get("params") or {}),
        slots={**(before.get("slots") or {}), **dict(_pair("--slot", slot) for slot in options.slots)},
        directives=list(before.get("directives") or ()),
    )
    # A recorded request goes out as it was recorded, with members that a Request does not have.
    return Turn(action=name, request=request if options.payload else Request(**request), responder=responder)


def _members(options: TurnOptions) -> dict[str, Any]:
    """Give the members of the request that options set."""
    members: dict[str, Any] = {
        name: value for name in ("text", "domain", "intent") if (value := getattr(options, name)) is not None
    }
    if options.entities:
        members["entities"] = [_entity(entity, options.text) for entity in options.entities]
    for name in ("frame", "context", "params"):
        source = getattr(options, name)
        if source is not None:
            members[name] = json_object(f"--{name}", source)
    if "params" in members:
        members["params"] = _params("--params", members["params"]).to_wire()
    return members


def _recorded(path: Path, action: str | None) -> dict[str, Any]:
    content = json_object("--payload", f"@{path}")
    if action is not None:
        content["action"] = action
    try:
        decode(json.dumps({"action": "", **content}).encode(), Invocation)
    except BadAnswer as error:
        raise UsageProblem(f"--payload {path} is no invocation: {error.cause}") from error
    return {name: content[name] for name in (field.name for field in fields(Turn)) if name in content}


def json_object(option: str, source: str) -> dict[str, Any]:
    """Read a JSON object from an option, or from the file that it names after an @.

    Raises:
        UsageProblem: It cannot be read, or is something else.
    """
    where, text = option, source
    if source.startswith("@"):
        where = f"{option} {source}"
        try:
            text = Path(source[1:]).expanduser().read_text(encoding="utf-8")
        except OSError as error:
            raise UsageProblem(f"{where} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise UsageProblem(f"{where} is not UTF-8") from error
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UsageProblem(f'{where} is no JSON object: write for example {{"city": "Oslo"}}')
    return value


def _entity(option: str, text: str | None) -> dict[str, Any]:
    kind, value = _pair("--entity", option)
    kind, _, role = kind.partition("|")
    entity: dict[str, Any] = {"text": value, "type": kind, "role": role or None, "value": [{"cname": value}]}
    start = -1 if text is None else text.lower().find(value.lower())
    if start >= 0:
        entity["span"] = {"start": start, "end": start + len(value) - 1}
    return entity


def _pair(option: str, source: str) -> tuple[str, str]:
    name, equals, value = source.partition("=")
    if not (name and equals and value):
        raise UsageProblem(f"{option} {source!r} is no pair: write {option} name=value")
    return name, value


def _params(option: str, members: dict[str, Any]) -> Params:
    known = {name: value for name, value in members.items() if value is not None}
    if option == "--params":
        unknown = [name for name in known if name not in NAMES]
        if unknown:
            raise UsageProblem(f"--params has the unknown member {unknown[0]!r}: {', '.join(NAMES)}")
    try:
        return Params(**{name: value for name, value in known.items() if name in NAMES})
    except (TypeError, ValueError, UnknownArgument) as error:
        raise UsageProblem(f"{option} has a value of the wrong kind: {error}") from error
