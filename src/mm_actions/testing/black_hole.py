"""An address that does not answer a connection attempt."""

from __future__ import annotations

import select
import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 8
_SILENCE = 0.1
"""Seconds without an answer after which an attempt on the loopback counts as ignored."""


@contextmanager
def black_hole(host: str = "127.0.0.1") -> Iterator[tuple[str, int]]:
    """Give an address on which ``connect`` hangs until its caller's timeout.

    A listening socket whose queue is full makes the kernel drop further SYN packets, as a firewall would.

    Args:
        host: The address to listen on, IPv4 or IPv6.

    Yields:
        Host and port.

    Raises:
        RuntimeError: This system answers connection attempts even when the queue is full.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.bind((host, 0))
        listener.listen(0)
        address: tuple[str, int] = listener.getsockname()[:2]
        for _ in range(_ATTEMPTS):
            filler = sockets.enter_context(socket.socket(family, socket.SOCK_STREAM))
            filler.setblocking(False)
            filler.connect_ex(address)
            if not select.select([], [filler], [], _SILENCE)[1]:
                break
        else:
            raise RuntimeError("this system answers connection attempts even when the queue is full")
        yield address
