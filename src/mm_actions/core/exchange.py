"""What a server tells of an HTTP exchange to those who watch it: metrics, spans, an access log."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import MutableMapping

End = Callable[[], None]


class Exchange:
    """One request and what becomes of it.

    Attributes:
        scope: The ASGI scope; an observer may give it other headers before the request is served.
        route: The path, if anything is served there.
        action: The action that is called, once it is known that there is one of this name.
        status: The status of the response; 0 while there is none, or if there never was one.
        request_bytes: Bytes of the body as they were read.
        response_bytes: Bytes of the body as they were sent.
        replayed: Whether the response came from the store of ``Idempotency-Key``.
    """

    __slots__ = ("action", "replayed", "request_bytes", "response_bytes", "route", "scope", "status")

    def __init__(self, scope: MutableMapping[str, Any], route: str | None) -> None:
        self.scope = scope
        self.route = route
        self.action: str | None = None
        self.status = 0
        self.request_bytes = 0
        self.response_bytes = 0
        self.replayed = False

    @property
    def method(self) -> str:
        """The method, or ``_OTHER`` for one that is not among the common ones."""
        method: str = self.scope["method"]
        return method if method in _METHODS else "_OTHER"


class Observer(Protocol):
    """Watches exchanges."""

    def begin(self, exchange: Exchange) -> End:
        """See an exchange begin; what is returned is called in the same context when it has ended."""
        ...


def install(observer: Observer) -> None:
    """Have every server of this process watched."""
    global everywhere  # noqa: PLW0603 - one per process
    everywhere = (*everywhere, observer)


def remove(observer: Observer) -> None:
    """Stop watching."""
    global everywhere  # noqa: PLW0603 - one per process
    everywhere = tuple(other for other in everywhere if other is not observer)


def name_action(name: str) -> None:
    """Tell those who watch the exchange being served which action it calls."""
    exchange = current.get()
    if exchange is not None:
        exchange.action = name


_METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"))
everywhere: tuple[Observer, ...] = ()
"""Who watches every server of this process."""
current: ContextVar[Exchange | None] = ContextVar("mm_actions_exchange", default=None)
