"""What goes wrong is a typed error that says whether the tool may have run, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from mm_actions import CustomAction, DialogueResponder, Request, close_endpoints
from mm_actions.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConfigurationError,
    ConnectFailed,
    ConnectionLost,
    InvocationError,
    NotAuthorized,
    Redirected,
    SchemaMismatch,
    Sent,
    ServerFailed,
    ServerUnavailable,
)
from mm_actions.testing import Answer, Close, FaultServer
from mm_actions.transports.mcp.stdio import children
from transports.mcp.conftest import PEER, command, noted, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transports.mcp.conftest import Run


@pytest.fixture(autouse=True)
def nothing_goes_on_to_the_next() -> Iterator[None]:
    """What went wrong with a server, and what was learnt of it, must not be there for another at its port."""
    yield
    close_endpoints()


def test_a_server_that_dies_may_have_run_the_tool(invoke: Run) -> None:
    result = invoke("crash", command(PEER, "stdio"))
    assert isinstance(result.error, ConnectionLost)
    assert result.error.sent is Sent.MAYBE
    assert "ended with exit code 3" in result.error.cause
    assert not children


def test_the_next_call_finds_a_new_server() -> None:
    settings = {"url": command(PEER, "stdio"), "timeout": 15, "retries": 0}

    def call(action: str) -> Any:
        return CustomAction(action, settings).invoke(Request(text="hi"), DialogueResponder())

    first = call("whoami").answer.slots["process"]
    assert call("whoami").answer.slots["process"] == first
    assert isinstance(call("crash").error, ConnectionLost)
    second = call("whoami").answer.slots["process"]
    assert second != first
    os.kill(int(second), 9)
    until(lambda: call("whoami").answer is not None)


def test_a_server_over_http_that_dies_may_have_run_the_tool(invoke: Run) -> None:
    with serving() as port:
        result = invoke("crash", f"mcp+http://127.0.0.1:{port}/mcp")
    assert isinstance(result.error, ConnectionLost)
    assert result.error.sent is Sent.MAYBE


def test_a_session_that_the_server_has_forgotten_is_begun_anew() -> None:
    session = {"id": 0}

    def answer(request: Any, _number: int) -> Any:
        if request.method != "POST":
            return Answer(status=405)
        message = json.loads(request.body)
        known = request.headers.get("mcp-session-id")
        if message["method"] == "initialize":
            session["id"] += 1
            result: Any = {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "forgetful", "version": "1"},
            }
        elif known != str(session["id"]):
            return Answer(status=404)
        elif "id" not in message:
            return Answer(status=202)
        elif message["method"] == "tools/list":
            result = {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}
        else:
            result = {"content": [{"type": "text", "text": f"session {known}"}]}
        content = {"jsonrpc": "2.0", "id": message["id"], "result": result}
        return Answer(json=content, headers=(("Mcp-Session-Id", str(session["id"])),))

    with FaultServer(answer) as server:
        settings = {
            "url": f"mcp+{server.url}/mcp",
            "timeout": 15,
            "retries": 0,
            "mcp": {"protocol": "legacy"},
        }

        def said() -> Any:
            result = CustomAction("echo", settings).invoke(Request(), DialogueResponder())
            assert result.answer is not None, result.error
            return (result.answer.directives or ())[0]["payload"]["text"]

        assert said() == "session 1"
        session["id"] = 7
        assert said() == "session 8"
        close_endpoints()


@pytest.mark.parametrize("count", [200_000])
def test_an_answer_beyond_its_limit_is_not_taken(invoke: Run, url: str, protocol: str, count: int) -> None:
    result = invoke(
        "large",
        url,
        max_response_bytes=100_000,
        mcp={"protocol": protocol, "arguments": {"large": {"count": {"value": count}}}},
    )
    assert isinstance(result.error, AnswerTooLarge), result.error
    assert result.error.sent is Sent.YES


def test_other_calls_go_on_beside_an_answer_that_is_too_large() -> None:
    settings = {
        "url": command(PEER, "stdio"),
        "timeout": 15,
        "max_response_bytes": 100_000,
        "mcp": {"arguments": {"large": {"count": {"value": 200_000}}}},
    }

    async def calls() -> list[Any]:
        names = ["echo", "large", "echo", "large", "echo"]
        turn = Request(text="hi")
        return await asyncio.gather(
            *(CustomAction(name, settings).invoke_async(turn, DialogueResponder()) for name in names)
        )

    results = asyncio.run(calls())
    assert [bool(result) for result in results] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("mcp+stdio:no-such-program-at-all --x", ConnectFailed), ("mcp+stdio:true", ConnectionLost)],
)
def test_a_command_that_is_no_server_is_named(invoke: Run, text: str, kind: type[Exception]) -> None:
    result = invoke("echo", text)
    assert isinstance(result.error, kind)
    assert result.error.sent is Sent.NO
    assert not children


def test_a_command_that_reads_no_more_is_lost_before_the_call_and_ended(
    colour: str, action: Callable[..., CustomAction], protocol: str
) -> None:
    custom = action("add", command(PEER.with_name("old_server.py"), "deaf"), mcp={"protocol": protocol})
    turn = Request(frame={"first": 2, "second": 3}), DialogueResponder()
    result = custom.invoke(*turn) if colour == "sync" else asyncio.run(custom.invoke_async(*turn))
    assert isinstance(result.error, ConnectionLost), result.error
    assert result.error.sent is Sent.NO
    close_endpoints()
    assert not children


def test_a_server_that_does_not_run_is_not_reached(invoke: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    result = invoke("echo", f"mcp+http://127.0.0.1:{port}/mcp")
    assert isinstance(result.error, ConnectFailed)
    assert result.error.sent is Sent.NO


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (Answer(status=401), NotAuthorized),
        (Answer(status=403), NotAuthorized),
        (Answer(status=503, headers=(("Retry-After", "7"),)), ServerUnavailable),
        (Answer(status=500, json={"oops": True}), ServerFailed),
        (Answer(status=307, headers=(("Location", "/elsewhere"),)), Redirected),
        (Answer(body=b"<html>", headers=(("Content-Type", "text/html"),)), InvocationError),
        (Answer(body=b"not json", headers=(("Content-Type", "application/json"),)), BadAnswer),
        (Close(), ConnectionLost),
    ],
)
def test_a_server_that_is_none_of_the_protocol_says_why(
    invoke: Run, script: Any, kind: type[Exception]
) -> None:
    with FaultServer(script) as server:
        result = invoke("echo", f"mcp+{server.url}/mcp")
    assert isinstance(result.error, kind), result.error
    assert result.error.sent is Sent.NO
    if kind is ServerUnavailable:
        assert result.error.retry_after == 7


def test_what_breaks_the_output_schema_is_not_merged(invoke: Run) -> None:
    result = invoke("lie", command(PEER.with_name("liar.py")))
    assert isinstance(result.error, SchemaMismatch)
    assert result.answer is None


def test_a_call_that_is_cancelled_is_called_off(journal: Path, url: str) -> None:
    env = {"env": {"PEER_JOURNAL": str(journal)}} if url.startswith("mcp+stdio") else {}
    before = noted(journal, "hanging"), noted(journal, "called off")

    async def leave() -> None:
        action = CustomAction("hang", {"url": url, "timeout": 30, "mcp": env})
        call = asyncio.ensure_future(action.invoke_async(Request(), DialogueResponder()))
        while noted(journal, "hanging") == before[0]:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while noted(journal, "called off") == before[1]:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(leave(), 20))


def test_nothing_is_left_when_all_is_closed(url: str, protocol: str) -> None:
    settings = {"url": url, "timeout": 15, "mcp": {"protocol": protocol}}
    action = CustomAction("echo", settings)
    before = threading.active_count()
    assert action.invoke(Request(text="hi"), DialogueResponder())

    async def calls() -> None:
        assert await action.invoke_async(Request(text="hi"), DialogueResponder())
        assert len(children) == (2 if url.startswith("mcp+stdio") else 0)

    asyncio.run(calls())
    assert len(children) == (1 if url.startswith("mcp+stdio") else 0)
    close_endpoints()
    assert not children
    assert threading.active_count() <= before
    gc.collect()  # a transport that was not closed would complain here


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mcp": {"tool": {}}}, "did you mean 'tools'"),
        ({"mcp": {"arguments": {"a": {"b": "entity"}}}}, "entity:<role or type>"),
        ({"mcp": {"slots": {"a": {"b": "x"}}}}, "JSON Pointer"),
        ({"mcp": {"protocol": "2031"}}, "auto"),
        ({"mcp": {"cwd": "here"}}, "for a command"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        CustomAction("echo", {"url": "mcp+http://127.0.0.1:1/mcp", **settings}).invoke(
            Request(), DialogueResponder()
        )
