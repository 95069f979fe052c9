"""An action's answer into the Responder: all of it or none of it.

An answer was validated whole before it comes here, so nothing below can fail half-way. A member that the
answer leaves out, or gives as null, changes nothing.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any

from mm_actions.core.params import NAMES, SCALARS, FrozenParams, Params

if TYPE_CHECKING:
    from mm_actions.contract.wire import Answer
    from mm_actions.contract.wire import Params as WireParams

_APPENDED = ("allowed_intents", "allow_nlp", "deny_nlp")


def apply(answer: Answer, responder: Any, *, merge: bool = True) -> None:
    """Apply an answer to a Responder, ours or MindMeld's.

    Args:
        answer: What the action answered.
        responder: Has ``directives``, ``frame``, ``slots`` and ``params``.
        merge: Append directives and intents, and update frame, slots and dynamic resource key by key, as
            MindMeld does; otherwise each member that the answer has replaces what was there.
    """
    changes = _param_changes(answer.params, responder.params, merge=merge) if answer.params else {}
    if answer.frame is not None:
        responder.frame = _updated(responder.frame, answer.frame, merge=merge)
    if answer.slots is not None:
        responder.slots = _updated(responder.slots, answer.slots, merge=merge)
    if answer.directives is not None:
        if merge and isinstance(responder.directives, list):
            responder.directives.extend(answer.directives)
        else:
            responder.directives = [*((responder.directives or ()) if merge else ()), *answer.directives]
    if changes:
        _set_params(responder, changes)


class Snapshot:
    """What a Responder was, to go back to."""

    def __init__(self, responder: Any) -> None:
        self._responder = responder
        self._params = deepcopy(responder.params)
        self._members = {
            name: deepcopy(getattr(responder, name)) for name in ("directives", "frame", "slots")
        }

    def restore(self) -> None:
        """Make the Responder what it was."""
        self._responder.params = self._params
        for name, value in self._members.items():
            setattr(self._responder, name, value)


def _updated(current: Any, new: dict[str, Any], *, merge: bool) -> Any:
    if not merge:
        return new
    if isinstance(current, MutableMapping):
        current.update(new)
        return current
    return {**(current or {}), **new}


def _param_changes(new: WireParams, current: Any, *, merge: bool) -> dict[str, Any]:
    changes: dict[str, Any] = {name: value for name in SCALARS if (value := getattr(new, name)) is not None}
    for name in _APPENDED:
        intents = getattr(new, name)
        if intents is not None:
            before = getattr(current, name, ()) if merge else ()
            changes[name] = [*before, *intents] if isinstance(before, list) else (*(before or ()), *intents)
    if new.dynamic_resource is not None:
        before = getattr(current, "dynamic_resource", None) or {} if merge else {}
        changes["dynamic_resource"] = {**before, **new.dynamic_resource}
    return changes


def _set_params(responder: Any, changes: dict[str, Any]) -> None:
    params = responder.params
    if isinstance(params, FrozenParams):
        responder.params = Params(**{name: getattr(params, name) for name in NAMES} | changes)
        return
    try:
        for name, value in changes.items():
            setattr(params, name, value)
    except (
        AttributeError
    ):  # MindMeld's FrozenParams: attrs guards __setattr__, on a copy of our own we go past it
        params = copy(params)
        for name, value in changes.items():
            object.__setattr__(params, name, value)
        responder.params = params
