"""What travels back: what a handler added or changed, and nothing of what it was sent.

The contract appends directives and lists, and updates objects key by key. So a directive, a member of the
frame or an allowed intent that a handler takes away cannot travel: the client keeps it. To empty a member of
the frame, set it to ``None``. The five settings of params that are single values are repeated as they stand,
because a stock MindMeld forgets those that an answer leaves out; unset ones cannot travel either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import encode
from mm_actions.core.params import NAMES, SCALARS, Params
from mm_actions.core.responder import DialogueResponder
from mm_actions.errors import EncodingFailed
from mm_actions.server.calls.sent import LISTS, PLAIN

if TYPE_CHECKING:
    from mm_actions.server.calls.sent import Kept, Sent

MEMBERS = ("directives", "frame", "params", "slots")
_OF_A_RESPONDER = frozenset((*MEMBERS, "request", "dialogue_state", "form", "history"))


class BadResult(Exception):
    """A handler left something that no answer can hold; for the log alone.

    Args:
        field: Where, as a JSON Pointer into the answer; empty for the whole.
        reason: What is wrong with it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field or 'the result'} {reason}")
        self.field = field
        self.reason = reason


class Flushed:
    """The directives that have left before the answer does. They are the first ones of the answer.

    Args:
        arrived: The directives that the handler was given; they do not leave.
        most: Bytes that all of them may have.

    Attributes:
        written: Each as JSON, in the order in which they left.
    """

    def __init__(self, arrived: Sequence[Any] = (), most: int = 0) -> None:
        self._arrived = [encode(directive) for directive in arrived]
        self._end = len(arrived)
        self._last = arrived[-1] if arrived else None
        self._room = most
        self.written: list[msgspec.Raw] = []

    def add(self, directives: object) -> None:
        """Take what has been added to a responder's directives since the last time.

        Raises:
            BadResult: It cannot leave.
        """
        new = [
            _written(directive, f"/directives/{position}")
            for position, directive in enumerate(self.rest(directives), self._end)
        ]
        self._room -= sum(map(len, new))
        if self._room < 0:
            raise BadResult("/directives", "has more bytes than max_answer")
        self.written += map(msgspec.Raw, new)
        if isinstance(directives, list | tuple) and directives:
            self._end, self._last = len(directives), directives[-1]

    def rest(self, directives: object) -> list[Any]:
        """Give the directives that have not left, nor were there from the beginning.

        Raises:
            BadResult: They are no directives.
        """
        end = self._end
        if (
            isinstance(directives, list | tuple)
            and end <= len(directives)
            and (not end or directives[end - 1] is self._last)
        ):
            return _directives(directives[end:], "/directives", end)
        # Somebody rearranged them; what is equal to a directive that has left is not sent again.
        return _added(_directives(directives, "/directives"), [*self._arrived, *map(bytes, self.written)])


def add(responder: DialogueResponder, result: object) -> None:
    """Add to a responder what a handler returned, or yielded; see :func:`answer_of`.

    Raises:
        BadResult: It cannot be added.
    """
    if result is not None and result is not responder:
        _take(responder, result)


def answer_of(
    responder: DialogueResponder, sent: Sent, result: object, flushed: Flushed | None = None
) -> bytes:
    """Write the answer of a handler.

    Args:
        responder: What the handler was given, as it stands now.
        sent: What it was before.
        result: What the handler returned: nothing, a responder, or a dict of a responder's members that is
            added to what the handler did to the one that it was given.
        flushed: The directives that have left already, if any may have.

    Raises:
        BadResult: It is not an answer.
    """
    if result is not None:
        add(responder, result)
    directives: list[Any]
    if flushed is not None:
        directives = [*flushed.written, *flushed.rest(responder.directives)]
    else:
        directives = _directives(responder.directives, "/directives")
        directives = _added(directives, sent.directives) if sent.directives else directives
    answer = {
        "directives": directives,
        "frame": _changed(responder.frame, sent.frame, "/frame"),
        "params": _params(responder.params, sent),
        "slots": _changed(responder.slots, sent.slots, "/slots"),
    }
    try:
        return encode(answer)
    except EncodingFailed:
        raise _unwritable(answer) from None


def _take(responder: DialogueResponder, result: object) -> None:
    if isinstance(result, DialogueResponder):
        members: Mapping[Any, Any] = {
            "directives": result.directives,
            "frame": result.frame,
            "slots": result.slots,
            "params": result.params,
        }
    elif isinstance(result, Mapping):
        members = result
    else:
        raise BadResult("", f"is of type {type(result).__name__}; return None, a responder or a dict")
    for name in members:
        if name not in _OF_A_RESPONDER:
            raise BadResult(f"/{name}", f"is not a member of an answer; those are {', '.join(MEMBERS)}")
    if (directives := members.get("directives")) is not None:
        there = {id(directive) for directive in _directives(responder.directives, "/directives")}
        new = [one for one in _directives(directives, "/directives") if id(one) not in there]
        responder.directives = [*responder.directives, *new]
    for name in ("frame", "slots"):
        if (value := members.get(name)) is not None:
            setattr(
                responder,
                name,
                {**_mapping(getattr(responder, name), f"/{name}"), **_mapping(value, f"/{name}")},
            )
    if (params := members.get("params")) is not None:
        _take_params(responder.params, dict(params) if isinstance(params, Params) else params)


