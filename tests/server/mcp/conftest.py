"""Our actions behind the door for MCP, called by the official client in both protocols."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

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
    await asyncio.sleep(0.5)
    responder.reply("late but whole")
'''


@pytest.fixture(params=["auto", "legacy"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def write_module(folder: Path) -> Path:
    (folder / "actions.py").write_text(MODULE.replace("\\\\n", "\\n"), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_module(tmp_path)


def parameters(folder: Path, *options: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-W", "error", "-m", "mm_actions.cli", "serve", "actions", "--mcp-stdio", *options],
        cwd=folder,
    )


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve the module over HTTP, in a process of its own; give its url."""
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
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            while not line.startswith("http"):
                assert line, "it does not serve"
                line = process.stdout.readline()
            yield f"{line.split(' ')[0]}/mcp", process
        finally:
            end(process)


@pytest.fixture
def serve(folder: Path) -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    """Serve the module over HTTP, as often as a test wants it."""
    with ExitStack() as running:
        yield lambda *options: running.enter_context(serving(folder, *options))


def end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


class Caller:
    """A client of the module's actions, whose server lasts from test to test.

    Args:
        folder: Where the module is.
        url: Of a server over HTTP; None for one on pipes, which serves one client for as long as it lives.
        protocol: Which of the two.
    """

    def __init__(self, folder: Path, url: str | None, protocol: str) -> None:
        self.protocol = protocol
        self.leaves = url is not None and protocol == "legacy"
        self._folder = folder
        self._url = url
        self._runner = asyncio.Runner()
        self._kept: Kept | None = None

    @property
    def journal(self) -> Path:
        """What the actions note."""
        return self._folder / "journal"

    def within(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do something with the client; over HTTP, it leaves afterwards."""
        return self._runner.run(self._within(work))

    def close(self) -> None:
        """Leave."""
        if self._kept is not None:
            self._runner.run(self._kept.close())
        self._runner.close()

    async def _within(self, work: Callable[[Client], Awaitable[T]]) -> T:
        async with asyncio.timeout(PATIENCE):
            if self._url is None:
                if self._kept is None:
                    self._kept = Kept(Client(parameters(self._folder), mode=self.protocol))
                return await work(await self._kept.client())
            async with Client(self._url, mode=self.protocol) as client:
                return await work(client)


class Kept:
    """A client that stays connected, in a task of its own: who enters its contexts must leave them."""

    def __init__(self, client: Client) -> None:
        self._connected: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._leaving = asyncio.Event()
        self._task = asyncio.create_task(self._live(client))

    async def client(self) -> Client:
        await asyncio.wait({self._connected, self._task}, return_when=asyncio.FIRST_COMPLETED)
        assert self._connected.done(), self._task.exception()
        return self._connected.result()

    async def close(self) -> None:
        self._leaving.set()
        await self._task

    async def _live(self, client: Client) -> None:
        async with client:
            self._connected.set_result(client)
            await self._leaving.wait()


@pytest.fixture(scope="module")
def lasting_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_module(tmp_path_factory.mktemp("lasting"))


@pytest.fixture(scope="module")
def lasting_url(lasting_folder: Path) -> Iterator[str]:
    with serving(lasting_folder) as (url, _):
        yield url


@pytest.fixture(scope="module", params=["http-auto", "http-legacy", "stdio-auto", "stdio-legacy"])
def connected(request: pytest.FixtureRequest, lasting_folder: Path) -> Iterator[Caller]:
    way, _, protocol = request.param.partition("-")
    url = request.getfixturevalue("lasting_url") if way == "http" else None
    caller = Caller(lasting_folder, url, protocol)
    yield caller
    caller.close()


@pytest.fixture
def caller(connected: Caller) -> Caller:
    """A client of a server whose journal is empty."""
    connected.journal.unlink(missing_ok=True)
    return connected


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
