"""A server in a process of its own, and the CPU that it took."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
_PATIENCE = 30.0
_CORES = sorted(os.sched_getaffinity(0))


class Process:
    """A running server.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, popen: subprocess.Popen[bytes], port: int) -> None:
        self._popen = popen
        self.port = port

    def cpu(self) -> float:
        """Give the seconds of CPU that all its threads, and its child processes', took so far."""
        return sum(map(_nanoseconds, _tree(self._popen.pid))) / 1e9

    def memory(self) -> int:
        """Give the most bytes that it, and its child processes, held at any time so far."""
        return sum(map(_most_bytes, _tree(self._popen.pid)))


@contextmanager
def serving(command: Sequence[str], *, port: int | None = None) -> Iterator[Process]:
    """Start a server and end it afterwards.

    Args:
        command: What to start; it prints a line that ends in ``:PORT`` once it listens.
        port: Where it will listen, for one that does not print it; then a connection tells that it does.

    Raises:
        RuntimeError: It did not start.
    """
    mine = os.sched_getaffinity(0)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    os.sched_setaffinity(0, _CORES[-1:])  # the child inherits it
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as popen:
        # Client and server on cores of their own, as they are in life: on one core, the scheduler hands over
        # from one to the other without waking anything, and a raw socket costs half of what it does else.
        os.sched_setaffinity(0, _CORES[:-1] or _CORES)
        try:
            yield Process(popen, _announced(popen) if port is None else _answering(popen, port))
        finally:
            os.sched_setaffinity(0, mine)
            popen.send_signal(signal.SIGTERM)
            try:
                popen.wait(5)
            except subprocess.TimeoutExpired:
                popen.kill()


def python(module: str, *arguments: str) -> list[str]:
    """Give the command that runs a module of this folder's servers."""
    return [sys.executable, "-m", module, *arguments]


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _tree(int(child))


def _nanoseconds(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def _most_bytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def _announced(popen: subprocess.Popen[bytes]) -> int:
    assert popen.stdout is not None
    until = time.monotonic() + _PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(popen.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, until - time.monotonic())):
            line = popen.stdout.readline()
            if not line:
                break
            if found := re.search(rb":(\d+)\s*$", line):
                return int(found[1])
    raise RuntimeError(f"{popen.args!r} did not say where it listens")


def _answering(popen: subprocess.Popen[bytes], port: int) -> int:
    import socket  # noqa: PLC0415 - here alone

    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and popen.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return port
    raise RuntimeError(f"{popen.args!r} does not listen on {port}")
