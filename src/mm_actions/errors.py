"""Every exception of mm_actions, drawn once.

* :exc:`CustomActionException` - the root; catching MindMeld's one exception catches all of ours

  * :exc:`ConfigurationError` - a setting, a file or a certificate that cannot work
  * :exc:`RegistrationError` - arguments of ``handle``, ``custom_action``, ... that cannot work

    * :exc:`UnknownArgument` - one of them is not known at all
    * :exc:`StateTaken` - the dialogue state belongs to another handler

  * :exc:`HandlerSuspended` - blocking code reached an ``await`` that needs an event loop
  * :exc:`ReprocessLoop` - handlers kept sending one request back to each other
  * :exc:`InvocationError` - one call failed; says how, where, when, and whether it was sent

    * :exc:`EncodingFailed` - the turn holds a value that JSON cannot carry
    * :exc:`Overloaded` - refused on this side: too many calls in flight
    * :exc:`CircuitOpen` - refused on this side: the server failed too often
    * :exc:`LoopDetected` - refused on this side: the call came back to where it started
    * :exc:`ConnectFailed` - no connection

      * :exc:`DnsFailed` - the host name was not resolved
      * :exc:`ConnectTimeout` - nobody answered the connection attempt

    * :exc:`TlsFailed` - the secure channel was not established

      * :exc:`TlsPeerUntrusted` - the server's certificate was refused
      * :exc:`ClientCertificateRejected` - the server refused ours, or asks for one

    * :exc:`DeadlineExceeded` - the time for the call was up
    * :exc:`ConnectionLost` - cut before the first byte of the answer
    * :exc:`ResponseAborted` - cut within the answer
    * :exc:`BadStatus` - the server answered that it failed

      * :exc:`Redirected` - 3xx, never followed
      * :exc:`RequestRefused` - 400, 405, 413, 415, 422 and other 4xx
      * :exc:`NotAuthorized` - 401, 403
      * :exc:`ActionNotFound` - 404
      * :exc:`ActionRejected` - the action declined, and has changed nothing
      * :exc:`InProgress` - 409: the same idempotency key is still running
      * :exc:`EndpointGone` - 410
      * :exc:`DomainMissing` - 449: a Rasa server asks for the domain
      * :exc:`TooManyRequests` - 429
      * :exc:`ServerFailed` - 5xx
      * :exc:`ServerUnavailable` - 502, 503, 504

    * :exc:`BadAnswer` - the server answered something that is not a Responder

      * :exc:`BadContentType` - not JSON by its own account
      * :exc:`BadPayload` - not JSON
      * :exc:`PayloadTooDeep` - JSON nested beyond the limit
      * :exc:`AnswerTooLarge` - more bytes than allowed
      * :exc:`SchemaMismatch` - JSON, but of another shape
      * :exc:`CorrelationMismatch` - the answer to another call
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mm_actions.contract.wire import Problem


class Sent(StrEnum):
    """Whether a failed call may have reached the action."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class CustomActionException(Exception):
    """The root of everything mm_actions raises."""


class ConfigurationError(CustomActionException, ValueError):
    """A setting, a file or a certificate cannot work; the message says which and what to write."""


class RegistrationError(CustomActionException, ValueError):
    """A rule, a handler or an action was declared in a way that cannot work."""


class UnknownArgument(RegistrationError, TypeError):
    """An argument or a condition has a name that is not known; MindMeld raises TypeError for it."""


class StateTaken(RegistrationError, AssertionError):
    """A dialogue state has a handler already; MindMeld raises AssertionError for it."""


class HandlerSuspended(CustomActionException, RuntimeError):
    """Blocking code reached an ``await`` that needs an event loop."""


class ReprocessLoop(CustomActionException, RuntimeError):
    """Handlers kept asking to reprocess one request."""


class InvocationError(CustomActionException):
    """One call of an action failed.

    Args:
        cause: What went wrong, without the body of any message and without secrets.
        hint: What to do about it; empty when there is nothing to say.
        sent: Whether the request may have reached the action.
        status: The HTTP status, when there was one.
        retry_after: Seconds the server asked to wait, when it did.
        do_not_retry: The server forbade another attempt.
        action: The action's name.
        server: The server's name in the configuration.
        attempt: Which attempt failed last, from 1.
        elapsed: Seconds since the call began.
    """

    kind: ClassVar[str] = "failed"
    permanent: ClassVar[bool] = False
    """Whether another attempt would fail in the same way."""

    def __init__(
        self,
        cause: str,
        *,
        hint: str = "",
        sent: Sent = Sent.NO,
        status: int | None = None,
        retry_after: float | None = None,
        do_not_retry: bool = False,
        action: str | None = None,
        server: str | None = None,
        attempt: int = 1,
        elapsed: float = 0.0,
    ) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint
        self.sent = sent
        self.status = status
        self.retry_after = retry_after
        self.do_not_retry = do_not_retry
        self.action = action
        self.server = server
        self.attempt = attempt
        self.elapsed = elapsed

    @property
    def retryable(self) -> bool:
        """Whether another attempt is safe without an idempotency key, and may help."""
        return self.sent is Sent.NO and not (self.permanent or self.do_not_retry)

    def __str__(self) -> str:
        """Say which action failed where and why, and what to do next."""
        where = f"{self.action or 'the action'} on {self.server or 'the server'}"
        text = f"{where} failed ({self.kind}, sent: {self.sent}): {self.cause}"
        return f"{text}. {self.hint}" if self.hint else text


