"""What a fault server saw: written on its thread, read and waited for on any other."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from mm_actions.testing.faults.received import ReceivedRequest

_Found = TypeVar("_Found")


@dataclass(slots=True)
class Counts:
    """The figures of a server's life so far."""

    begun: int = 0
    requests: int = 0
    connections: int = 0
    open_connections: int = 0
    bytes_sent: int = 0
    ledger: Counter[str] = field(default_factory=Counter)
    tls_failures: list[str] = field(default_factory=list)
    script_errors: list[Exception] = field(default_factory=list)


class Journal:
    """Counts and records.

    Args:
        keep: How many requests to remember, the last ones; None remembers all.
    """

    def __init__(self, keep: int | None = None) -> None:
        self._changed = threading.Condition()
        self._keep = keep
        self._counts = Counts()
        self._requests: dict[int, ReceivedRequest] = {}

    def read(self, look: Callable[[Counts], _Found]) -> _Found:
        """Return what a function makes of the figures, while they stand still."""
        with self._changed:
            return look(self._counts)

    def requests(self) -> list[ReceivedRequest]:
        """Return the remembered requests in the order in which they began."""
        with self._changed:
            return [self._requests[number] for number in sorted(self._requests)]

    def wait(self, enough: Callable[[Counts], bool], timeout: float, wanted: str) -> None:
        """Wait until the figures are as wanted.

        Raises:
            TimeoutError: They were not within `timeout` seconds; the message holds what there was.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: enough(self._counts), timeout):
                seen = self._counts
                raise TimeoutError(
                    f"no {wanted} within {timeout:g} s: {seen.requests} requests, "
                    f"{seen.connections} connections, {seen.open_connections} of them open, "
                    f"TLS failures {seen.tls_failures}"
                )

    def connect(self) -> int:
        """Return the number of a new connection."""
        with self._changed:
            self._counts.connections += 1
            self._counts.open_connections += 1
            self._changed.notify_all()
            return self._counts.connections

    def begin(self) -> int:
        """Return the number of a request whose first bytes have arrived."""
        with self._changed:
            self._counts.begun += 1
            return self._counts.begun

    def record(self, request: ReceivedRequest) -> None:
        """Remember a request, or more of one that is remembered already."""
        with self._changed:
            if request.number not in self._requests:
                self._counts.requests += 1
            self._requests[request.number] = request
            if self._keep is not None and len(self._requests) > self._keep:
                del self._requests[min(self._requests)]
            self._changed.notify_all()

    def update(self, change: Callable[[Counts], None]) -> None:
        """Change the figures and wake those who wait for them."""
        with self._changed:
            change(self._counts)
            self._changed.notify_all()
