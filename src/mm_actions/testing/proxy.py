"""A TCP proxy whose faults can be changed while connections go through it."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Self

from mm_actions.testing.link import Link
from mm_actions.testing.loop_thread import LoopThread
from mm_actions.testing.sockets import Listener
from mm_actions.testing.toxicity import Toxicity
from mm_actions.testing.toxics import Direction, Toxic

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import TracebackType

_BOTH = tuple(Direction)


class FaultProxy:
    """Forward TCP connections to a server, with faults on the way, on a thread of its own.

    Bytes are not looked at, so TLS goes through as it is.

    Args:
        upstream_host: The server's address, IPv4 or IPv6.
        upstream_port: The server's port.
        host: The address to listen on.
        port: The port; 0 lets the system choose.
        seed: Where the jitter begins; the same seed draws the same figures.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int, *, host: str = "127.0.0.1", port: int = 0, seed: int = 0
    ) -> None:
        self._upstream = (upstream_host, upstream_port)
        self._address = (host, port)
        self._luck = random.Random(seed)  # noqa: S311 - jitter is no secret
        self._thread = LoopThread("mm-fault-proxy")
        self._toxicity = Toxicity()
        self._listener: Listener | None = None
        self._changed = threading.Condition()
        self._connections = 0
        self._open = 0
        self._bytes = dict.fromkeys(Direction, 0)

    @property
    def host(self) -> str:
        """The address listened on."""
        return self._address[0]

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._address[1]

    @property
    def url(self) -> str:
        """The base address for a server that speaks plain HTTP, without a slash at its end."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections were accepted."""
        return self._connections

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._open

    @property
    def bytes_upstream(self) -> int:
        """How many bytes were delivered to the server."""
        return self._bytes[Direction.UPSTREAM]

    @property
    def bytes_downstream(self) -> int:
        """How many bytes were delivered to clients."""
        return self._bytes[Direction.DOWNSTREAM]

    @property
    def toxics(self) -> tuple[tuple[Toxic, Direction], ...]:
        """The faults in force."""
        return tuple((dose.toxic, dose.direction) for dose in self._toxicity.doses)

    def add(self, toxic: Toxic, direction: Direction | str | None = Direction.DOWNSTREAM) -> None:
        """Put a fault into force, for open connections too.

        Args:
            toxic: The fault.
            direction: ``"upstream"`` (to the server), ``"downstream"`` (to the client), or None for both.
        """
        directions = _BOTH if direction is None else (Direction(direction),)
        self._run(lambda: self._toxicity.add(toxic, *directions))

    def remove(self, toxic: Toxic) -> None:
        """Lift a fault, whichever way it works; what a black hole has swallowed stays lost."""
        self._run(lambda: self._toxicity.remove(toxic))

    def clear(self) -> None:
        """Lift every fault."""
        self._run(self._toxicity.clear)

    def refuse(self) -> None:
        """Refuse further connections; open ones live on, and the port stays reserved."""
        if self._listener is not None:
            self._thread.call(self._listener.refuse)

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        if self._listener is not None:
            self._run(self._listener.open)

    def start(self) -> Self:
        """Listen; return once connections are accepted."""
        if self._listener is not None:
            raise RuntimeError("this FaultProxy has been started before; make a new one")
        self._listener = Listener(*self._address, self._accepted)
        self._address = (self._listener.host, self._listener.port)
        self._thread.start()
        self.restore()
        return self

    def close(self) -> None:
        """End every connection, give the port back and end the thread; a second call does nothing."""
        self._thread.stop()
        if self._listener is not None:
            self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait_for_connections(self, count: int, timeout: float = 5.0) -> None:
        """Wait until this many connections were accepted.

        Raises:
            TimeoutError: They were not accepted within `timeout` seconds.
        """
        self._wait(lambda: self._connections >= count, timeout, f"{count} connections")

    def wait_for_bytes(self, count: int, direction: Direction | str, timeout: float = 5.0) -> None:
        """Wait until this many bytes were delivered in a direction.

        Raises:
            TimeoutError: They were not delivered within `timeout` seconds.
        """
        way = Direction(direction)
        self._wait(lambda: self._bytes[way] >= count, timeout, f"{count} bytes {way}")

    def wait_until_deserted(self, timeout: float = 5.0) -> None:
        """Wait until no connection is open, those that clients have just made included.

        Raises:
            TimeoutError: One still was after `timeout` seconds.
        """
        if self._listener is not None and self._thread.running:
            self._thread.call(self._listener.settle)
        self._wait(lambda: self._open == 0, timeout, "end of all connections")

    def _wait(self, enough: Callable[[], bool], timeout: float, wanted: str) -> None:
        with self._changed:
            if not self._changed.wait_for(enough, timeout):
                raise TimeoutError(
                    f"no {wanted} within {timeout:g} s: {self._connections} connections, "
                    f"{self._open} of them open, {self.bytes_upstream} bytes upstream, "
                    f"{self.bytes_downstream} downstream"
                )

    def _run(self, change: Callable[[], None]) -> None:
        """Run a function on the event loop; before the start there is none to disturb."""

        async def run() -> None:
            change()

        if self._thread.running:
            self._thread.call(run)
        else:
            change()

    def _accepted(self, sock: socket.socket) -> None:
        link = Link(sock, self._toxicity, self._luck, self._delivered)
        self._count(1)

        def ended() -> None:
            link.close()
            self._count(-1)

        self._thread.spawn(link.run(self._upstream), ended)

    def _count(self, change: int) -> None:
        with self._changed:
            self._connections += max(0, change)
            self._open += change
            self._changed.notify_all()

    def _delivered(self, direction: Direction, count: int) -> None:
        with self._changed:
            self._bytes[direction] += count
            self._changed.notify_all()
