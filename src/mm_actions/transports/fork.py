"""What a forked child must not share with its parent: open connections and the state around them.

Two processes that write to one TLS connection corrupt it, and a child that closes its copy in good order
says goodbye to the server in its parent's name. So the child's copies are taken away without a word.
"""

from __future__ import annotations

import contextlib
import os
import stat
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """Something that must start anew in a forked child."""

    def forget_parent(self) -> None:
        """Drop, without touching any connection, what belongs to the parent process."""
        ...


_aware: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def start_anew_after_fork(member: ForkAware) -> None:
    """Have a member's ``forget_parent`` called in every forked child, for as long as the member lives."""
    _aware.add(member)


def _in_child() -> None:
    for member in list(_aware):
        member.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


class SocketLedger:
    """Remembers the sockets that libcurl opened, so that a child can let go of exactly these."""

    __slots__ = ("_inodes",)

    def __init__(self) -> None:
        self._inodes: dict[int, int] = {}

    def note(self, descriptor: int, _purpose: int) -> int:
        """Take down a new socket; has the shape of libcurl's SOCKOPTFUNCTION, where 0 means go on."""
        self._inodes[descriptor] = os.fstat(descriptor).st_ino
        return 0

    def detach(self) -> None:
        """Put /dev/null in the place of each socket that is still the one that was taken down."""
        null = os.open(os.devnull, os.O_RDWR)
        try:
            for descriptor, inode in self._inodes.items():
                with contextlib.suppress(OSError):
                    status = os.fstat(descriptor)
                    if stat.S_ISSOCK(status.st_mode) and status.st_ino == inode:
                        os.dup2(null, descriptor, inheritable=False)
        finally:
            os.close(null)
        self._inodes.clear()
