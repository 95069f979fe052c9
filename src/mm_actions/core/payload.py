"""The payload of an invocation: MindMeld's, whether the objects are ours or MindMeld's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mm_actions.contract.codec import encode
from mm_actions.core.earlier import LEVELS, EarlierTurn
from mm_actions.core.params import Params

if TYPE_CHECKING:
    from mm_actions.core.transport import Invocation

RESPONDER_MEMBERS = ("frame", "directives", "params", "slots")


def payload_of(invocation: Invocation, history: int | None = None) -> dict[str, Any]:
    """Give what is posted for an invocation.

    Args:
        invocation: What to send.
        history: How many of the newest turns to send; None for all.
    """
    request = dict(invocation.request)
    if history is not None and "history" in request:
        request["history"] = list(request["history"])[:history]
        if not request["history"]:
            del request["history"]
    responder = invocation.responder
    params = getattr(responder, "params", None)
    if isinstance(params, Params):  # our own: no need to serialise the history for its four members
        members = {
            "frame": responder.frame,
            "directives": responder.directives,
            "params": params.to_wire(),
            "slots": responder.slots,
        }
    else:
        everything = dict(responder)
        members = {name: everything[name] for name in RESPONDER_MEMBERS}
    return {"action": invocation.action, "responder": members, "request": request}


def written(payload: dict[str, Any]) -> bytes:
    """Write a payload as JSON; of earlier turns, what was written for an earlier call is used again.

    Args:
        payload: What :func:`payload_of` gave: its request is the last member.

    Raises:
        EncodingFailed: See :func:`mm_actions.contract.codec.encode`.
    """
    request = payload["request"]
    history = request.get("history")
    if not history or type(history[0]) is not EarlierTurn:
        return encode(payload)
    turns = b",".join(
        [turn.written() if type(turn) is EarlierTurn else encode(turn, levels=LEVELS) for turn in history]
    )
    others = {name: value for name, value in request.items() if name != "history"}
    body = encode({**payload, "request": {**others, "history": []}})
    return b"%b%b]}}" % (body.removesuffix(b"]}}"), turns)
