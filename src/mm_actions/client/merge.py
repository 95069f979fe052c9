"""An action's answer into the Responder: all of it or none of it.

An answer was validated whole before it comes here, so nothing below can fail half-way. A member that the
answer leaves out, or gives as null, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.core.params import NAMES, SCALARS, FrozenParams, Params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mm_actions.contract.wire import Answer
    from mm_actions.contract.wire import Params as WireParams

_APPENDED = ("allowed_intents", "allow_nlp", "deny_nlp")
_SHOWN = 5

logger = logging.getLogger("mm_actions.merge")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConflict:
    """Actions of one sequence that set one thing to different values; what the last one set counts.

    Attributes:
        member: ``frame``, ``slots``, ``params`` or ``params.dynamic_resource``.
        key: The name that was set in it.
        actions: Who set it, in the order given; a name stands twice for an action that is there twice.
    """

    member: str
    key: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        """Name them; the key is written so that it cannot break out of a line."""
        return f"{self.member}[{self.key!r}] by {', '.join(map(repr, self.actions))}"


class MergeLog:
    """Who set what, over the answers of a sequence in the order of their merging."""

    def __init__(self) -> None:
        self._set: dict[tuple[str, str], tuple[Any, tuple[str, ...]]] = {}
        self._conflicts: dict[tuple[str, str], MergeConflict] = {}

    def note(self, action: str, answer: Answer, *, merge: bool = True) -> None:
        """Take down an answer; before it is merged, for the Responder may take its parts as its own.

        Args:
            action: Who gave it.
            answer: What is going to be merged.
            merge: As for :func:`apply`: otherwise what the answer leaves out of a member is gone, too.
        """
        for member, values in _members(answer):
            if not merge and member != "params":
                for place in [place for place in self._set if place[0] == member and place[1] not in values]:
                    self._clash(place, action)
            for key, value in values.items():
                place = member, key
                if place not in self._set:
                    self._set[place] = value, (action,)
                elif self._set[place][0] == value:
                    self._set[place] = value, (*self._set[place][1], action)
                else:
                    self._clash(place, action)
                    self._set[place] = value, self._conflicts[place].actions

    def conflicts(self, *, parallel: bool) -> tuple[MergeConflict, ...]:
        """Give the conflicts, and write them into the log: names, never values.

        Args:
            parallel: Whether nobody knew of the others. One after the other, the later one had seen what it
                changed, which is worth less of a mention.
        """
        found = tuple(self._conflicts.values())
        if found:
            shown = "; ".join(map(str, found[:_SHOWN])) + ("; ..." if len(found) > _SHOWN else "")
            logger.log(
                logging.INFO if parallel else logging.DEBUG,
                "%d set to different values by several actions, the last one counts: %s",
                len(found),
                shown,
                extra={"mm_conflicts": [(each.member, each.key, each.actions) for each in found]},
            )
        return found

    def _clash(self, place: tuple[str, str], action: str) -> None:
        actions = (*self._set[place][1], action)
        self._conflicts[place] = MergeConflict(member=place[0], key=place[1], actions=actions)


def _members(answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through the members in which a later answer may take the place of an earlier one."""
    if answer.frame is not None:
        yield "frame", answer.frame
    if answer.slots is not None:
        yield "slots", answer.slots
    if answer.params is not None:
        params = answer.params
        yield "params", {name: value for name in SCALARS if (value := getattr(params, name)) is not None}
        if params.dynamic_resource is not None:
            yield "params.dynamic_resource", params.dynamic_resource


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
    if isinstance(current, (dict, MutableMapping)):  # a dict is told 2 µs sooner than by its abstract class
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
