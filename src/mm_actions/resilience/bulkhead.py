"""How many calls of one server may be under way, so that a slow server does not take all there is."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from threading import RLock

import msgspec

from mm_actions.errors import Overloaded
from mm_actions.resilience.bounds import check_bounds

_log = logging.getLogger(__name__)

Hook = Callable[[], object]
"""Called once, on the thread that made room: it must only wake its waiter, and not block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadPolicy:
    """The figures of a :class:`Bulkhead`.

    Attributes:
        limit: Calls in flight, at most.
        queue: Calls waiting to be, at most.
    """

    limit: int = 100
    queue: int = 100

    def __post_init__(self) -> None:
        check_bounds(self, limit=(1, 1_000_000), queue=(0, 1_000_000))


class Place(Enum):
    """Where a call stands."""

    QUEUED = "queued"
    ADMITTED = "admitted"
    LEFT = "left"


# Every call asks for these some eight times, and a member of an enumeration is found 70 ns later than this.
_ADMITTED, _LEFT = Place.ADMITTED, Place.LEFT


# A struct without equality: one is made for every call, and the queue tells them apart by identity.
class Ticket(msgspec.Struct, eq=False):
    """One call's place: in flight, or in the queue. Made by :meth:`Bulkhead.enter`.

    Attributes:
        bulkhead: Where it is of use.
        hook: Whom to wake; only its bulkhead changes it.
        place: Where the call stands; only its bulkhead changes it.
    """

    bulkhead: Bulkhead
    hook: Hook | None = None
    place: Place = _ADMITTED

    @property
    def admitted(self) -> bool:
        """Whether the call may go on now."""
        return self.place is Place.ADMITTED

    def on_admit(self, hook: Hook) -> None:
        """Have ``hook`` called when the call may go on; see :meth:`Bulkhead.on_admit`."""
        self.bulkhead.on_admit(self, hook)

    def leave(self) -> None:
        """End the call, or abandon the queue; see :meth:`Bulkhead.leave`."""
        self.bulkhead.leave(self)


class Bulkhead:
    """Admits 100 calls at once and lets 100 more queue, in the order in which they came.

    It decides and never waits, so that threads and event loops share one bulkhead: a queued
    :class:`Ticket` tells when its turn has come. Thread-safe.

    Args:
        policy: The figures.
        server: The server's name, for error messages.
    """

    __slots__ = ("_in_flight", "_lock", "_policy", "_queue", "_server")

    def __init__(self, policy: BulkheadPolicy | None = None, *, server: str | None = None) -> None:
        self._policy = policy or BulkheadPolicy()
        self._server = server
        self._in_flight = 0
        self._queue: OrderedDict[Ticket, None] = OrderedDict()
        # Re-entrant: the garbage collector may close an abandoned coroutine, whose clean-up leaves, on
        # the very thread that is inside. It can do so around calls only: what is read after the last
        # call of a block still holds where the block writes.
        self._lock = RLock()

    @property
    def in_flight(self) -> int:
        """How many calls are admitted now."""
        return self._in_flight

    @property
    def queued(self) -> int:
        """How many calls wait now."""
        return len(self._queue)

    def enter(self) -> Ticket:
        """Return a ticket: admitted, or queued when all places are taken.

        Raises:
            Overloaded: The queue is full too.
        """
        ticket = Ticket(self)
        with self._lock:
            room = len(self._queue) < self._policy.queue
            if self._in_flight < self._policy.limit:
                self._in_flight += 1
                return ticket
            if room:
                ticket.place = Place.QUEUED
                self._queue[ticket] = None
                return ticket
        raise Overloaded(
            f"{self._policy.limit} calls are in flight and {self._policy.queue} wait",
            hint="Call less often, or raise the bulkhead's limit if the server can take more",
            server=self._server,
        )

    def on_admit(self, ticket: Ticket, hook: Hook) -> None:
        """Have ``hook`` called when the call may go on; at once, on this thread, if it may already.

        A blocking caller passes ``event.set`` and waits for the event; an asynchronous one passes
        ``lambda: loop.call_soon_threadsafe(wake)``. Whoever stops waiting must :meth:`leave`.
        """
        with self._lock:
            if ticket.place is Place.QUEUED:
                ticket.hook = hook
                return
        if ticket.admitted:
            hook()

    def leave(self, ticket: Ticket) -> None:
        """End a call, admitting the next one, or take a queued one out; a second time does nothing."""
        with self._lock:
            if ticket.place is _ADMITTED and not self._queue:
                ticket.place = _LEFT
                self._in_flight -= 1
                return
        following = self._hand_on(ticket)
        while following is not None and not self._wake(following):
            following = self._hand_on(following)

    def _hand_on(self, ticket: Ticket) -> Ticket | None:
        """Take a ticket out; return the one that got its place, so that no newcomer overtakes the queue."""
        with self._lock:
            place, ticket.place = ticket.place, Place.LEFT
            if place is Place.QUEUED:
                self._queue.pop(ticket, None)
            if place is not Place.ADMITTED:
                return None
            while self._queue:
                try:
                    following, _ = self._queue.popitem(last=False)
                except KeyError:  # a clean-up took the last one
                    break
                if following.place is Place.QUEUED:
                    following.place = Place.ADMITTED
                    return following
            self._in_flight -= 1
            return None

    def _wake(self, ticket: Ticket) -> bool:
        """Return False if nobody will use the place, because the event loop of the waiter is closed, say."""
        if ticket.hook is not None:
            try:
                ticket.hook()
            except Exception:  # noqa: BLE001 - the waiter's fault must not reach the one who leaves
                _log.warning("A call that waited for %s cannot be woken", self._server, exc_info=True)
                return False
        return True
