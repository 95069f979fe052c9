"""What was sent and what came back, as values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mm_actions.conformance.check import Failed

KEPT = 64 * 1024
"""Bytes of a request's body that an exchange keeps for the report."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request.

    Attributes:
        method: Such as ``POST``.
        path: The request target.
        headers: All but ``Host`` and those that frame the body.
        body: What is sent after the head; in an exchange, at most its first :data:`KEPT` bytes.
        size: Bytes of the whole body.
        chunked: Whether the body travels in chunks rather than with its length.
    """

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""
    size: int = 0
    chunked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer as it arrived.

    Attributes:
        status: The final status.
        phrase: The words after it.
        headers: As they came, names in their own case.
        body: The whole body, chunks put together.
        interim: Statuses 1xx that came before.
        reusable: Whether the connection may carry another request.
    """

    status: int
    phrase: str = ""
    headers: Headers = ()
    body: bytes = b""
    interim: tuple[int, ...] = ()
    reusable: bool = False

    def header(self, name: str) -> str | None:
        """Give a header's value; None without the header."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def media_type(self) -> str:
        """The type of the body, without parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        request: What was sent.
        response: What came back; None when nothing did.
        error: Why nothing came back.
        late: Whether that is because the time was up.
        elapsed: Seconds from the first byte sent to the last one received.
    """

    request: SentRequest
    response: Response | None = None
    error: str = ""
    late: bool = False
    elapsed: float = 0.0

    @property
    def answer(self) -> Response:
        """The response.

        Raises:
            Failed: There is none.
        """
        if self.response is None:
            raise Failed(self.error, self)
        return self.response

    @property
    def status(self) -> int:
        """The status of the answer.

        Raises:
            Failed: There is none.
        """
        return self.answer.status

    def json(self) -> Any:
        """Read the body, as leniently as Python does; a byte order mark, NaN and Infinity are taken.

        Raises:
            Failed: There is none, or it is not JSON.
        """
        try:
            return json.loads(self.answer.body.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise Failed(f"the body is not JSON: {error}", self) from None

    def expect(self, *statuses: int) -> Exchange:
        """Demand one of these statuses.

        Raises:
            Failed: It is another one, or there is no answer.
        """
        if self.status not in statuses:
            due = " or ".join(map(str, statuses))
            raise Failed(f"answered {self.status}, where {due} is due", self)
        return self
