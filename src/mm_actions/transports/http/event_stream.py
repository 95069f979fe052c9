"""What comes back from `POST /action/stream`: the head is judged, and the body read event by event."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from mm_actions.contract.events import EventReader, check_ndjson
from mm_actions.contract.status import PARTIAL_CONTENT, error_of
from mm_actions.errors import AnswerTooLarge, BadStatus, RequestRefused, Sent
from mm_actions.transports.http.failures import unknown_coding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mm_actions.contract.events import Item
    from mm_actions.transports.http.engine import AsyncHttpStream, HttpStream

STREAM_PATH = "/stream"
"""What is added to the path of the action."""

UNKNOWN_ACTION = "urn:mm-actions:problem:unknown-action"


class Arrival:
    """An answer in the making: bytes go in, items come out, and nothing is waited for.

    Args:
        status: The response's.
        headers: The response's.
        limit: Bytes of a line, or of the body of a failure, at most.
        strict: Refuse two members of the same name.
        now: Unix time in seconds.
    """

    def __init__(
        self, status: int, headers: Mapping[str, str], *, limit: int, strict: bool, now: Callable[[], float]
    ) -> None:
        self._status = status
        self._headers = headers
        self._limit = limit
        self._now = now
        self._events = EventReader(limit=limit, strict=strict)
        self._failure = bytearray()
        self._succeeded = 200 <= status < 300 and status != PARTIAL_CONTENT  # noqa: PLR2004 - the successes
        self._judged = False

    def feed(self, piece: bytes) -> None:
        """Take in a piece of the body; an empty one is its end.

        Raises:
            BadStatus: The server failed, and has said so to the end.
            AnswerTooLarge: There are more bytes than there may be.
        """
        if self._succeeded:
            self._events.feed(piece)
            return
        self._failure += piece
        if len(self._failure) > self._limit:
            raise AnswerTooLarge(f"the answer has more than {self._limit} bytes", sent=Sent.YES)
        if not piece:
            raise _stated(error_of(self._status, self._headers, bytes(self._failure), now=self._now()))

    def next(self) -> Item | None:
        """Give the next item, or None where more bytes are needed; as :meth:`EventReader.next`.

        Raises:
            BadContentType: A success is not newline-delimited JSON by its own account, or is compressed.
        """
        if not self._judged:
            self._judged = True
            coding = self._headers.get("content-encoding", "").strip().lower()
            if coding not in {"", "identity"}:
                raise unknown_coding(coding)
            if self._succeeded:
                check_ndjson(self._headers.get("content-type", ""))
        return self._events.next()


class HttpEvents:
    """The items of a stream, for a blocking caller."""

    def __init__(self, stream: HttpStream, arrival: Arrival) -> None:
        self._stream = stream
        self._arrival = arrival

    def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        while (item := self._arrival.next()) is None:
            self._arrival.feed(self._stream.read())
        return item

    def close(self) -> None:
        """Break off, if the body has not ended."""
        self._stream.close()


class AsyncHttpEvents:
    """The items of a stream, for an event loop."""

    def __init__(self, stream: AsyncHttpStream, arrival: Arrival) -> None:
        self._stream = stream
        self._arrival = arrival

    async def next(self) -> Item:
        """Wait for the next item; see :meth:`mm_actions.core.transport.EventStream.next`."""
        while (item := self._arrival.next()) is None:
            self._arrival.feed(await self._stream.read())
        return item

    def close(self) -> None:
        """Break off, if the body has not ended."""
        self._stream.close()


def _stated(error: BadStatus) -> BadStatus:
    """Say of a path that is not there what it means: the server has no streams."""
    kind = None if error.problem is None else error.problem.type
    missing = error.status == HTTPStatus.NOT_FOUND and kind != UNKNOWN_ACTION
    if not missing and error.status != HTTPStatus.METHOD_NOT_ALLOWED:
        return error
    refusal = RequestRefused(
        f"the server answered {error.status} to POST /action/stream: it offers no streams",
        hint="Call the action with invoke(), and look for streaming in the server's GET /actions",
        sent=Sent.YES,
        status=error.status,
        do_not_retry=True,
    )
    refusal.problem = error.problem
    return refusal
