"""One request and its answer as a file says it: what `record` writes, and what `mock` and `replay` read.

The examples of the contract (`openapi/examples`) are of the same form, with fewer members.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import UNSET

REDACTED = "[redacted]"
"""Stands where a secret was; taken as equal to anything."""

STREAM_PATH = "/stream"
_RESULT, _PROBLEM = "result", "error"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When an answer came, in milliseconds after the request's head.

    Attributes:
        first_byte_ms: Its first byte.
        total_ms: Its last one.
    """

    first_byte_ms: float
    total_ms: float


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange.

    Attributes:
        description: What it shows, for people.
        recorded: When it was recorded (RFC 3339).
        method: The method.
        path: The target, with its query.
        request_headers: Those headers of the request that matter.
        request: The body of the request, if it is JSON.
        request_text: The body of the request, if it is text but not JSON.
        status: The status of the answer.
        headers: Those headers of the answer that matter.
        answer: The body of the answer, if it is JSON.
        answer_text: The body of the answer, if it is text but not JSON.
        events: The lines of a streamed answer.
        timing: How long it took.
        omitted: Bodies that are not here, by member, and why.
        broken: Why the answer is not whole.
    """

    description: str | None = None
    recorded: str | None = None
    method: str = "POST"
    path: str = "/action"
    request_headers: dict[str, str] = {}
    request: Any = UNSET
    request_text: str | None = None
    status: int = HTTPStatus.OK
    headers: dict[str, str] = {}
    answer: Any = UNSET
    answer_text: str | None = None
    events: list[Any] | None = None
    timing: Timing | None = None
    omitted: dict[str, str] = {}
    broken: str | None = None

    @property
    def action(self) -> str | None:
        """The name of the action that was called; None for a request of another kind."""
        name = self.request.get("action") if isinstance(self.request, dict) else None
        return name if isinstance(name, str) and name and self.method == "POST" else None

    @property
    def whole(self) -> bool:
        """Whether the answer is here."""
        return self.broken is None and not self.omitted.keys() & {"answer"}

    def settled(self) -> Exchange:
        """Give the exchange as if the answer had not been streamed: its last event is the whole of it."""
        if self.events is None:
            return self
        last = self.events[-1] if self.events and isinstance(self.events[-1], dict) else {}
        kind = last.get("event")
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-type"}
        if kind == _RESULT:
            return msgspec.structs.replace(self, events=None, headers=headers, answer=last.get("responder"))
        if kind == _PROBLEM and isinstance(problem := last.get("problem"), dict):
            status = problem.get("status")
            status = status if isinstance(status, int) and 400 <= status <= 599 else 500  # noqa: PLR2004 - of failures
            return msgspec.structs.replace(self, events=None, headers=headers, status=status, answer=problem)
        return msgspec.structs.replace(self, broken="its stream has no last event")

    def document(self) -> dict[str, Any]:
        """Give it as its file has it: without members that say nothing."""
        members: dict[str, Any] = msgspec.to_builtins(self)
        return {
            name: value
            for name, value in members.items()
            if name in {"request", "answer"} or value not in (None, {})
        }


def same(recorded: Any, given: Any) -> bool:
    """Tell whether two JSON values are equal; what was redacted is equal to anything."""
    if recorded == REDACTED:
        return True
    if isinstance(recorded, dict):
        return (
            isinstance(given, dict)
            and recorded.keys() == given.keys()
            and all(same(value, given[name]) for name, value in recorded.items())
        )
    if isinstance(recorded, list):
        return (
            isinstance(given, list)
            and len(recorded) == len(given)
            and all(same(one, other) for one, other in zip(recorded, given, strict=True))
        )
    if isinstance(recorded, bool) or isinstance(given, bool):
        return recorded is given
    return bool(recorded == given)
