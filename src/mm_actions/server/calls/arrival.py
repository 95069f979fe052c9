"""A call as it arrives: read leniently, checked against the contract, made into a Request and a Responder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, overload

import msgspec

from mm_actions.contract.codec import MAX_DEPTH, deeper_than, parse
from mm_actions.contract.wire import DialogueRequest, Invocation, Params, Responder
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.errors import InvocationError, SchemaMismatch
from mm_actions.server.calls.sent import NOTHING_SENT, Sent, sent_of
from mm_actions.server.calls.turn import request_of, responder_of
from mm_actions.server.errors import ActionError, BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

INVALID = "urn:mm-actions:problem:invalid-request"
_OPENING = ord("{")
_LONG = 16_384
_SHALLOW = 2 * MAX_DEPTH  # bytes in which nothing can be too deep: each level is opened and closed
_WIDEST = 64
_LEVELS_OF_A_TURN = MAX_DEPTH - 3  # it stands in the history of the request of the body
_REQUIRED = "Object missing required field `"


class _Span(TypedDict, total=False):
    start: int | None
    end: int | None


class _Entity(TypedDict, total=False):
    """As :class:`mm_actions.contract.wire.Entity`, but handlers want the dict that was sent."""

    text: str | None
    type: str | None
    role: str | None
    value: Any
    display_text: str | None
    confidence: float | None
    is_system_entity: bool | None
    span: _Span | None
    children: list[dict[str, Any]] | None


class _Params(Params):
    timestamp: Any = None  # any value is let through, as the contract has no way to name two types


class _Request(DialogueRequest):
    params: _Params | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - only decoded
    entities: list[_Entity] | None = None  # type: ignore[assignment] # a dict of the same members
    nbest_transcripts_entities: list[list[_Entity]] | None = None  # type: ignore[assignment] # the same
    nbest_aligned_entities: list[list[_Entity]] | None = None  # type: ignore[assignment] # the same
    history: list[msgspec.Raw] | None = None  # type: ignore[assignment] # decoded when looked at


class _Responder(Responder):
    params: _Params | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - likewise
    directives: list[dict[str, Any]] | None = None  # type: ignore[assignment] # members unknown to us are kept


class _Invocation(Invocation):
    request: _Request | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - only decoded
    responder: _Responder | None = None  # pyright: ignore[reportIncompatibleVariableOverride] - likewise


class History(Sequence[Mapping[str, Any]]):
    """Earlier turns, decoded when somebody looks: most handlers do not, and history is most of a request."""

    __slots__ = ("_raw", "_turns")

    def __init__(self, raw: Sequence[bytes]) -> None:
        self._raw = raw
        self._turns: tuple[Mapping[str, Any], ...] | None = None

    def __len__(self) -> int:
        """Count the turns."""
        return len(self._raw)

    @overload
    def __getitem__(self, position: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, position: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        """Give a turn, the newest first."""
        return self._all()[position]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Give the turns, the newest first."""
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of turns."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return list(self._all()) == list(other)

    __hash__ = None  # type: ignore[assignment] # its turns are dicts

    def __repr__(self) -> str:
        """Say how many there are."""
        return f"<{len(self)} earlier turns>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle as the plain tuple."""
        return tuple, (self._all(),)

    def _all(self) -> tuple[Mapping[str, Any], ...]:
        if self._turns is None:
            try:
                self._turns = tuple(map(_turn.decode, self._raw))
            except msgspec.DecodeError as error:  # a number that no float holds, which skipping does not see
                raise _refused("/request/history", "cannot be read") from error
        return self._turns


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is of the shape of the contract."""

    action: str
    request: Request
    responder: DialogueResponder
    sent: Sent


def read(body: bytes) -> Arrived:
    """Read the body of a call.

    Raises:
        ActionError: 400; the message says where it is wrong, and quotes nothing.
    """
    try:
        invocation = parse(body, _Invocation)
    except SchemaMismatch as error:
        raise _mismatch(error) from error
    except InvocationError as error:
        raise _unreadable(error.cause) from error
    wire, answered = invocation.request, invocation.responder
    turns = list(map(bytes, wire.history)) if wire is not None and wire.history else ()
    if len(body) > _SHALLOW and _too_deep(body, turns):
        raise _unreadable(f"nested deeper than {MAX_DEPTH} levels")
    if not invocation.action:
        raise _refused("/action", "must not be empty")
    request = Request() if wire is None else request_of(wire, _history(turns) if turns else ())
    if answered is None:
        responder, sent = DialogueResponder(request=request), NOTHING_SENT
    else:
        if answered.directives:
            _check_directives(answered.directives)
        responder = responder_of(answered, request)
        sent = sent_of(responder)
    return Arrived(action=invocation.action, request=request, responder=responder, sent=sent)


def _check_directives(directives: Sequence[dict[str, Any]]) -> None:
    for position, directive in enumerate(directives):
        for member in ("name", "type"):
            value = directive.get(member, "")
            if value is None:
                del directive[member]
            elif not isinstance(value, str):
                raise _refused(f"/responder/directives/{position}/{member}", "must be a text")


def _history(turns: Sequence[bytes]) -> Sequence[Mapping[str, Any]]:
    for turn in turns:
        if turn[0] != _OPENING:
            raise _refused("/request/history", "must be an array of objects")
    return History(turns)


def _too_deep(body: bytes, turns: Sequence[bytes]) -> bool:
    """Tell whether a body has too many levels, without a look at each bracket of a long history.

    A text of n bytes has at most n / 2 levels, so short turns need no look; the rest of the body is short.
    """
    longest = max(map(len, turns), default=0)
    if longest <= 2 * _LEVELS_OF_A_TURN and len(body) - sum(map(len, turns)) <= 2 * MAX_DEPTH:
        return False
    if len(body) < _LONG or not turns:
        return deeper_than(MAX_DEPTH, body)
    start = body.find(turns[0])
    end = start + len(turns[0])
    separator = (
        body[end : body.find(turns[1], end, end + _WIDEST + len(turns[1]))] if len(turns) > 1 else b","
    )
    if separator.strip() != b",":
        return deeper_than(MAX_DEPTH, body)
    history = separator.join(turns)
    rest = body[:start] + body[start + len(history) :]
    # A rest that is shorter than the turns does not hold them, so what was cut out is the history.
    if not body.startswith(history, start) or len(rest) >= sum(map(len, turns)):
        return deeper_than(MAX_DEPTH, body)
    if deeper_than(MAX_DEPTH, rest):
        return True
    long = longest > 2 * _LEVELS_OF_A_TURN
    return long and any(deeper_than(_LEVELS_OF_A_TURN, turn) for turn in turns)


def _mismatch(error: SchemaMismatch) -> ActionError:
    detail, _, pointer = error.cause.partition(": ")[2].rpartition(" at ")
    pointer = "" if pointer == "the top level" else pointer
    if detail.startswith(_REQUIRED):
        return _refused(f"{pointer}/{detail.removeprefix(_REQUIRED).rstrip('`')}", "is required")
    return _refused(pointer, detail.replace("`", ""))


def _unreadable(cause: str) -> ActionError:
    return BadRequest(f"The body is {cause}.", title="Invalid request", kind=INVALID)


def _refused(pointer: str, detail: str) -> ActionError:
    return BadRequest(
        "The request does not match the contract.",
        title="Invalid request",
        kind=INVALID,
        errors=[{"pointer": pointer, "detail": detail}],
    )


_turn = msgspec.json.Decoder(dict[str, Any])
