"""One worker as its supervisor sees it: a process, and a channel to it."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import signal
import socket
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from mm_actions.errors import ConfigurationError
from mm_actions.server.serving.process import Served  # noqa: TC001 - msgspec reads the annotations
from mm_actions.server.serving.worker import GIVE_WAY, LENGTH, STOP, Work

if TYPE_CHECKING:
    from asyncio.subprocess import Process


_PROMPT = 1.0


class NotServing(ConfigurationError):
    """A worker did not come to serve: the module or a setting cannot work.

    Attributes:
        code: The exit code of the worker.
    """

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


class _Report(msgspec.Struct):
    ready: Served | None = None
    failed: str = ""


class Worker:
    """A process that serves.

    Attributes:
        served: What it said once it was ready; None before.
        started: When it was started, on the monotonic clock.
        pause: Seconds that its start waited after the end of the one before it.
    """

    def __init__(self, process: Process, channel: socket.socket, pause: float) -> None:
        self._process = process
        self._channel = channel
        self.served: Served | None = None
        self.started = time.monotonic()
        self.pause = pause
        self.pid = process.pid

    @classmethod
    async def start(cls, port: socket.socket, work: Work, pause: float = 0.0) -> Worker:
        """Start a process that has a port open."""
        ours, theirs = socket.socketpair()
        descriptors = port.fileno(), theirs.fileno()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "mm_actions.server.serving.worker",
                *map(str, descriptors),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=descriptors,
            )
        ours.setblocking(False)
        message = pickle.dumps(work)
        with contextlib.suppress(OSError):  # it has ended already, which `ready` finds
            await asyncio.get_running_loop().sock_sendall(ours, LENGTH.pack(len(message)) + message)
        return cls(process, ours, pause)

    async def ready(self) -> Served:
        """Wait until it serves.

        Raises:
            NotServing: It ended before.
        """
        said = b""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while not said.endswith(b"\n") and (piece := await loop.sock_recv(self._channel, 65536)):
                said += piece
        report = msgspec.json.decode(said, type=_Report) if said.endswith(b"\n") else _Report()
        if report.ready is None:
            code = await self.ended()
            raise NotServing(report.failed or f"the process ended {describe(code)} before it served", code)
        self.served = report.ready
        return report.ready

    async def ended(self) -> int:
        """Wait for its end, and give the exit code."""
        code = await self._process.wait()
        self._channel.close()
        return code

    async def give_way(self) -> None:
        """Have it close its port and answer the calls in progress; return once no new connection is its."""
        self._say(GIVE_WAY)
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PROMPT):
                await asyncio.get_running_loop().sock_recv(self._channel, 65536)

    def stop(self, urgency: int) -> None:
        """Have it stop; one that does not serve yet ends at once."""
        self._say(b"%b %d" % (STOP, urgency))
        if self.served is None:
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(OSError):  # it has ended
            self._channel.send(word + b"\n")

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def describe(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"by {signal.Signals(-code).name}"
    return f"by signal {-code}"
