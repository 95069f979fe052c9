"""A turn in Rasa's own words: what a door of Rasa's protocol hands to an action.

An action written for rasa_sdk reads ``request.call`` and fills ``responder.events`` and
``responder.responses``: nothing of it is translated on the way in or out. An action written for mm_actions
reads the same turn as a Request, and changes the Responder.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mm_actions.core.request import Request
from mm_actions.core.responder import DialogueResponder

if TYPE_CHECKING:
    from mm_actions.dialects.rasa.wire import RasaCall


@dataclass(frozen=True, kw_only=True)
class NativeRequest(Request):
    """A turn, with the call of an assistant that it came in.

    Attributes:
        call: The call. It is this turn's own: an action may change what its tracker and domain hold.
    """

    call: RasaCall


class NativeResponder(DialogueResponder):
    """A responder that holds what an action of rasa_sdk said, too.

    Where the answer is streamed, a chunk is a directive of type ``stream``, which leaves at once by
    ``flush``; so the lists here never hold what has left already.

    Attributes:
        events: The events, as the action gave them.
        responses: The messages, as its dispatcher collected them.
        interrupted: Ids of streamed responses that the user interrupted: whoever learns of it adds to this,
            and the action's dispatcher drops what else it is given of them.
    """

    events: list[dict[str, Any]]
    responses: list[dict[str, Any]]
    interrupted: set[str]


class NativeHandler(ABC):  # noqa: B024 - what it says of a handler is all there is to it
    """A handler that takes a native turn as it is; others need one that is mapped."""


def native_turn(call: RasaCall, *, mapped: bool = True) -> tuple[NativeRequest, NativeResponder]:
    """Make the turn of a call.

    Args:
        call: What arrived.
        mapped: Whether the turn can be read and answered in the words of mm_actions as well. A
            :class:`NativeHandler` needs none of it, and its cost grows with the conversation.
    """
    request = object.__new__(NativeRequest)
    responder = object.__new__(NativeResponder)
    if mapped:
        from mm_actions.dialects.rasa.calls import turn_of  # noqa: PLC0415 - only where it is wanted

        plain_request, plain_responder = turn_of(call)
    else:
        plain_request, plain_responder = _NOTHING, DialogueResponder(request=_NOTHING)
    # Members of a frozen class, that its constructor has checked already.
    object.__setattr__(request, "__dict__", {**vars(plain_request), "call": call})
    vars(responder).update(vars(plain_responder), request=request, events=[], responses=[], interrupted=set())
    return request, responder


_NOTHING = Request()
