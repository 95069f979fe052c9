"""Sample servers as processes of their own, which never outlive the demonstration."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .signals import Signalled, signals_wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[3]
PATIENCE_TO_STOP: Final = 5.0
_ANNOUNCEMENT: Final = "listening on "


class ServerTrouble(Exception):
    """A server did not start, or ended before it was told to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A process that serves actions."""

    name: str
    process: subprocess.Popen[bytes]
    base: str

    @property
    def url(self) -> str:
        """Where actions are posted."""
        return f"{self.base}/action"


@contextlib.contextmanager
def sample_servers(ports: Mapping[str, int], *, patience: float) -> Iterator[dict[str, Server]]:
    """Run a sample server for each name, and stop all of them in the end, whatever happens.

    Args:
        ports: The port of each server by its name; 0 for a free one.
        patience: Seconds to wait until all of them listen.

    Raises:
        ServerTrouble: One did not start, or ended by itself.
    """
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with signals_wait():  # one that is interrupted half-way would be left behind
            for name, port in ports.items():
                processes[name] = _start(port)  # all at once: each needs a second or two
        until = time.monotonic() + patience
        bases = {name: _address(name, process, until) for name, process in processes.items()}
        yield {
            name: Server(name=name, process=process, base=bases[name]) for name, process in processes.items()
        }
        for name, process in processes.items():
            if process.poll() is not None:
                raise ServerTrouble(
                    f"the {name} server (pid {process.pid}) ended by itself, exit code {process.returncode}"
                )
    finally:
        try:
            _stop(list(processes.values()))
        except Signalled:
            _stop(list(processes.values()))  # the first signal, right now; there is no second one
            raise


def _start(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module, and a number
        # --known-only: a real server does not answer for actions that it does not have.
        [sys.executable, "-m", "example_server", "--port", str(port), "--known-only"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # Ctrl-C is for the demonstration alone, which then stops its servers in good order.
        process_group=0,
    )


def _address(name: str, process: subprocess.Popen[bytes], until: float) -> str:
    """Wait for the line in which a server says where it listens."""
    if process.stdout is None:
        raise ServerTrouble(f"the {name} server has no output to read")
    output = process.stdout.fileno()
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while b"\n" not in said:
            if not selector.select(max(0.0, until - time.monotonic())):
                raise ServerTrouble(f"the {name} server (pid {process.pid}) did not listen in time")
            part = os.read(output, 4096)
            if not part:
                code = process.wait(PATIENCE_TO_STOP)
                raise ServerTrouble(f"the {name} server did not start: exit code {code}, see above")
            said += part
    line = said.decode(errors="replace").splitlines()[0]
    if not line.startswith(_ANNOUNCEMENT):
        raise ServerTrouble(f"the {name} server said {line!r} instead of where it listens")
    return line.removeprefix(_ANNOUNCEMENT).strip()


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask all to end; after a while, end those that did not."""
    for process in processes:
        process.send_signal(signal.SIGTERM)  # Popen does not signal a process that has ended
    until = time.monotonic() + PATIENCE_TO_STOP
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
