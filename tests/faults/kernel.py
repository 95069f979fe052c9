"""Threads for which the kernel answers otherwise, with system calls that fail or hang.

To use up the machine's ports, or to change its resolver, would disturb whatever else runs on it, and a
network of one's own needs rights that not every machine gives. A filter for system calls, seccomp(2), needs
none on Linux. It holds for one thread, and for those that are started by it.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import threading
from collections.abc import Callable

# The numbers of connect, socket and seccomp.
_CONNECT, _SOCKET, _SECCOMP = {"x86_64": (42, 41, 317), "aarch64": (203, 198, 277)}[platform.machine()]
_NO_NEW_PRIVILEGES, _SET_FILTER, _NEW_LISTENER = 38, 1, 8
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _FIRST, _SECOND = 0, 16, 24
_ALLOW, _FAIL, _HANG = 0x7FFF0000, 0x00050000, 0x7FC00000
_RESOLVERS_OWN = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
"""The type of the sockets by which glibc asks name servers, and nobody else here makes any."""

_Step = tuple[int, int, int, int]


def without_local_ports(work: Callable[[], None]) -> None:
    """Run work where every connection attempt ends as if no local port were left."""
    steps = (
        (_LOAD, 0, 0, _NUMBER),
        (_IF_EQUAL, 0, 1, _CONNECT),
        (_RETURN, 0, 0, _FAIL | errno.EADDRNOTAVAIL),
        (_RETURN, 0, 0, _ALLOW),
    )
    _run(steps, 0, work)


def without_name_servers(work: Callable[[], None]) -> None:
    """Run work where each look-up of a name hangs, until the work is done."""
    steps = (
        (_LOAD, 0, 0, _NUMBER),
        (_IF_EQUAL, 0, 4, _SOCKET),
        (_LOAD, 0, 0, _FIRST),
        (_IF_EQUAL, 3, 0, socket.AF_UNIX),  # the way to a resolver that is a service of the machine
        (_LOAD, 0, 0, _SECOND),
        (_IF_EQUAL, 1, 0, _RESOLVERS_OWN),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _HANG),
    )
    _run(steps, _NEW_LISTENER, work)


def _run(steps: tuple[_Step, ...], flags: int, work: Callable[[], None]) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        listener = 0
        try:
            listener = _filter(steps, flags)
            work()
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            failed.append(error)
        finally:
            if listener:
                os.close(listener)  # what hangs fails now

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if failed:
        raise failed[0]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _filter(steps: tuple[_Step, ...], flags: int) -> int:
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.byref(_Program(len(steps), code))
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = libc.syscall(_SECCOMP, _SET_FILTER, flags, program)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)
