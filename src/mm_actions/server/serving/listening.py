"""The port: opening it, and giving it up without losing a client that has just come."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import sys
from typing import TYPE_CHECKING

from mm_actions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKLOG = 2048
_HIGHEST_PORT = 65_535
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the socket module has no name for it
_KEEP, _DROP = 0xFFFF_FFFF, 0
# Classic BPF, as in the kernel's Documentation/networking/filter.rst: code, jump if true, jump if false, k.
# A TCP socket's filter sees the segment from its TCP header on; byte 13 holds the flags.
_NO_NEW_CONNECTIONS = (
    (0x30, 0, 0, 13),  # load the flags
    (0x54, 0, 0, 0x12),  # of which SYN and ACK
    (0x15, 0, 1, 0x02),  # if that is SYN alone: the beginning of a connection
    (0x06, 0, 0, _DROP),
    (0x06, 0, 0, _KEEP),
)


def listen(host: str, port: int) -> socket.socket:
    """Open a port.

    Raises:
        ConfigurationError: It cannot be opened.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise ConfigurationError(f"cannot listen on {host}:{port}: a port is a number up to {_HIGHEST_PORT}")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error}") from error


def reserve(host: str, port: int) -> socket.socket:
    """Hold a port that several processes are going to open; nobody can connect to it through this.

    Raises:
        ConfigurationError: It is taken.
    """
    with listen(host, port) as free:  # to share it without a look would be to share it with a stranger
        family, address = free.family, free.getsockname()
    held = socket.socket(family)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(address)
    except OSError as error:
        held.close()
        raise ConfigurationError(f"cannot listen on {host}:{port}: {error}") from error
    return held


def url_of(listener: socket.socket, *, tls: bool) -> str:
    """Tell where a listener is reached."""
    host, port = listener.getsockname()[:2]
    return f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"


def turn_away(listener: socket.socket) -> bool:
    """Let nobody new begin to connect, while those who have begun are still let in.

    The system passes over the first packet of new connections, which clients send again after a second; by
    then the port is closed, and they are refused before they have sent anything. Closing a port without this
    resets whoever connects between the last ``accept`` and the ``close``.

    Returns:
        Whether the system can do this: Linux can.
    """
    if not sys.platform.startswith("linux"):
        return False
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in _NO_NEW_CONNECTIONS))
    program = struct.pack("@HP", len(_NO_NEW_CONNECTIONS), ctypes.addressof(code))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    except OSError:  # a sandbox may forbid it, or number its options in another way
        return False
    return True


def accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Accept all connections that the system has made for a listener, which would be reset by its closing."""
    listener.setblocking(False)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with contextlib.suppress(OSError):
            connection.setblocking(False)
        yield connection
