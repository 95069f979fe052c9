"""Messages on pipes whose other side is gone: the SDK is told in its own way."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import anyio
import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage

from mm_actions.dialects.mcp.lines import Lines, Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REQUEST = SessionMessage(types.JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call"))
NOTIFICATION = SessionMessage(types.JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized"))


def with_a_pipe(
    work: Callable[[asyncio.StreamReader, asyncio.StreamWriter, socket.socket], Awaitable[None]],
) -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            await work(reader, writer, theirs)
            writer.close()

    asyncio.run(run())


@pytest.mark.parametrize("message", [REQUEST, NOTIFICATION])
def test_a_message_to_who_reads_no_more_is_neither_sent_nor_kept(message: SessionMessage) -> None:
    told: list[Any] = []

    async def work(_: asyncio.StreamReader, writer: asyncio.StreamWriter, theirs: socket.socket) -> None:
        theirs.close()
        lines = Writer(writer, told.append, lambda: told.append("ended"))
        with pytest.raises(anyio.BrokenResourceError):
            await lines.send(message)

    with_a_pipe(work)
    assert told == ["ended"]


def test_a_message_that_was_taken_in_part_may_have_been_sent() -> None:
    told: list[Any] = []
    large = types.JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call", params={"text": "x" * 10_000_000})

    async def work(_: asyncio.StreamReader, writer: asyncio.StreamWriter, theirs: socket.socket) -> None:
        lines = Writer(writer, told.append, lambda: told.append("ended"))
        asyncio.get_running_loop().call_soon(theirs.close)
        with pytest.raises(anyio.BrokenResourceError):
            await lines.send(SessionMessage(large))

    with_a_pipe(work)
    assert told == ["tools/call", "ended"]


def test_a_pipe_that_is_cut_off_has_ended() -> None:
    told: list[Any] = []

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, theirs: socket.socket) -> None:
        ended = Lines(reader, 1000, lambda: told.append("ended"))
        writer.write(b"never read")  # so that the system says "reset", not "end"
        theirs.close()
        with pytest.raises(StopAsyncIteration):
            await anext(ended)

    with_a_pipe(work)
    assert told == ["ended"]
