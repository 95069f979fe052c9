"""A TCP server that does, byte for byte, what a script says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Self

from mm_actions.testing.faults.journal import Journal
from mm_actions.testing.faults.script import ConnectScript, Cursor, Script
from mm_actions.testing.faults.service import Service
from mm_actions.testing.faults.steps import Answer
from mm_actions.testing.loop_thread import LoopThread
from mm_actions.testing.sockets import Listener

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

    from mm_actions.testing.faults.received import ReceivedRequest


class FaultServer:
    """Answer HTTP/1 requests as scripted, faults included, on a thread of its own.

    Every request gets the next exchange of the script. After an exchange the connection carries the next
    request, unless a step ended it, an answer said ``close``, or the request was not read whole.

    Args:
        script: What happens to requests: a step, several steps, an :class:`InOrder` of those, or a function
            of the request and its number (from 1) that returns steps.
        on_connect: What happens to a new connection before its TLS handshake and its first request.
        ssl_context: Serve TLS with it.
        host: The address to listen on, IPv4 or IPv6.
        port: The port; 0 lets the system choose.
        idle_timeout: Seconds after which a connection without a request is closed; None never closes it.
        keep: How many requests to remember; None remembers all.
    """

    def __init__(
        self,
        script: Script = Answer(json={}),  # noqa: B008 - a frozen value
        *,
        on_connect: ConnectScript = (),
        ssl_context: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        idle_timeout: float | None = None,
        keep: int | None = None,
    ) -> None:
        self._address = (host, port)
        self._scheme = "http" if ssl_context is None else "https"
        self._journal = Journal(keep)
        self._thread = LoopThread("mm-fault-server")
        self._service = Service(
            self._thread,
            self._journal,
            script=script,
            on_connect=on_connect,
            ssl_context=ssl_context,
            idle_timeout=idle_timeout,
        )
        self._listener: Listener | None = None

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
        """The base address, without a slash at its end."""
        return self.url_for(self.host)

    def url_for(self, host: str) -> str:
        """Return the base address with another name of this machine, such as ``localhost``."""
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests seen, in the order in which they began."""
        return self._journal.requests()

    @property
    def request_count(self) -> int:
        """How many requests were seen, also those no longer remembered."""
        return self._journal.read(lambda counts: counts.requests)

    @property
    def connections(self) -> int:
        """How many connections were accepted."""
        return self._journal.read(lambda counts: counts.connections)

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._journal.read(lambda counts: counts.open_connections)

    @property
    def bytes_sent(self) -> int:
        """How many bytes the system has taken for clients, before encryption, its own buffers included."""
        return self._journal.read(lambda counts: counts.bytes_sent)

    @property
    def ledger(self) -> Counter[str]:
        """How often each ``Idempotency-Key`` was executed; requests without one count under ``""``.

        An execution is a request read to its end whose steps do not say :class:`NotExecuted`.
        """
        return self._journal.read(lambda counts: Counter(counts.ledger))

    @property
    def tls_failures(self) -> list[str]:
        """Why handshakes failed, as OpenSSL on this side put it."""
        return self._journal.read(lambda counts: list(counts.tls_failures))

    def start(self) -> Self:
        """Listen; return once connections are accepted."""
        if self._listener is not None:
            raise RuntimeError("this FaultServer has been started before; make a new one")
        self._listener = Listener(*self._address, self._service.accepted)
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
        """Close.

        Raises:
            AssertionError: A function of the script raised, which is a mistake in the test.
        """
        self.close()
        if error is None:
            self.raise_script_errors()

    def raise_script_errors(self) -> None:
        """Raise what a function of the script raised, if any did.

        Raises:
            AssertionError: Holds the first of them as its cause.
        """
        for error in self._journal.read(lambda counts: list(counts.script_errors)):
            raise AssertionError(
                f"the script of a FaultServer raised {type(error).__name__}: {error}"
            ) from error

    def play(self, script: Script) -> None:
        """Go on with another script, from the next request."""
        self._service.cursor = Cursor(script)

    def drop_connections(self, *, reset: bool = False) -> None:
        """End every open connection, idle ones and those within an exchange, with FIN or with RST."""
        self._thread.call(lambda: self._service.drop(reset=reset))

    def refuse(self) -> None:
        """Refuse further connections; open ones live on, and the port stays reserved."""
        if self._listener is not None:
            self._thread.call(self._listener.refuse)

    def restore(self) -> None:
        """Accept connections again, on the same port."""

        async def restore() -> None:
            if self._listener is not None:
                self._listener.open()

        self._thread.call(restore)

    def wait_for_requests(self, count: int, timeout: float = 5.0) -> list[ReceivedRequest]:
        """Wait until this many requests were seen, and return the remembered ones.

        Raises:
            TimeoutError: They were not seen within `timeout` seconds.
        """
        self._journal.wait(lambda counts: counts.requests >= count, timeout, f"{count} requests")
        return self.requests

    def wait_for_connections(self, count: int, timeout: float = 5.0) -> None:
        """Wait until this many connections were accepted.

        Raises:
            TimeoutError: They were not accepted within `timeout` seconds.
        """
        self._journal.wait(lambda counts: counts.connections >= count, timeout, f"{count} connections")

    def wait_until_deserted(self, timeout: float = 5.0) -> None:
        """Wait until no connection is open, those that clients have just made included.

        Raises:
            TimeoutError: One still was after `timeout` seconds.
        """
        if self._listener is not None and self._thread.running:
            self._thread.call(self._listener.settle)
        self._journal.wait(lambda counts: counts.open_connections == 0, timeout, "end of all connections")
