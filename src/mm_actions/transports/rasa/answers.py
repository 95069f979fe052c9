"""The body of a Rasa action server's answer to what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mm_actions.contract.codec import refuse_duplicates
from mm_actions.contract.status import EMPTY, NO_CONTENT, PARTIAL_CONTENT, check_json
from mm_actions.dialects.rasa import wire
from mm_actions.dialects.rasa.answers import answer_of
from mm_actions.errors import SchemaMismatch, Sent
from mm_actions.transports.rasa.failures import error_of_answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mm_actions.contract.events import Item
    from mm_actions.contract.wire import Answer
    from mm_actions.dialects.rasa.wire import RasaAnswer, RasaCall


def succeeded(status: int) -> bool:
    """Tell whether a status is that of an answer."""
    return 200 <= status < 300 and status != PARTIAL_CONTENT  # noqa: PLR2004 - the class of successes


def read_answer(
    call: RasaCall, status: int, headers: Mapping[str, str], body: bytes, *, now: float, strict: bool
) -> Answer:
    """Read an HTTP answer.

    Args:
        call: What was asked.
        status: The status.
        headers: Lower-case names.
        body: The decoded content.
        now: Unix time in seconds.
        strict: Refuse two members of the same name.

    Raises:
        BadStatus: The server failed or refused.
        BadAnswer: A success is not what a Rasa action server answers.
    """
    if not succeeded(status):
        raise error_of_answer(status, headers, body, now=now)
    content_type = headers.get("content-type", "")
    if status == NO_CONTENT or not (body or content_type):
        return EMPTY
    check_json(content_type)
    answer = wire.read_answer(body)
    if strict:
        refuse_duplicates(body)
    return said(call, answer)


def said(call: RasaCall, answer: RasaAnswer) -> Answer:
    """Say in our words what came, if it is what a Rasa action server answers.

    An event of a type that nobody knows yet is kept as it is.

    Raises:
        SchemaMismatch: An event is not one.
    """
    for position, event in enumerate(answer.events):
        kind = event.get("event")
        fault = wire.fault_of(event) if kind in wire.EVENT_TYPES else None
        if not isinstance(kind, str):
            fault = "its member `event` is not a string"
        if fault is not None:
            raise SchemaMismatch(
                f"not of the shape of Rasa's action server: /events/{position}: {fault}", sent=Sent.YES
            )
    return answer_of(call, answer)


def items_of(answer: Answer) -> Iterator[Item]:
    """Give an answer that came in one piece as a stream would have: its directives, then all of it."""
    yield from answer.directives or ()
    yield answer
