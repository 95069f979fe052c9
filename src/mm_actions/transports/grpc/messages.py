"""Bytes to what they say: the answer of ``Webhook``, and the events of ``WebhookStream``. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import DecodeError

from mm_actions.contract.wire import Answer
from mm_actions.dialects.rasa.proto import (
    WebhookResponse,
    WebhookStreamEvent,
    answer_of_message,
    event_of_message,
)
from mm_actions.errors import AnswerTooLarge, BadPayload, ResponseAborted, SchemaMismatch, Sent
from mm_actions.transports.rasa.answers import said
from mm_actions.transports.rasa.failures import error_of_event
from mm_actions.transports.rasa.spoken import CHUNKS, Spoken

if TYPE_CHECKING:
    from mm_actions.contract.events import Item
    from mm_actions.dialects.rasa.wire import RasaCall
    from mm_actions.errors import BadStatus

T = TypeVar("T")

ROOM = 8
"""How many times the bytes of its longest message a stream may have."""


def read_message(kind: type[T], body: bytes) -> T:
    """Read a message.

    Raises:
        BadPayload: It is none of this kind.
    """
    try:
        message: T = kind.FromString(body)  # type: ignore[attr-defined] # its class is made at run time
    except (DecodeError, UnicodeDecodeError) as error:
        raise BadPayload("not valid protobuf: the message cannot be read", sent=Sent.YES) from error
    return message


def read_answer(call: RasaCall, body: bytes) -> Answer:
    """Read the answer of ``Webhook``.

    Raises:
        BadAnswer: It is not what a Rasa action server answers.
    """
    return said(call, answer_of_message(read_message(WebhookResponse, body)))


class StreamedAnswer:
    """Takes in the messages of a stream as they arrive, and gives out what they say.

    Args:
        call: What was asked.
        limit: Bytes of a message, at most; of the stream, :data:`ROOM` times as many.

    Attributes:
        speaking: The id of the text that the server is in the midst of, by which it can be interrupted.
    """

    def __init__(self, call: RasaCall, *, limit: int) -> None:
        self._spoken = Spoken(call)
        self._room = limit * ROOM
        self._ready: deque[Item] = deque()
        self._answer: Answer | None = None
        self._failure: BadStatus | None = None
        self.begun = False
        self.speaking: str | None = None

    def feed(self, body: bytes) -> None:
        """Take in the next message.

        Raises:
            BadAnswer: It is none of a stream, follows the last one, or is one too many.
        """
        self.begun = True
        self._room -= len(body)
        if self._room < 0:
            raise AnswerTooLarge(
                "the stream has more bytes than allowed, eight times max_response_bytes", sent=Sent.YES
            )
        event = event_of_message(read_message(WebhookStreamEvent, body))
        if event is not None:
            self._understand(*event)

    def end(self) -> None:
        """Note that the stream ended as it should: now its answer is whole.

        Raises:
            BadStatus: Its last word was that the action failed.
            ResponseAborted: There was no last word.
        """
        if self._failure is not None:
            raise self._failure
        if self._answer is None:
            raise ResponseAborted(
                "the stream ended without a result or an error",
                hint="The action has probably run; look at the server and the proxies before it.",
                sent=Sent.YES,
            )
        self._ready.append(self._answer)

    def next(self) -> Item | None:
        """Give the next item; None where there is none yet."""
        return self._ready.popleft() if self._ready else None

    @property
    def ready(self) -> bool:
        """Whether there is an item to give."""
        return bool(self._ready)

    def _understand(self, kind: str, body: Any) -> None:
        if self._answer is not None:
            raise SchemaMismatch(f"an event {kind!r} follows the result", sent=Sent.YES)
        if kind in CHUNKS:
            self.speaking = None if kind == "chunk_end" else body["response_id"] or None
            self._ready.append(self._spoken.chunk(kind, body))
        elif kind == "error":
            self._failure = error_of_event(body)  # the status that follows says more
        else:
            *added, whole = self._spoken.items(body)
            assert isinstance(whole, Answer)  # noqa: S101 - the last of them is
            self._answer = whole
            self._ready.extend(added)
