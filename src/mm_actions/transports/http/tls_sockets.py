"""Sockets of Python's ssl module that say a little more about a handshake that failed."""

from __future__ import annotations

import ssl
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "_mm_actions_after_hello"

handshaking: ContextVar[Callable[[ssl.SSLSocket], None] | None] = ContextVar("handshaking", default=None)
"""Told of each socket whose handshake begins, so that a watchdog can end it."""


class ExplainingSocket(ssl.SSLSocket):
    """A socket that marks the error of a handshake that failed after both sides agreed on a cipher."""

    def do_handshake(self, block: bool = False) -> None:
        """Do the handshake; see :meth:`ssl.SSLSocket.do_handshake`."""
        tell = handshaking.get()
        if tell is not None:
            tell(self)
        try:
            super().do_handshake(block)
        except ssl.SSLError as error:
            _mark(error, self.cipher())
            raise


class ExplainingObject(ssl.SSLObject):
    """The same for event loops."""

    def do_handshake(self) -> None:
        """Do the handshake; see :meth:`ssl.SSLObject.do_handshake`."""
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            _mark(error, self.cipher())
            raise


def let_explain(context: ssl.SSLContext) -> ssl.SSLContext:
    """Have a context make the sockets of this module."""
    context.sslsocket_class = ExplainingSocket
    context.sslobject_class = ExplainingObject
    return context


def certificate_was_asked(error: ssl.SSLError) -> bool:
    """Tell whether a handshake failure can only be about the client's certificate.

    TLS 1.2 refuses a missing certificate with a bare "handshake failure". The same alert answers a hello
    without a common cipher, but then no cipher was chosen yet.
    """
    return bool(getattr(error, _MARK, False))


def _mark(error: ssl.SSLError, cipher: Any) -> None:
    if cipher is not None:
        setattr(error, _MARK, True)
