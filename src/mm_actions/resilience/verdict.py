"""Which error says what: about the server's health, and about another attempt. The one table of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from mm_actions import errors
from mm_actions.errors import InvocationError, Sent

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(StrEnum):
    """What the outcome of a call says about the server."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    """Nothing: the fault is ours, or the server answered properly that ours is the fault."""
    GONE = "gone"
    """The server will not come back at this address."""


class Again(StrEnum):
    """What another attempt is worth, given that it is safe."""

    NEVER = "never"
    """It would fail in the same way."""
    RETRY = "retry"
    """It may succeed."""
    POLL = "poll"
    """The first attempt is still running; asking with its key brings its answer."""


class Reading(NamedTuple):
    """One row: what an error says."""

    verdict: Verdict
    again: Again


_FAULT_OF_OURS: Final = Reading(Verdict.NEUTRAL, Again.NEVER)
_PASSING: Final = Reading(Verdict.FAILURE, Again.RETRY)
_LASTING: Final = Reading(Verdict.FAILURE, Again.NEVER)

TABLE: Final[Mapping[type[InvocationError], Reading]] = {
    InvocationError: _LASTING,
    # Refused on this side: the server was not asked. Retrying would add to the queue that was too long.
    errors.EncodingFailed: _FAULT_OF_OURS,
    errors.Overloaded: _FAULT_OF_OURS,
    errors.CircuitOpen: _FAULT_OF_OURS,
    errors.LoopDetected: _FAULT_OF_OURS,
    # No connection. A name that does not exist carries do_not_retry.
    errors.ConnectFailed: _PASSING,
    errors.DnsFailed: _PASSING,
    errors.ConnectTimeout: _PASSING,
    errors.TlsFailed: _LASTING,
    errors.TlsPeerUntrusted: _LASTING,
    errors.ClientCertificateRejected: _FAULT_OF_OURS,
    # The exchange broke. A deadline that ran out before anything was sent is ours: see read().
    errors.DeadlineExceeded: _LASTING,
    errors.ConnectionLost: _PASSING,
    errors.ResponseAborted: _PASSING,
    # The server answered. 408 and 425 differ from other 4xx: see BY_STATUS.
    errors.BadStatus: _LASTING,
    errors.Redirected: _FAULT_OF_OURS,
    errors.RequestRefused: _FAULT_OF_OURS,
    errors.NotAuthorized: _FAULT_OF_OURS,
    errors.ActionNotFound: _FAULT_OF_OURS,
    errors.ActionRejected: _FAULT_OF_OURS,  # the answer of a server that is well
    errors.InProgress: Reading(Verdict.NEUTRAL, Again.POLL),
    errors.EndpointGone: Reading(Verdict.GONE, Again.NEVER),
    errors.DomainMissing: _FAULT_OF_OURS,  # sent once more with the domain, which is another request
    errors.TooManyRequests: _PASSING,
    errors.ServerFailed: _PASSING,
    errors.ServerUnavailable: _PASSING,
    # The answer is unusable. It was computed: asking again costs the server the same for the same.
    errors.BadAnswer: _LASTING,
    errors.BadContentType: _LASTING,
    errors.BadPayload: _LASTING,
    errors.PayloadTooDeep: _LASTING,
    errors.AnswerTooLarge: _LASTING,
    errors.SchemaMismatch: _LASTING,
    errors.CorrelationMismatch: _LASTING,
}

BY_STATUS: Final[Mapping[int | None, Reading]] = {
    408: _PASSING,
    425: Reading(Verdict.NEUTRAL, Again.RETRY),
}


def read(error: InvocationError) -> Reading:
    """Return the row of an error; a class without one takes that of its nearest base."""
    if isinstance(error, errors.DeadlineExceeded) and error.sent is Sent.NO:
        return _FAULT_OF_OURS
    if isinstance(error, errors.BadStatus) and error.status in BY_STATUS:
        return BY_STATUS[error.status]
    return next(TABLE[base] for base in type(error).__mro__ if base in TABLE)


def verdict(error: InvocationError | None) -> Verdict:
    """Return what the outcome of a call says about the server; None is a success."""
    return Verdict.SUCCESS if error is None else read(error).verdict
