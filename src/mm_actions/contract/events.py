"""The lines of a stream to what they say: directives one by one, then the whole answer. Pure.

A stream is newline-delimited JSON, one event of the contract's ``StreamEvent`` a line. Its last event is
``result`` or ``error``; events of other kinds, ``ping`` among them, are passed over.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from mm_actions.contract.codec import check_directive, decode, refuse_duplicates, settled
from mm_actions.contract.status import check_media_type, error_of_problem
from mm_actions.contract.wire import Answer, Problem, Wire
from mm_actions.errors import AnswerTooLarge, InvocationError, ResponseAborted, SchemaMismatch, Sent

MEDIA_TYPE: Final = "application/x-ndjson"

ROOM: Final = 8
"""How many times the bytes of its longest line a stream may have: directives that the result says again, and
some that only told how far the action was."""

Item: TypeAlias = "dict[str, Any] | Answer"
"""A directive as it was sent, or the answer that ends the stream."""


class Event(Wire):
    """A ``StreamEvent`` as the client reads it: its directives keep the members we do not know."""

    event: str
    directive: dict[str, Any] | None = None
    responder: Answer | None = None
    problem: Problem | None = None


class EventReader:
    """Takes in the bytes of a stream as they arrive, and gives out what they say.

    It looks at a line when it is asked for the next item, so that it holds no more than one line and what
    arrived in one piece with its end.

    Args:
        limit: Bytes of a line, at most; of the stream, :data:`ROOM` times as many.
        strict: Refuse two members of the same name.
    """

    def __init__(self, *, limit: int, strict: bool = False) -> None:
        self._limit = limit
        self._strict = strict
        self._buffer = bytearray()
        self._looked_at = 0
        self._arrived = 0
        self._line = 0
        self._ended = False
        self._answer: Answer | None = None

    def feed(self, piece: bytes) -> None:
        """Take in what arrived next; nothing at all is the end of the stream.

        Raises:
            AnswerTooLarge: The stream has more bytes than it may have.
        """
        self._ended = not piece
        self._arrived += len(piece)
        if self._arrived > self._limit * ROOM:
            raise self._too_large("the stream", self._limit * ROOM)
        self._buffer += piece

    def next(self) -> Item | None:
        """Give the next item, or None where more bytes are needed to tell.

        The answer is given once the stream has ended as it should: until then it is not whole.

        Raises:
            BadStatus: The stream says that the action failed.
            BadAnswer: A line is not an event, too long, or follows the last event.
            ResponseAborted: The stream ended without its last event.
        """
        while (line := self._next_line()) is not None:
            item = self._read(line)
            if item is not None:
                return item
        if not self._ended:
            return None
        if self._answer is None:
            raise ResponseAborted(
                "the stream ended without a result or an error",
                hint="The action has probably run; look at the server and the proxies before it.",
                sent=Sent.YES,
            )
        return self._answer

    def _next_line(self) -> bytes | None:
        buffer = self._buffer
        end = buffer.find(b"\n", self._looked_at)
        if (len(buffer) if end < 0 else end) > self._limit:
            raise self._too_large(f"line {self._line + 1} of the stream", self._limit)
        if end < 0:
            self._looked_at = len(buffer)
            if not (self._ended and buffer):
                return None
            end = len(buffer)
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        self._looked_at = 0
        self._line += 1
        return line

    def _too_large(self, what: str, limit: int) -> AnswerTooLarge:
        self._buffer.clear()  # the error's traceback may hold this reader
        return AnswerTooLarge(
            f"{what} has more than {limit} bytes",
            hint="Raise max_response_bytes if such answers are meant.",
            sent=Sent.YES,
        )

    def _read(self, line: bytes) -> Item | None:
        if not line.strip():
            return None
        try:
            event = decode(line, Event)
            if self._strict:
                refuse_duplicates(line)
            return self._understand(event)
        except InvocationError as error:
            if error.status is None:
                error.cause = f"line {self._line} of the stream: {error.cause}"
            raise

    def _understand(self, event: Event) -> Item | None:
        if event.event not in {"directive", "result", "error"}:
            return None
        if self._answer is not None:
            raise SchemaMismatch(f"an event {event.event!r} follows the result", sent=Sent.YES)
        if event.event == "directive":
            directive: dict[str, Any] = _needed(event.directive, "/directive")
            check_directive(directive, "/directive")
            return directive
        if event.event == "error":
            raise error_of_problem(_needed(event.problem, "/problem"))
        self._answer = settled(_needed(event.responder, "/responder"))
        return None


def check_ndjson(content_type: str) -> None:
    """Refuse a stream that is not newline-delimited JSON by its own account; no account is let through.

    Raises:
        BadContentType: It says that it is something else.
    """
    check_media_type(content_type, MEDIA_TYPE, lambda media_type: media_type == MEDIA_TYPE)


def _needed(member: Any, pointer: str) -> Any:
    if member is None:
        raise SchemaMismatch(f"not of the shape of the contract: {pointer} is missing", sent=Sent.YES)
    return member
