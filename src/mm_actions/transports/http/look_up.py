"""Looks up names for engines on Python's sockets; nobody waits in getaddrinfo, for nothing ends it."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from typing import Any, TypeAlias

from mm_actions.transports.fork import start_anew_after_fork

Found: TypeAlias = "list[tuple[Any, ...]]"
"""What getaddrinfo returns."""


class LookUps:
    """Look-ups on threads of their own, which end when the resolver gives up, whoever has stopped waiting.

    Callers who ask the same at once share one: a resolver that hangs holds one thread for each name.
    """

    def __init__(self) -> None:
        self.forget_parent()
        start_anew_after_fork(self)

    def forget_parent(self) -> None:
        """Begin anew, in a forked child, where the parent's threads are not."""
        self._changing = threading.Lock()
        self._running: dict[tuple[Any, ...], Future[Found]] = {}

    def begin(self, host: str, port: int | None, family: int = 0, flags: int = 0) -> Future[Found]:
        """Ask the system's resolver for TCP addresses.

        Args:
            host: The name.
            port: To be part of the addresses.
            family: The only address family that is wanted; 0 for any.
            flags: Those of getaddrinfo.

        Returns:
            What will hold the addresses, or the OSError or UnicodeError of getaddrinfo.
        """
        question = host, port, family, flags
        with self._changing:
            found = self._running.get(question)
            if found is None:
                found = self._running[question] = Future()
                found.set_running_or_notify_cancel()  # who stops waiting must not cancel it for the others
                threading.Thread(
                    target=self._ask, args=(question, found), name="mm_actions-resolver", daemon=True
                ).start()
        return found

    def _ask(self, question: tuple[Any, ...], found: Future[Found]) -> None:
        host, port, family, flags = question
        try:
            addresses = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._forget(question)
            found.set_exception(error)
        else:
            self._forget(question)
            found.set_result(addresses)

    def _forget(self, question: tuple[Any, ...]) -> None:
        with self._changing:
            self._running.pop(question, None)


LOOK_UPS = LookUps()


def is_address(host: str) -> bool:
    """Tell whether a host is an IP address already."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.strip("[]").partition("%")[0])
        except (OSError, ValueError):
            continue
        return True
    return False


def addresses_of(host: str, port: int | None, family: int, seconds: float) -> list[str]:
    """Look up a name, no longer than so many seconds.

    Returns:
        Numeric addresses, best first.

    Raises:
        TimeoutError: The resolver has not answered.
        OSError: There is no such name, or the resolver failed.
    """
    try:
        found = LOOK_UPS.begin(host, port, family).result(seconds)
    except socket.gaierror as error:
        raise socket.gaierror(*error.args) from None  # that one is raised in other threads, too
    return list(dict.fromkeys(address[4][0] for address in found))
