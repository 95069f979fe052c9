"""What a handler raises when the caller may know why.

* :exc:`ActionError` - any status from 400 to 599, with a title and a detail that the caller reads

  * :exc:`BadRequest` - 400
  * :exc:`NotAuthorized` - 401
  * :exc:`Forbidden` - 403
  * :exc:`NotFound` - 404
  * :exc:`Conflict` - 409
  * :exc:`Unprocessable` - 422

    * :exc:`Rejected` - the action declined
  * :exc:`TooManyRequests` - 429
  * :exc:`Unavailable` - 503
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from mm_actions.contract.status import REJECTED
from mm_actions.errors import CustomActionException

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LOWEST, HIGHEST = 400, 599


class ActionError(CustomActionException):
    """The action cannot be carried out, for a reason that the caller may read.

    Args:
        status: The HTTP status, from 400 to 599.
        title: What kind of problem it is, the same for all of its kind; by default the status's own phrase.
        detail: What is wrong this time.
        kind: A URI that names the kind of problem (RFC 9457, 3.1.1).
        errors: Single reasons, each with ``detail`` and, if it has a place in the request, its JSON Pointer.
        retry_after: Seconds after which another attempt makes sense; sent in whole ones.
        do_not_retry: Whether to tell the client that another attempt is of no use, or harmful.
        headers: Further headers of the answer.

    Attributes:
        action: The action that it speaks of; None for the one that was called.

    Raises:
        ValueError: The status is not one of a failure.
    """

    action: str | None = None

    def __init__(
        self,
        status: int,
        title: str | None = None,
        detail: str | None = None,
        *,
        kind: str | None = None,
        errors: Iterable[Mapping[str, str]] = (),
        retry_after: float | None = None,
        do_not_retry: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not LOWEST <= status <= HIGHEST:
            raise ValueError(f"an ActionError has a status from {LOWEST} to {HIGHEST}, not {status}")
        super().__init__(detail or title or _phrase(status))
        self.status = int(status)
        self.title = title or _phrase(status)
        self.detail = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.retry_after = None if retry_after is None else max(0, math.ceil(retry_after))
        self.do_not_retry = do_not_retry
        self.headers = dict(headers or {})


class _Known(ActionError):
    """An :exc:`ActionError` whose class says the status."""

    known: ClassVar[int]

    def __init__(
        self,
        detail: str | None = None,
        *,
        title: str | None = None,
        kind: str | None = None,
        errors: Iterable[Mapping[str, str]] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(self.known, title, detail, kind=kind, errors=errors, retry_after=retry_after)


class BadRequest(_Known):
    """400: the request makes no sense."""

    known = 400


class NotAuthorized(_Known):
    """401: who is asking?"""

    known = 401


class Forbidden(_Known):
    """403: not for this caller."""

    known = 403


class NotFound(_Known):
    """404: what the request is about is not there."""

    known = 404


class Conflict(_Known):
    """409: not in the present state of things."""

    known = 409


class Unprocessable(_Known):
    """422: well-formed, but not something that can be done."""

    known = 422


class Rejected(Unprocessable):
    """422: the action looked at the turn and declined; it has changed nothing, and another may be asked.

    A Rasa assistant takes it as its ``ActionExecutionRejection``.

    Args:
        detail: Why.
        action: The action that declined, if it is not the one that was called.
    """

    def __init__(self, detail: str | None = None, *, action: str | None = None) -> None:
        super().__init__(detail, title="Action rejected", kind=REJECTED)
        self.action = action


class TooManyRequests(_Known):
    """429: slow down."""

    known = 429


class Unavailable(_Known):
    """503: not now; say when with ``retry_after``."""

    known = 503

    def __init__(
        self,
        detail: str | None = None,
        *,
        title: str | None = None,
        kind: str | None = None,
        errors: Iterable[Mapping[str, str]] = (),
        retry_after: float | None = 1,
    ) -> None:
        super().__init__(detail, title=title, kind=kind, errors=errors, retry_after=retry_after)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Failed"
