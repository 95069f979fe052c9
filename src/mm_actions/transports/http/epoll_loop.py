"""The sockets of many libcurl lanes on one event loop, which itself watches a single descriptor for them.

libcurl has its sockets watched and let go of again for every exchange. An event loop takes some 6 µs of
Python for each of these, epoll 0.5, and nothing at all to let go: what epoll has told once, it tells again
only when it is asked to. And of answers that arrive together, the loop hears once.
"""

from __future__ import annotations

import errno
import select
from contextvars import Context
from typing import TYPE_CHECKING, Any

from mm_actions.transports.http.failures import connect_failed

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    Callbacks = dict[int, tuple[Callable[..., object], tuple[Any, ...]]]

_AT_ONCE = 64
"""Descriptors that are served before the loop's other work has its turn."""


class EpollLoop:
    """Watches sockets for an event loop, with the names of :class:`asyncio.AbstractEventLoop`.

    A descriptor that is closed is not watched any more, and its number may be watched anew: nobody has to
    tell, as an event loop's own ``add_reader`` expects.

    Args:
        loop: The running one.

    Raises:
        Overloaded: The process has no descriptor left.
    """

    __slots__ = ("_epoll", "_loop", "_readers", "_writers", "call_later", "create_future", "is_closed")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._readers: Callbacks = {}
        self._writers: Callbacks = {}
        self.call_later = loop.call_later
        self.create_future = loop.create_future
        self.is_closed = loop.is_closed
        try:
            self._epoll = select.epoll()
        except OSError as error:
            raise connect_failed(errno.EMFILE, str(error)) from error
        # In a context of its own: that of the first call would be kept for as long as this lives.
        Context().run(loop.add_reader, self._epoll.fileno(), self._ready)

    def add_reader(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back when something can be read."""
        self._readers[descriptor] = callback, arguments
        self._watch(descriptor)

    def add_writer(self, descriptor: int, callback: Callable[..., object], *arguments: Any) -> None:
        """Call back when something can be written."""
        self._writers[descriptor] = callback, arguments
        self._watch(descriptor)

    def remove_reader(self, descriptor: int) -> None:
        """Do not look for something to read any more."""
        self._readers.pop(descriptor, None)

    def remove_writer(self, descriptor: int) -> None:
        """Do not look for room to write any more."""
        self._writers.pop(descriptor, None)

    def close(self) -> None:
        """Watch nothing any more."""
        if not self._epoll.closed:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()

    def _watch(self, descriptor: int) -> None:
        if self._epoll.closed:
            return
        mask = select.EPOLLONESHOT
        if descriptor in self._readers:
            mask |= select.EPOLLIN
        if descriptor in self._writers:
            mask |= select.EPOLLOUT
        try:
            self._epoll.modify(descriptor, mask)
        except FileNotFoundError:
            self._epoll.register(descriptor, mask)

    def _ready(self) -> None:
        for descriptor, events in self._epoll.poll(0, _AT_ONCE):
            # libcurl looks for what has ended on a socket when it reads or writes.
            for waiting, event in ((self._readers, select.EPOLLIN), (self._writers, select.EPOLLOUT)):
                if events & (event | select.EPOLLHUP | select.EPOLLERR) and descriptor in waiting:
                    callback, arguments = waiting[descriptor]
                    callback(*arguments)
            if descriptor in self._readers or descriptor in self._writers:
                self._watch(descriptor)
