"""Watches a call that is made through urllib3: how far it came, and that it ends in time.

A socket time-out bounds one read, not the answer: a server that sends a byte now and then keeps a reader
for ever. So the connections are told which call they serve, and a timer shuts the socket down at the
deadline, which ends any read or write on it at once.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

import urllib3.connection
import urllib3.exceptions
from urllib3.util.connection import allowed_gai_family

from mm_actions.errors import Sent
from mm_actions.transports.http.alarms import ALARMS
from mm_actions.transports.http.causes import Progress
from mm_actions.transports.http.failures import (
    MAX_INTERIM_RESPONSES,
    headers_too_large,
    response_aborted,
    too_many_interim_responses,
)
from mm_actions.transports.http.look_up import addresses_of, is_address
from mm_actions.transports.http.tls_sockets import handshaking

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mm_actions.transports.http.alarms import Alarm
    from mm_actions.transports.http.engine import EngineOptions

_FIRST_FINAL_STATUS = 200
_LAST_WORDS = 0.1
_MOMENT = 0.001

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


class Watch:
    """Guards one call; used as a context manager on the thread that makes it.

    Args:
        options: The engine's.
        timeout: Seconds from now on.
        stays: Whether to go on after the block, until :meth:`end`: its answer is read later, on any thread.
    """

    def __init__(self, options: EngineOptions, timeout: float, *, stays: bool = False) -> None:
        self.options = options
        self.stays = stays
        self.progress = Progress()
        self.write_failed = False
        self.connection: WatchedConnection | None = None
        self.response: Any = None
        self._ends = time.monotonic() + timeout
        self._handshaking: socket.socket | None = None
        self._over = self._cut = False
        self._alarm: Alarm | None = None

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._ends - time.monotonic()

    def __enter__(self) -> Self:
        self._watch_token = _watch.set(self)
        self._shake_token = handshaking.set(self._note_handshake)
        self._alarm = ALARMS.ring_at(self._ends, self._expire)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self.stays:
            self.end()  # after an error the call is dropped, which ends it too
        handshaking.reset(self._shake_token)
        _watch.reset(self._watch_token)

    def end(self) -> None:
        """Guard the call no longer."""
        self._over = True
        if self._alarm is not None:
            self._alarm.cancel()
        self.response = None

    def cut(self) -> None:
        """End the call from another thread: its reads and writes fail at once."""
        if self._over:
            return
        self._cut = True
        for channel in (getattr(self.connection, "sock", None), self._handshaking):
            if isinstance(channel, socket.socket):
                with contextlib.suppress(OSError):
                    # Past SSLSocket.shutdown, which would take the session from under the reading thread.
                    socket.socket.shutdown(channel, socket.SHUT_RDWR)

    def drop(self) -> None:
        """Close the connection; what is left of the answer is not read."""
        response = self.response
        self.end()
        with contextlib.suppress(Exception):  # closing what is broken may fail in any way
            if response is not None:
                response.close()
            elif self.connection is not None:
                self.connection.close()

    def go_on(self, connection: WatchedConnection) -> None:
        """Note which connection serves the call.

        Raises:
            ConnectionAbortedError: The call was cut while there was no socket to end it with.
        """
        self.connection = connection
        if self._cut:
            raise ConnectionAbortedError

    def _expire(self) -> None:
        self.progress.out_of_time = True
        self.cut()

    def _note_handshake(self, channel: socket.socket) -> None:
        self._handshaking = channel


class WatchedConnection:
    """Mixed into urllib3's connection classes: tells the watch of the calling thread what happens."""

    idle_timeout: float | None = None
    close: Callable[[], None]
    sock: socket.socket | None
    _last_used = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the connection may be used again."""
        if self.idle_timeout is not None and time.monotonic() - self._last_used > self.idle_timeout:
            return False
        return bool(super().is_connected)  # type: ignore[misc] # urllib3's, under the mixin

    def connect(self) -> None:
        """Connect, under the watch."""
        watch = _watch.get()
        if watch is not None:
            watch.go_on(self)
        super().connect()  # type: ignore[misc] # urllib3's, under the mixin

    def send(self, data: Any) -> None:
        """Write a part of the request."""
        if self.sock is None:
            self.connect()
        watch = _watch.get()
        if watch is not None:
            watch.go_on(self)
            watch.progress.connected = True
            watch.progress.sent = Sent.MAYBE
        try:
            super().send(data)  # type: ignore[misc] # http.client's, under the mixin
        except OSError:
            if watch is not None:
                watch.write_failed = True
            if isinstance(self.sock, ssl.SSLSocket):
                # A server that refuses the client certificate on TLS 1.3 says so and is gone; what it said
                # is still to be read, and raises.
                with contextlib.suppress(TimeoutError):
                    self.sock.settimeout(_LAST_WORDS)
                    self.sock.recv(1)
            raise

    def getresponse(self) -> Any:
        """Wait for the head of the answer; everything has been written by now."""
        watch = _watch.get()
        # urllib3 passes over a broken pipe, because an answer may be there all the same.
        if watch is not None and not watch.write_failed:
            watch.progress.sent = Sent.YES
        response = super().getresponse()  # type: ignore[misc] # urllib3's, under the mixin
        self._last_used = time.monotonic()
        return response


class PromptConnection(WatchedConnection):
    """Looks up its name within the time to connect; urllib3 would wait as long as the resolver likes."""

    port: int | None
    timeout: Any
    _dns_host: str

    def _new_conn(self) -> Any:
        """Connect to one address after the other; those to come keep their share of the time."""
        watch, name, timeout = _watch.get(), self._dns_host, self.timeout
        if watch is None or is_address(name):
            return super()._new_conn()  # type: ignore[misc] # urllib3's, under the mixin
        ends = time.monotonic() + min(watch.options.connect_timeout, max(_MOMENT, watch.left))
        addresses = self._look_up(ends - time.monotonic())
        try:
            while True:
                self._dns_host = addresses.pop(0)
                self.timeout = max(_MOMENT, (ends - time.monotonic()) / (len(addresses) + 1))
                try:
                    return super()._new_conn()  # type: ignore[misc] # urllib3's, under the mixin
                except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
                    if not addresses:
                        raise
        finally:
            self._dns_host, self.timeout = name, timeout

    def _look_up(self, seconds: float) -> list[str]:
        try:
            return addresses_of(self._dns_host, self.port, allowed_gai_family(), seconds)
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "the resolver does not answer") from error
        except UnicodeError as error:
            raise urllib3.exceptions.LocationParseError(self._dns_host) from error
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error  # type: ignore[arg-type] # any connection


class WatchedResponse(http.client.HTTPResponse):
    """Reads a head strictly: http.client takes a head that was cut off for a whole one."""

    def begin(self) -> None:
        """Read heads until one is final."""
        watch = _watch.get()
        if watch is None:
            super().begin()
            return
        interim = 0
        plain = self.fp
        reader = _HeadReader(plain, watch)
        self.fp = reader  # type: ignore[assignment] # has what begin() uses
        while True:
            super().begin()
            if reader.cut:
                raise response_aborted("within the header lines")
            if self.status >= _FIRST_FINAL_STATUS:
                break
            # http.client takes every 1xx but 100 for the answer.
            interim += 1
            if interim > MAX_INTERIM_RESPONSES:
                raise too_many_interim_responses()
            self.headers = None  # type: ignore[assignment] # makes begin() read another head
        self.fp = plain


class _HeadReader:
    def __init__(self, plain: Any, watch: Watch) -> None:
        self._plain = plain
        self._watch = watch
        self._room = watch.options.max_header_bytes
        self._continues = 0
        self.cut = False

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._plain.readline(limit)
        if line:
            self._watch.progress.answered = True
        self._room -= len(line)
        if self._room < 0:
            raise headers_too_large(self._watch.options)
        if line.startswith(b"HTTP/"):
            self._continues += 1
            if self._continues > MAX_INTERIM_RESPONSES + 1:
                raise too_many_interim_responses()
        self.cut = not line.endswith(b"\n")
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def watched(connection_class: type[Any], idle_timeout: float | None) -> type[Any]:
    """Make a connection class that is watched from one that is not."""
    if issubclass(connection_class, WatchedConnection):
        return connection_class
    # A class that connects in its own way, through SOCKS for example, may not want the name looked up here.
    usual = connection_class._new_conn is urllib3.connection.HTTPConnection._new_conn  # noqa: SLF001 - see above
    return type(
        f"Watched{connection_class.__name__}",
        (PromptConnection if usual else WatchedConnection, connection_class),
        {"response_class": WatchedResponse, "idle_timeout": idle_timeout},
    )
