"""Our actions behind the door for MCP, called by the official client in both protocols."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from mm_actions.server import ActionServer

T = TypeVar("T")
PATIENCE = 15

MODULE = '''
import asyncio
import sys
from typing import Literal

from mm_actions.server import ActionServer, CallAbandoned, NotFound

print("printed while it is imported")
server = ActionServer(drain=0, grace=10, loop_alarm=0)


def note(line):
    with open("journal", "a") as journal:
        journal.write(line + "\\\\n")


@server.action(idempotent=True)
async def order(request, responder, size: Literal["small", "large"], count: int = 1):
    """Order drinks."""
    print("printed by an action")
    responder.reply(f"{count} {size}: {request.text}")
    responder.slots["ordered"] = count


@server.action("tell a story", deprecated=True)
async def tell(request, responder):
    """Tell it part by part."""
    for part in range(3):
        responder.reply(f"part {part}")
        await responder.flush()
    responder.listen()


@server.action
def broken(request, responder):
    raise RuntimeError("s3cret")


@server.action
async def refuse(request, responder):
    raise NotFound("there is no tea")


@server.action
async def hang(request, responder):
    note("hanging")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        note("called off")
        raise


@server.action
def dig(request, responder):
    note("digging")
    try:
        while True:
            responder.reply("on")
            responder.flush()
    except CallAbandoned:
        note("given up")
        raise


@server.action
async def slow(request, responder):
    note("slow")
    await asyncio.sleep(1)
    responder.reply("late but whole")
'''


@pytest.fixture(params=["auto", "legacy"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "actions.py").write_text(MODULE.replace("\\\\n", "\\n"), encoding="utf-8")
    return tmp_path


def parameters(folder: Path, *options: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-W", "error", "-m", "mm_actions.cli", "serve", "actions", "--mcp-stdio", *options],
        cwd=folder,
    )


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    """Serve the module over HTTP, in a process of its own; give its url."""
    with ExitStack() as running:

        def start(*options: str) -> tuple[str, subprocess.Popen[str]]:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-W", "error", "-m", "mm_actions.cli"),
                    *("serve", "actions", "--mcp", "--port", "0", *options),
                ],
                cwd=folder,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            running.enter_context(process)
            running.callback(end, process)
            assert process.stdout is not None
            line = process.stdout.readline()
            while not line.startswith("http"):
                assert line, "it does not serve"
                line = process.stdout.readline()
            return f"{line.split(' ')[0]}/mcp", process

        yield start


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(params=["http", "stdio"])
def target(request: pytest.FixtureRequest, folder: Path) -> Any:
    """What the client is to be connected with."""
    if request.param == "stdio":
        return parameters(folder)
    return request.getfixturevalue("serve")()[0]


def within(target: Any, protocol: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do something with a client of the SDK."""

    async def run() -> T:
        async with asyncio.timeout(PATIENCE), Client(target, mode=protocol) as client:
            return await work(client)

    return asyncio.run(run())


def at(server: ActionServer, protocol: str, work: Callable[[Client], Awaitable[T]], **headers: str) -> T:
    """Do something with a client of a server in this process."""

    async def run(url: str) -> T:
        async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(headers=headers) as http:
            streams = streamable_http_client(url, http_client=http)
            async with Client(streams, mode=protocol) as client:
                return await work(client)

    with server.in_thread() as running:
        return asyncio.run(run(f"{running.url}/mcp"))


async def noted(folder: Path, line: str) -> None:
    """Wait until an action has noted something."""
    journal = folder / "journal"
    while not (journal.exists() and line in journal.read_text(encoding="utf-8").splitlines()):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