def _take_params(params: Params, members: object) -> None:
    for name, value in _mapping(members, "/params").items():
        if name not in NAMES:
            raise BadResult(f"/params/{name}", f"is not a member of params; those are {', '.join(NAMES)}")
        if value is None:
            continue
        if name in LISTS:
            held = _texts(getattr(params, name), name)
            setattr(params, name, (*held, *(text for text in _texts(value, name) if text not in held)))
        elif name == "dynamic_resource":
            where = "/params/dynamic_resource"
            params.dynamic_resource = {**_mapping(params.dynamic_resource, where), **_mapping(value, where)}
        else:
            setattr(params, name, value)


def _params(params: Params, sent: Sent) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in zip(SCALARS, _scalars(params), strict=True):
        if value is None:
            continue
        if name == "timestamp":
            found[name] = _timestamp(value)
        elif isinstance(value, str):
            found[name] = value
        else:
            raise BadResult(f"/params/{name}", f"is of type {type(value).__name__}, not a text")
    *lists, resource = _collections(params)
    if any(lists):
        for name, value in zip(LISTS, lists, strict=True):
            held = sent.lists.get(name, ())
            if value and (added := [text for text in _texts(value, name) if text not in held]):
                found[name] = added
    if resource != {} and (changed := _changed(resource, sent.dynamic_resource, "/params/dynamic_resource")):
        found["dynamic_resource"] = changed
    return found


def _timestamp(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise BadResult("/params/timestamp", "is not a number of milliseconds above 0")
    return value


def _texts(value: object, name: str) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise BadResult(f"/params/{name}", f"is of type {type(value).__name__}, not a list of texts")
    texts = list(value)
    if not all(isinstance(text, str) for text in texts):
        raise BadResult(f"/params/{name}", "holds something that is not a text")
    return texts


def _directives(value: object, where: str, first: int = 0) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise BadResult(where, f"is of type {type(value).__name__}, not a list")
    for position, directive in enumerate(value, first):
        if type(directive) is not dict and not isinstance(directive, Mapping):
            raise BadResult(f"{where}/{position}", f"is of type {type(directive).__name__}, not a dict")
        for member in ("name", "type"):
            # What the client sent may lack them; it does not travel back.
            if not isinstance(directive.get(member, ""), str):
                raise BadResult(f"{where}/{position}/{member}", "is not a text")
    return list(value)


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise BadResult(where, f"is of type {type(value).__name__}, not a dict")
    return value


def _added(directives: list[Any], before: Sequence[bytes]) -> list[Any]:
    """Take out, once each, the directives that were there before, given as JSON."""
    remaining = Counter(before)
    added = []
    for position, directive in enumerate(directives):
        written = _written(directive, f"/directives/{position}")
        if remaining[written]:
            remaining[written] -= 1
        else:
            added.append(directive)
    return added


def _changed(members: object, before: Kept, where: str) -> Mapping[str, Any]:
    """Leave out what is as it was."""
    now = _mapping(members, where)
    if not before or not now:
        return now
    changed = {}
    for name, value in now.items():
        kept = before.get(name, _ABSENT)
        # What is the same object is of a plain type: any other is kept as its JSON.
        if value is not kept and (kept is _ABSENT or not _same(value, kept, where, name)):
            changed[name] = value
    return changed


def _same(value: object, before: object, where: str, name: str) -> bool:
    """Compare as JSON, since ``1 == True``, and some objects do not compare at all."""
    if type(value) is type(before) and type(value) in PLAIN:
        return value == before
    kept = before if isinstance(before, bytes) else encode(before)
    return _written(value, f"{where}/{name}") == kept


def _written(value: object, where: str) -> bytes:
    try:
        return encode(value)
    except EncodingFailed as error:
        raise BadResult(where, f"cannot be written as JSON: {error.cause}") from error


def _unwritable(answer: Mapping[str, Any]) -> BadResult:
    """Find the member that JSON cannot carry."""
    for name, members in answer.items():
        items = members.items() if isinstance(members, Mapping) else enumerate(members)
        for key, value in items:
            try:
                encode({key: value})
            except EncodingFailed as error:
                return BadResult(f"/{name}/{key}", f"cannot be written as JSON: {error.cause}")
    return BadResult("", "cannot be written as JSON")


_scalars = attrgetter(*SCALARS)
_collections = attrgetter(*LISTS, "dynamic_resource")
_ABSENT = object()
