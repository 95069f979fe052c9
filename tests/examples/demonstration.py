"""Runs the demonstration as `make run` does, in a session of its own, so that what it leaves can be found."""

from __future__ import annotations

import os
import pty
import re
import selectors
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.example_server.running import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = [sys.executable, "-m", "examples.coffee_shop.demo"]
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PYTHONWARN", "COV", "MM_ACTIONS_"))
}
PATIENCE = 40.0
_SERVER = re.compile(r"^(\w+): http://127\.0\.0\.1:(\d+)/ui/ \(pid (\d+)\)\r?$", re.MULTILINE)


def left_behind(session: int) -> list[str]:
    """The processes of a session that are there, but for zombies that wait for their parent."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _parent, _group, of_session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
            command = (process / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it ended meanwhile
            continue
        if int(of_session) == session and state != "Z":
            found.append(f"{process.name} {command}")
    return found


def kill(pid: int) -> None:
    """Kill a process, and wait until it is dead."""
    process = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGKILL)
        with selectors.DefaultSelector() as selector:
            selector.register(process, selectors.EVENT_READ)
            assert selector.select(PATIENCE)
    finally:
        os.close(process)


class Demonstration:
    """A run, and how to follow it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""
        self.errors = ""

    def wait_for(self, words: str) -> str:
        """Read until these words were printed after what was read before; give all that was read."""
        start = len(self.output)
        until = time.monotonic() + PATIENCE
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while words not in self.output[start:]:
                assert selector.select(until - time.monotonic()), f"no {words!r} in {self.output}"
                # Not through the stream, whose buffer communicate() would pass over.
                part = os.read(self.process.stdout.fileno(), 65536).decode()
                assert part, f"the demonstration ended: {self.output}{self.process.stderr.read()}"
                self.output += part
        return self.output[start:]

    def signal(self, number: int) -> None:
        """Send a signal until it ends: one that comes just before `input` blocks waits for the next event."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
                return

    def end(self) -> int:
        """Wait for the end; give the exit code."""
        output, self.errors = self.process.communicate(timeout=PATIENCE)
        self.output += output
        assert "Traceback" not in self.errors, self.errors
        return self.process.returncode

    def servers(self) -> dict[str, tuple[int, int]]:
        """Port and pid of each server that it said it started."""
        return {name: (int(port), int(pid)) for name, port, pid in _SERVER.findall(self.output)}


@contextmanager
def started(*arguments: str, stdin: int = subprocess.DEVNULL) -> Iterator[Demonstration]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Demonstration(process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)
        for stream in (process.stdout, process.stderr):
            stream.close()


@contextmanager
def at_the_terminal() -> Iterator[tuple[Demonstration, Callable[[str], object]]]:
    """Run it at a terminal; give it, and a function that types."""
    keyboard, terminal = pty.openpty()
    try:
        with started(stdin=terminal) as demo:
            yield demo, lambda line: os.write(keyboard, line.encode())
    finally:
        os.close(keyboard)
        os.close(terminal)
