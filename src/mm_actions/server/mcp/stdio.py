"""Actions as tools for the program that started this process: over its standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from mm_actions.core import exchange
from mm_actions.errors import ConfigurationError
from mm_actions.server.calls.loop_watch import LoopWatch
from mm_actions.server.serving.access_log import AccessLog
from mm_actions.server.serving.loading import load_server

try:
    from mm_actions.dialects.mcp.lines import Lines, Writer
    from mm_actions.server.mcp.service import ActionService
except ImportError as missing:
    raise ConfigurationError(
        f"serving actions as MCP tools needs mcp, which cannot be imported ({missing}); "
        "pip install 'mm_actions[mcp]'"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from mm_actions.server.action_server import ActionServer
    from mm_actions.server.serving.settings import ServingSettings

_PIECE = 64 << 10


def serve(reference: str, settings: ServingSettings) -> None:
    """Serve until the input ends, or a signal; calls in progress are then answered.

    Guards are not asked: whoever started this process may do what it does. Whatever is printed, by the
    module's import as well, goes to standard error.

    Args:
        reference: As :func:`mm_actions.server.serving.loading.load_server` has it.
        settings: The settings; those of ports and callers have no meaning here.

    Raises:
        ConfigurationError: The module or a setting cannot work, or the streams are no pipes.
    """
    with _own_pipes() as (given, taken):
        server = load_server(reference)
        settings.apply(server)
        if settings.access_log:
            exchange.install(AccessLog())
        asyncio.run(_serve(server, given, taken))


@contextlib.contextmanager
def _own_pipes() -> Iterator[tuple[int, int]]:
    """Take the standard input and output for oneself: others read nothing, and print to standard error."""
    sys.stdout.flush()
    given, taken = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    try:
        yield given, taken
    finally:
        sys.stdout.flush()
        os.dup2(given, 0)
        os.dup2(taken, 1)
        os.close(given)
        os.close(taken)


async def _serve(server: ActionServer, given: int, taken: int) -> None:
    loop = asyncio.get_running_loop()
    host, options = server.asgi.host, server.options
    service = ActionService(server.registry, lambda: host)
    watch = LoopWatch(options.loop_alarm, lambda: host.driver.stepping)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with _streams(given, taken) as (reader, writer):
        watch.start()
        running = loop.create_task(
            service.server.run(
                Lines(reader, options.max_body),  # pyright: ignore[reportArgumentType] - the names of `__aexit__`
                Writer(writer),  # pyright: ignore[reportArgumentType] - likewise
                service.server.create_initialization_options(),
            )
        )
        signalled = loop.create_task(stopping.wait())
        await asyncio.wait({running, signalled}, return_when=asyncio.FIRST_COMPLETED)
        await service.ended(options.grace)
        signalled.cancel()
        # What has just ended is written by the SDK's own tasks, in their next turns.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        watch.stop()
        await host.close()


_TURNS = 20


@contextlib.asynccontextmanager
async def _streams(
    given: int, taken: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_PIECE)
    protocol = asyncio.StreamReaderProtocol(reader)
    try:
        reading, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(os.dup(given), "rb", 0))
        writing, flow = await loop.connect_write_pipe(
            lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(os.dup(taken), "wb", 0)
        )
    except (ValueError, OSError) as error:
        raise ConfigurationError(
            f"--mcp-stdio needs pipes for its standard input and output: {error}. An MCP client starts it"
        ) from error
    writer = asyncio.StreamWriter(writing, flow, None, loop)
    try:
        yield reader, writer
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await writer.drain()
        reading.close()
        writing.close()
