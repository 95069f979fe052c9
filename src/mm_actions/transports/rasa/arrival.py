"""A streamed answer over HTTP: newline-delimited JSON where the server has it, otherwise one piece."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec

from mm_actions.contract.codec import decode, refuse_duplicates
from mm_actions.contract.events import MEDIA_TYPE, EventReader
from mm_actions.contract.wire import Answer
from mm_actions.dialects.rasa.wire import RasaAnswer
from mm_actions.errors import AnswerTooLarge, InvocationError, SchemaMismatch, Sent
from mm_actions.transports.http.event_stream import Arrival
from mm_actions.transports.http.failures import unknown_coding
from mm_actions.transports.rasa.answers import items_of, read_answer
from mm_actions.transports.rasa.failures import error_of_event
from mm_actions.transports.rasa.spoken import CHUNKS, Spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mm_actions.contract.events import Item
    from mm_actions.dialects.rasa.wire import RasaCall


class _Lines(EventReader):
    """Reads the lines: ``event`` names the member that says more; the last one is a ``final_result``."""

    def __init__(self, call: RasaCall, *, limit: int, strict: bool) -> None:
        super().__init__(limit=limit, strict=strict)
        self._spoken = Spoken(call)
        self._ready: deque[Item] = deque()

    def next(self) -> Item | None:
        """Give the next item, or None where more bytes are needed."""
        return self._ready.popleft() if self._ready else super().next()

    def _read(self, line: bytes) -> Item | None:
        if not line.strip():
            return None
        try:
            event = decode(line, dict[str, Any])
            if self._strict:
                refuse_duplicates(line)
            return self._said(event)
        except InvocationError as error:
            if error.status is None:
                error.cause = f"line {self._line} of the stream: {error.cause}"
            raise

    def _said(self, event: dict[str, Any]) -> Item | None:
        kind = event.get("event")
        if kind not in {*CHUNKS, "final_result", "error"}:
            return None
        if self._answer is not None:
            raise SchemaMismatch(f"an event {kind!r} follows the result", sent=Sent.YES)
        body = event.get(kind)
        if not isinstance(body, dict):
            raise SchemaMismatch(f"the member {kind!r} of an event is not an object", sent=Sent.YES)
        if kind in CHUNKS:
            return self._spoken.chunk(kind, body)
        if kind == "error":
            raise error_of_event(body)
        *added, whole = self._spoken.items(_result(body))
        assert isinstance(whole, Answer)  # noqa: S101 - the last of them is
        self._answer = whole
        self._ready.extend(added)
        return self._ready.popleft() if added else None


class RasaArrival(Arrival):
    """An answer in the making: bytes go in, items come out, and nothing is waited for.

    Args:
        call: What was asked.
        status: The response's.
        headers: The response's.
        limit: Bytes of a line, or of an answer in one piece, at most.
        strict: Refuse two members of the same name.
        now: Unix time in seconds.
    """

    def __init__(
        self,
        call: RasaCall,
        status: int,
        headers: Mapping[str, str],
        *,
        limit: int,
        strict: bool,
        now: Callable[[], float],
    ) -> None:
        super().__init__(status, headers, limit=limit, strict=strict, now=now)
        self._call = call
        self._strict = strict
        self._events = _Lines(call, limit=limit, strict=strict)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        self._streamed = self._succeeded and media_type == MEDIA_TYPE
        self._body = bytearray()
        self._items: deque[Item] = deque()

    def feed(self, piece: bytes) -> None:
        """Take in a piece of the body; an empty one is its end.

        Raises:
            InvocationError: What the answer says, or is not.
        """
        if self._streamed:
            self._events.feed(piece)
            return
        self._body += piece
        if len(self._body) > self._limit:
            self._body.clear()  # the error's traceback may hold this
            raise AnswerTooLarge(
                f"the answer has more than {self._limit} bytes",
                hint="Raise max_response_bytes if such answers are meant.",
                sent=Sent.YES,
            )
        if not piece:
            answer = read_answer(
                self._call,
                self._status,
                self._headers,
                bytes(self._body),
                now=self._now(),
                strict=self._strict,
            )
            self._items.extend(items_of(answer))

    def next(self) -> Item | None:
        """Give the next item, or None where more bytes are needed; as :meth:`EventReader.next`.

        Raises:
            BadContentType: The answer is compressed, which was not asked for.
        """
        coding = self._headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity"}:
            raise unknown_coding(coding)
        if self._streamed:
            return self._events.next()
        return self._items.popleft() if self._items else None


def _result(body: dict[str, Any]) -> RasaAnswer:
    try:
        return msgspec.convert(body, RasaAnswer)
    except msgspec.ValidationError as error:
        raise SchemaMismatch(f"the result is not of its shape: {error}", sent=Sent.YES) from error
