"""A turn that a handler is given without its JSON: what could be changed is copied, the rest shared."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mm_actions.core.frozen import FrozenDict
from mm_actions.core.params import NAMES, FrozenParams, Params
from mm_actions.core.payload import payload_of, written
from mm_actions.core.request import NAMES as MEMBERS
from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder
from mm_actions.errors import EncodingFailed
from mm_actions.server.calls.arrival import Arrived, History
from mm_actions.server.calls.dialect import Contract
from mm_actions.server.calls.sent import PLAIN, sent_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mm_actions.core.transport import Invocation


class Turn(Contract):
    """An invocation as a dialect of the host: there is nothing to read, and the answer is the contract's.

    It is taken when the call begins. A further attempt takes it anew, for the first one's handler may have
    changed its copy, and what the application holds is as it was.

    Args:
        invocation: Whose request and responder are our own.
        history: How many of the newest turns are handed over; None for all.

    Raises:
        EncodingFailed: It holds what can neither be shared nor copied.
    """

    def __init__(self, invocation: Invocation, history: int | None) -> None:
        self._invocation = invocation
        self._history = history
        self._taken: Arrived | None = self._take()

    def read(self, body: bytes) -> Arrived:  # noqa: ARG002 - the turn is at hand
        """Give the turn to one handler."""
        taken, self._taken = self._taken, None
        return taken if taken is not None else self._take()

    def fingerprint(self) -> bytes:
        """Give what tells this turn from another one with the same idempotency key: its JSON.

        Raises:
            EncodingFailed: It holds what JSON cannot carry.
        """
        return written(payload_of(self._invocation, self._history))

    def _take(self) -> Arrived:
        try:
            return self._arrived()
        except EncodingFailed:
            raise
        except Exception as error:
            raise EncodingFailed(
                f"the turn cannot be handed to an action: {error or type(error).__name__}",
                hint="Keep to strings, numbers, booleans, None, lists and dicts in frame, slots and context",
            ) from error

    def _arrived(self) -> Arrived:
        request = _request(self._invocation.request, self._history)
        given = self._invocation.responder
        responder = DialogueResponder(
            frame=owned(given.frame),
            params=_params(given.params),
            slots=owned(given.slots),
            request=request,
            directives=owned(given.directives),
        )
        if request.history:
            # A list of its own would copy the history of every call.
            responder.history = request.history  # type: ignore[assignment] # a sequence is enough
        return Arrived(
            action=self._invocation.action, request=request, responder=responder, sent=sent_of(responder)
        )


class _Shared(History):
    """The application's own turns, copied when somebody looks."""

    __slots__ = ("_shared",)

    def __init__(self, turns: Sequence[Mapping[str, Any]]) -> None:
        super().__init__([b""] * len(turns))
        self._shared = turns

    def _all(self) -> tuple[Mapping[str, Any], ...]:
        if self._turns is None:
            self._turns = tuple(map(owned, self._shared))
        return self._turns


def owned(value: Any) -> Any:
    """Copy whatever can be changed; what cannot, at whatever depth, is given as it is."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is dict:
        return {key: item if type(item) in PLAIN else owned(item) for key, item in value.items()}
    if kind is list:
        return [item if type(item) in PLAIN else owned(item) for item in value]
    if kind is tuple:
        return value if all(type(item) in PLAIN for item in value) else tuple(map(owned, value))
    if kind is FrozenDict:
        if all(type(item) in PLAIN for item in value.values()):
            return value
        return FrozenDict({key: owned(item) for key, item in value.items()})
    if isinstance(value, Params):
        return _params(value)
    return deepcopy(value)


def _request(given: Request, history: int | None) -> Request:
    """Make a Request of its own; what another one holds needs none of the care that its constructor takes."""
    request = object.__new__(Request)
    turns = given.history if history is None else given.history[:history]
    members = {
        name: value if not value or type(value) in PLAIN else owned(value)
        for name, value in vars(given).items()
        if name in MEMBERS and name != "history"
    }
    members["history"] = _Shared(turns) if turns else ()
    object.__setattr__(request, "__dict__", members)
    return request


def _params(given: Params) -> Params:
    if isinstance(given, FrozenParams):
        resource = owned(given.dynamic_resource)
        if resource is given.dynamic_resource:
            return given
        return FrozenParams(**{name: getattr(given, name) for name in NAMES} | {"dynamic_resource": resource})
    params = object.__new__(Params)
    for name in NAMES:
        setattr(params, name, owned(getattr(given, name)))
    return params
