"""A server that is a command: a child process, spoken with through its pipes."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import os
import signal
import sys
from asyncio import subprocess
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING

from mcp.client.stdio import get_default_environment

from mm_actions.dialects.mcp.lines import Lines, Writer
from mm_actions.errors import ConnectFailed
from mm_actions.transports.mcp.attempt import note_written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

logger = logging.getLogger("mm_actions.mcp")

PATIENCE = 1.0
"""Seconds that a server has to end after its input was closed, and once more after SIGTERM."""
_PIECE = 64 << 10
_LONGEST_LINE = 2000
_TICK = 0.01

children: set[int] = set()
"""The process groups of servers that have not ended."""


class Child:
    """The process of a server.

    Attributes:
        ending: How it ended, in words; empty while it runs.
    """

    def __init__(self, command: str) -> None:
        self.command = command
        self.ending = ""

    def note(self, code: int | None) -> None:
        """Take down how it ended."""
        if code is None:
            self.ending = f"{self.command!r} has closed its input or its output"
        elif code < 0:
            self.ending = f"{self.command!r} was ended by {signal.Signals(-code).name}"
        else:
            self.ending = f"{self.command!r} ended with exit code {code}"


@contextlib.asynccontextmanager
async def child_streams(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None,
    limit: int,
    child: Child,
    ended: Callable[[], object],
) -> AsyncIterator[tuple[Lines, Writer]]:
    """Start a command, and end it when the block ends: by closing its input, else by signals.

    Args:
        command: The program and its arguments.
        env: Variables beside those that every program needs.
        cwd: Where it runs.
        limit: Bytes of a message, at most.
        child: Is told how it ended.
        ended: Called when it has closed its output or its input.

    Raises:
        ConnectFailed: It cannot be started.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, protocol = await loop.subprocess_exec(
            lambda: subprocess.SubprocessStreamProtocol(limit=_PIECE, loop=loop),
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=get_default_environment() | dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise ConnectFailed(
            f"the command {command[0]!r} cannot be started: {error.strerror or error}",
            hint="Write the command after mcp+stdio: as in a shell; its PATH is that of this process",
            do_not_retry=True,
        ) from error
    process = subprocess.Process(transport, protocol, loop)
    children.add(process.pid)
    assert process.stdin is not None  # noqa: S101 - all three are pipes
    assert process.stdout is not None  # noqa: S101 - as above
    assert process.stderr is not None  # noqa: S101 - as above
    telling = loop.create_task(_tell(command[0], process.stderr))

    def closed() -> None:
        child.note(process.returncode)
        ended()

    try:
        yield Lines(process.stdout, limit, closed), Writer(process.stdin, note_written, closed)
    finally:
        ending = loop.create_task(_end(process, telling))
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:  # the loop ends: there is time to end the child, for that is bounded
            await ending
            raise
        finally:
            child.note(process.returncode)
            transport.close()


async def _end(process: subprocess.Process, telling: asyncio.Task[None]) -> None:
    """End a process and all that it started, which are a group of their own."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        if not await _gone(process):
            _signal(process.pid, signal.SIGTERM)
            await _gone(process)
    finally:  # a loop that ends cancels this as well: then there is no more patience
        _signal(process.pid, signal.SIGKILL)  # what it started and left behind, too
        await _gone(process)
        children.discard(process.pid)
        telling.cancel()
        await asyncio.wait({telling})


async def _gone(process: subprocess.Process) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while process.returncode is None and loop.time() < until:  # noqa: ASYNC110 - there is no event for it
        # Process.wait() would wait for the ends of the pipes as well, which a grandchild may hold.
        await asyncio.sleep(_TICK)
    return process.returncode is not None


async def _tell(command: str, errors: asyncio.StreamReader) -> None:
    """Pass on what a server says on its standard error."""
    rest = b""
    while piece := await errors.read(_PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        rest = rest[-_LONGEST_LINE:]
        for line in lines:
            logger.info("%s: %s", command, line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip())


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _at_exit() -> None:
    """End servers whose event loops were left without a word."""
    for group in tuple(children):
        _signal(group, signal.SIGTERM)


if sys.platform != "win32":
    atexit.register(_at_exit)
    os.register_at_fork(after_in_child=children.clear)
