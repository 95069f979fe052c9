"""What one call learns on its way through the SDK, which keeps such things to itself."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mm_actions.errors import InvocationError, Sent
from mm_actions.transports.http.causes import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

TOOL_CALL = "tools/call"


class SessionLost(InvocationError):
    """The server does not know the session any more; it has not carried out the request."""

    kind = "connection-lost"


@dataclass(slots=True, eq=False)
class Attempt:
    """One call, or the opening of a session.

    Attributes:
        headers: Headers of its HTTP requests.
        answered: Is told the status of the answer.
        progress: How far the call of the tool has come.
        failure: Why a request of it brought no answer.
    """

    headers: tuple[tuple[str, str], ...] = ()
    answered: Callable[[int], object] | None = None
    progress: Progress = field(default_factory=Progress)
    failure: InvocationError | None = None

    @property
    def sent(self) -> Sent:
        """Whether the call of the tool may have reached the server."""
        return Sent.YES if self.progress.answered else self.progress.sent


current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)
"""The attempt at hand; the SDK hands the context of who calls on to what sends."""


def note_written(method: str) -> None:
    """Note that a request has been written whole."""
    attempt = current.get()
    if attempt is not None and method == TOOL_CALL:
        attempt.progress.connected = True
        attempt.progress.sent = Sent.YES