class EncodingFailed(InvocationError):
    """The turn holds a value that JSON cannot carry."""

    kind = "encoding-failed"
    permanent = True


class Overloaded(InvocationError):
    """Refused on this side: too many calls are in flight."""

    kind = "overloaded"


class CircuitOpen(InvocationError):
    """Refused on this side: the server failed too often and is being left alone."""

    kind = "circuit-open"
    permanent = True


class LoopDetected(InvocationError):
    """Refused on this side: the call came back to where it started."""

    kind = "loop-detected"
    permanent = True


class ConnectFailed(InvocationError):
    """No connection to the server."""

    kind = "connect-failed"


class DnsFailed(ConnectFailed):
    """The host name was not resolved."""

    kind = "dns-failed"


class ConnectTimeout(ConnectFailed):
    """Nobody answered the connection attempt in time."""

    kind = "connect-timeout"


class TlsFailed(InvocationError):
    """The secure channel was not established."""

    kind = "tls-failed"
    permanent = True


class TlsPeerUntrusted(TlsFailed):
    """The server's certificate was refused."""

    kind = "tls-peer-untrusted"


class ClientCertificateRejected(TlsFailed):
    """The server refused our certificate, or asks for one that was not given."""

    kind = "client-certificate-rejected"


class DeadlineExceeded(InvocationError):
    """The time for the call was up."""

    kind = "deadline-exceeded"
    permanent = True


class ConnectionLost(InvocationError):
    """The connection was cut before the first byte of the answer."""

    kind = "connection-lost"


class ResponseAborted(InvocationError):
    """The connection was cut within the answer."""

    kind = "response-aborted"


class BadStatus(InvocationError):
    """The server answered that it failed.

    Attributes:
        problem: The server's own account (RFC 9457), when it gave one. It is the server's text: show it with
            care.
        location: Where a redirect pointed.
    """

    kind = "bad-status"
    problem: Problem | None = None
    location: str | None = None


class Redirected(BadStatus):
    """The server pointed elsewhere, which is never followed."""

    kind = "redirected"


class RequestRefused(BadStatus):
    """The server refused the request as it is."""

    kind = "request-refused"


class NotAuthorized(BadStatus):
    """The server wants other credentials."""

    kind = "not-authorized"


class ActionNotFound(BadStatus):
    """The server has no such action, or the url no such path."""

    kind = "action-not-found"


class ActionRejected(BadStatus):
    """The action looked at the turn and declined: an application may ask another one.

    As ``ActionExecutionRejection`` of a Rasa action server, or a problem of the type ``rejected``.
    """

    kind = "rejected"
    permanent = True


class InProgress(BadStatus):
    """A call with the same idempotency key is still running."""

    kind = "in-progress"


class EndpointGone(BadStatus):
    """The server says that this address is gone for good."""

    kind = "endpoint-gone"


class DomainMissing(BadStatus):
    """A Rasa action server asks for the domain."""

    kind = "domain-missing"


class TooManyRequests(BadStatus):
    """The server asks to slow down."""

    kind = "too-many-requests"


class ServerFailed(BadStatus):
    """The server failed while it handled the request."""

    kind = "server-failed"


class ServerUnavailable(BadStatus):
    """The server, or one behind it, cannot take the request now."""

    kind = "server-unavailable"


class BadAnswer(InvocationError):
    """The server answered something that is not a Responder."""

    kind = "bad-answer"


class BadContentType(BadAnswer):
    """The answer is not JSON by its own account."""

    kind = "bad-content-type"


class BadPayload(BadAnswer):
    """The answer is not JSON."""

    kind = "bad-payload"


class PayloadTooDeep(BadAnswer):
    """The answer is nested beyond the limit."""

    kind = "payload-too-deep"


class AnswerTooLarge(BadAnswer):
    """The answer has more bytes than allowed."""

    kind = "answer-too-large"


class SchemaMismatch(BadAnswer):
    """The answer is JSON, but not of the contract's shape."""

    kind = "schema-mismatch"


class CorrelationMismatch(BadAnswer):
    """The answer belongs to another call."""

    kind = "correlation-mismatch"
