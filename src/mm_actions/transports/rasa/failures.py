"""What a Rasa action server's refusals mean. Pure, and without a word of theirs in a message.

They may repeat the whole request, and what an exception said; what a rejection says is kept beside the error,
in its ``problem``.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mm_actions.contract.status import error_of
from mm_actions.contract.wire import Problem
from mm_actions.errors import ActionNotFound, ActionRejected, BadStatus, DomainMissing, Sent, ServerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_WITH: Final = 449
"""The status by which a server asks for the domain (Microsoft's; IANA has none)."""

DOMAIN_PREFIX: Final = "Missing domain context"
"""How the message begins by which a stream asks for it."""

_LONGEST = 1000


def error_of_answer(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> BadStatus:
    """Make the typed error of an HTTP answer that is not a success.

    Args:
        status: The status.
        headers: Lower-case names.
        body: The content.
        now: Unix time in seconds.
    """
    account = account_of(body)
    action = account.get("action_name")
    if status == HTTPStatus.BAD_REQUEST and isinstance(action, str):
        return rejected(action, account.get("error"), status=status)
    if status == RETRY_WITH:
        return domain_missing(status=status)
    if status == HTTPStatus.NOT_FOUND and isinstance(action, str):
        return action_not_found(status=status)
    return error_of(status, headers, b"", now=now)


def error_of_event(event: Mapping[str, Any]) -> BadStatus:
    """Make the typed error of an ``error`` event of a stream, whose own status is a success.

    Args:
        event: Its members; a ``status`` says what the status would have been.
    """
    message, status = event.get("message"), event.get("status")
    if isinstance(message, str) and message.startswith(DOMAIN_PREFIX):
        return domain_missing(status=RETRY_WITH)
    if status == HTTPStatus.BAD_REQUEST:
        return rejected(event.get("action_name"), message, status=status)
    if status == HTTPStatus.NOT_FOUND:
        return action_not_found(status=status)
    if isinstance(status, int) and status in range(400, 600):
        error = error_of(status, {}, b"", now=time.time())
        error.cause = f"the server ended the stream with an error of status {status}"
        return error
    return ServerFailed("the action failed while it answered", hint=_LOOK, sent=Sent.YES)


def rejected(action: object, reason: object, *, status: int | None = None) -> ActionRejected:
    """Say that the action declined; its reason is kept beside the message."""
    error = ActionRejected(
        "the action declined the turn",
        hint="Ask another action, or handle result.kind 'rejected'; its reason is in error.problem",
        sent=Sent.YES,
        status=status,
    )
    error.problem = Problem(
        title="rejected",
        status=status,
        detail=str(reason)[:_LONGEST] if reason else None,
        action=str(action)[:_LONGEST] if action else None,
    )
    return error


def domain_missing(*, status: int | None = None) -> DomainMissing:
    """Say that the server asks for the domain after it was given."""
    return DomainMissing(
        "the server asks for the domain although it was sent",
        hint="Name the assistant's domain file: rasa: {domain: domain.yml}",
        sent=Sent.YES,
        status=status,
    )


def action_not_found(*, status: int | None = None) -> ActionNotFound:
    """Say that the server has no such action."""
    return ActionNotFound(
        "the server has no action of this name",
        hint="Check the action's name against the server's list of actions",
        sent=Sent.YES,
        status=status,
    )


def account_of(body: bytes | str) -> dict[str, Any]:
    """Read the server's own account of a failure; empty for what is none."""
    try:
        account = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return account if isinstance(account, dict) else {}


_LOOK = "Look at the server's log"
