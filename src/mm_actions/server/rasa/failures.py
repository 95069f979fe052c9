"""Why a call failed, as a Rasa assistant is told."""

from __future__ import annotations

import msgspec

from mm_actions.contract.status import REJECTED
from mm_actions.server.calls.arrival import INVALID
from mm_actions.server.calls.host import UNKNOWN_ACTION
from mm_actions.server.calls.reply import Reply
from mm_actions.server.rasa.turn import DOMAIN_MISSING

_BAD_REQUEST, _NOT_FOUND, _UNPROCESSABLE, _SEND_DOMAIN, _FAULT = 400, 404, 422, 449, 500


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A call that failed.

    Attributes:
        kind: The kind of problem, a URI.
        status: The HTTP status that an assistant is answered.
        message: What it is told: never the text of an exception that nobody meant for it.
        action: The action's name.
        headers: Further headers of the answer.
    """

    kind: str
    status: int
    message: str
    action: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def reply(self) -> Reply:
        """Answer it over HTTP; Rasa reads ``action_name`` of every 400."""
        body = msgspec.json.encode({"error": self.message, "action_name": self.action})
        return Reply(status=self.status, body=body, headers=self.headers)


def failure_of(reply: Reply, action: str) -> Failure:
    """Read a problem.

    In Rasa's protocol some statuses have meanings of their own: 400 is an action that declines, 404 one that
    does not exist, 449 asks for the domain. An action's own errors of these statuses become a 422.

    Args:
        reply: What the host answered.
        action: The action that was asked for.
    """
    problem = _decode(reply.body)
    status = reply.status
    if problem.type == REJECTED:
        status = _BAD_REQUEST
    elif status in _OURS and problem.type != _OURS[status]:
        status = _UNPROCESSABLE
    message = problem.detail or problem.title
    if problem.type == UNKNOWN_ACTION:
        message = f"No registered action found for name '{action}'."
    elif status == _FAULT:
        message = f"{problem.title}: {message} Its trace is {problem.trace_id}."
    return Failure(
        kind=problem.type,
        status=status,
        message=message,
        action=problem.action or action,
        headers=reply.headers,
    )


class _Problem(msgspec.Struct):
    type: str = ""
    title: str = "Failed"
    detail: str | None = None
    action: str | None = None
    trace_id: str = ""


_OURS = {_BAD_REQUEST: INVALID, _NOT_FOUND: UNKNOWN_ACTION, _SEND_DOMAIN: DOMAIN_MISSING}
_decode = msgspec.json.Decoder(_Problem).decode
