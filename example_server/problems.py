"""RFC 9457 problem details: the one shape of everything that is not a success."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"
_URN = "urn:mm-actions:problem:"

_KINDS = {
    400: ("invalid-request", "Invalid request"),
    401: ("unauthorized", "Unauthorized"),
    403: ("forbidden", "Forbidden"),
    409: ("in-progress", "Request in progress"),
    413: ("too-large", "Content too large"),
    415: ("media-type", "Unsupported media type"),
    503: ("unavailable", "Unavailable"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, without anything of the request and without a trace.

    Attributes:
        status: The HTTP status.
        type: A URI that names the kind of problem.
        title: The kind of problem in words.
        detail: What to know about this occurrence; empty for nothing.
        action: The action's name, where it matters.
        errors: Pointers into the body with what is wrong there.
        headers: Further response headers.
    """

    status: int
    type: str
    title: str
    detail: str = ""
    action: str | None = None
    errors: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, status: int, detail: str = "", **members: Any) -> Problem:
        """Make the problem that this contract names for a status."""
        kind = _KINDS.get(status)
        if kind:
            return cls(status=status, type=_URN + kind[0], title=kind[1], detail=detail, **members)
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Failure"
        return cls(status=status, type="about:blank", title=phrase, detail=detail, **members)

    @classmethod
    def named(cls, status: int, kind: str, title: str, detail: str = "", **members: Any) -> Problem:
        """Make a problem of a kind of its own."""
        return cls(status=status, type=_URN + kind, title=title, detail=detail, **members)

    def members(self) -> dict[str, Any]:
        """Give the JSON object."""
        found: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            found["detail"] = self.detail
        if self.action is not None:
            found["action"] = self.action
        if self.errors:
            found["errors"] = [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors]
        return found

    def body(self) -> bytes:
        """Give the JSON text."""
        return json.dumps(self.members()).encode()


class RefusedError(Exception):
    """Ends the handling of a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem
