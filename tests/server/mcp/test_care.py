"""Who may call tools, what is refused, and how serving them ends."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from mm_actions import ConfigurationError, CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import ServerFailed, TooManyRequests
from mm_actions.server import ActionServer, BearerTokens
from mm_actions.server import TooManyRequests as SlowDown
from server.mcp.conftest import PATIENCE, at, noted, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def server() -> ActionServer:
    server = ActionServer(mcp=True, drain=0, grace=5, loop_alarm=0)

    @server.action
    async def echo(request: Any, responder: Any, text: str, many: int = 1) -> None:
        responder.reply(text * many)

    @server.action
    async def busy(request: Any, responder: Any) -> None:
        raise SlowDown("later", retry_after=3)

    @server.action
    async def broken(request: Any, responder: Any) -> None:
        raise ValueError("s3cret")

    return server


def post(url: str, message: Any = LIST, **headers: str) -> tuple[int, Any]:
    data = json.dumps(message).encode()
    request = urllib.request.Request(f"{url}/mcp", data, {**HEADERS, **headers})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_guards_stand_before_every_request(server: ActionServer, protocol: str) -> None:
    server.configure(guards=(BearerTokens("t0ken"),))

    async def work(client: Client) -> int:
        return len((await client.list_tools()).tools)

    assert at(server, protocol, work, Authorization="Bearer t0ken") == 3
    with server.in_thread() as running:
        assert post(running.url)[0] == 401
        assert post(running.url, Authorization="Bearer wrong")[0] == 401


def test_pages_of_other_hosts_are_refused(server: ActionServer) -> None:
    with server.in_thread() as running:
        assert post(running.url, Origin="http://evil.example")[0] == 403
        assert post(running.url, Origin="null")[0] == 403
        assert post(running.url, Origin="http://localhost:6274")[0] == 200


def test_what_is_no_message_is_refused(server: ActionServer) -> None:
    server.configure(max_body=1000)
    with server.in_thread() as running:
        assert post(running.url, **{"Content-Type": "text/plain"})[0] == 415
        assert post(running.url, [LIST])[0] == 400
        assert post(running.url, {**LIST, "params": {"x": "y" * 2000}})[0] == 413
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{running.url}/mcp", timeout=PATIENCE)
        assert refused.value.code == 405
        refused.value.close()
        with urllib.request.urlopen(f"{running.url}/openapi.json", timeout=PATIENCE) as document:
            assert "/mcp" not in json.load(document)["paths"]


def test_a_server_may_be_served_again(server: ActionServer, protocol: str) -> None:
    async def work(client: Client) -> Any:
        return (await client.call_tool("echo", {"text": "ho", "many": 2})).content[0]

    for _ in range(2):
        assert at(server, protocol, work).text == "hoho"


def test_the_path_is_taken_only_where_tools_are_served() -> None:
    assert ActionServer(paths=("/mcp",)).options.paths == ("/mcp",)
    with pytest.raises(ConfigurationError, match="taken"):
        ActionServer(paths=("/mcp",), mcp=True)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_our_own_client_sees_kinds_of_failures(server: ActionServer, colour: str) -> None:
    def call(action: str, url: str, **slots: Any) -> Any:
        custom = CustomAction(action, {"url": f"mcp+{url}/mcp", "timeout": 15, "retries": 0})
        if colour == "sync":
            return custom.invoke(Request(), DialogueResponder(slots=slots))
        return asyncio.run(custom.invoke_async(Request(), DialogueResponder(slots=slots)))

    with server.in_thread() as running:
        assert call("echo", running.url, text="hi").answer.directives[0]["payload"] == {"text": "hi"}
        late = call("busy", running.url).error
        assert isinstance(late, TooManyRequests)
        failed = call("broken", running.url).error
        assert isinstance(failed, ServerFailed)
        assert "s3cret" not in str(failed)
        close_endpoints()


def test_calls_in_progress_are_answered_before_the_end(
    serve: Callable[..., tuple[str, subprocess.Popen[str]]], folder: Path, protocol: str
) -> None:
    url, process = serve()

    async def run() -> Any:
        async with asyncio.timeout(PATIENCE), Client(url, mode=protocol) as client:
            await client.list_tools()  # or the client asks for them once it has the answer
            call = asyncio.ensure_future(client.call_tool("slow"))
            await noted(folder, "slow")
            process.send_signal(signal.SIGTERM)
            return await call

    assert asyncio.run(run()).content[0].text == "late but whole"
    assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def url_of_workers(lasting_folder: Path) -> Iterator[str]:
    with serving(lasting_folder, "--workers", "2") as (url, _):
        yield url


def test_several_workers_serve_one_client(url_of_workers: str, protocol: str) -> None:
    async def run() -> list[Any]:
        async with asyncio.timeout(PATIENCE), Client(url_of_workers, mode=protocol) as client:
            calls = (client.call_tool("order", {"size": "small"}) for _ in range(20))
            return await asyncio.gather(*calls)

    assert all(not result.is_error for result in asyncio.run(run()))


def over_pipes(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mm_actions.cli", "serve", "actions", "--mcp-stdio"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


OPENING = [
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]


def test_nothing_but_messages_is_on_the_output_of_pipes(folder: Path) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "order", "arguments": {"size": "small", "text": "x"}},
    }
    with over_pipes(folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in [*OPENING, call]))
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.stdout.read() == b""
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert [answer["id"] for answer in answers] == [0, 1]
    assert answers[0]["result"]["protocolVersion"] == "2025-06-18"
    assert answers[1]["result"]["content"][0]["text"] == "1 small: x"
    assert b"printed while it is imported" in said
    assert b"printed by an action" in said


def test_a_signal_ends_pipes_once_calls_in_progress_are_answered(folder: Path) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "slow", "arguments": {}}}
    with over_pipes(folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join(json.dumps(each).encode() + b"\n" for each in [*OPENING, call]))
        process.stdin.flush()
        process.stdout.readline()
        asyncio.run(asyncio.wait_for(noted(folder, "slow"), PATIENCE))
        process.send_signal(signal.SIGTERM)
        answer = json.loads(process.stdout.readline())
        assert process.wait(PATIENCE) == 0
    assert answer["result"]["content"][0]["text"] == "late but whole"


def test_a_line_that_is_too_long_or_no_message_does_no_harm(folder: Path) -> None:
    (folder / "serve.yaml").write_text("max_body: 1000\n", encoding="utf-8")
    with over_pipes(folder) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = [b"nonsense", b"x" * 5000, b"", *(json.dumps(each).encode() for each in OPENING)]
        process.stdin.write(b"\n".join(lines) + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 0
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_missing_module_is_told_on_standard_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mm_actions.cli", "serve", "nothing", "--mcp-stdio"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 78
    assert done.stdout == b""
    assert b"there is no module 'nothing'" in done.stderr
