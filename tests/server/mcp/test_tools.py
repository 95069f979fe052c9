"""The official client lists and calls our actions, over HTTP and pipes, in both protocols."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, CallToolResult
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from server.mcp.conftest import noted

if TYPE_CHECKING:
    from mcp import Client

    from server.mcp.conftest import Caller


def called(caller: Caller, name: str, arguments: dict[str, Any] | None = None) -> CallToolResult:
    return caller.within(lambda client: client.call_tool(name, arguments))


def texts(result: CallToolResult) -> list[str]:
    return [block.text for block in result.content if block.type == "text"]


def test_tools_have_the_schemas_of_typed_arguments(caller: Caller) -> None:
    async def work(client: Client) -> Any:
        wanted = LATEST_HANDSHAKE_VERSION if caller.protocol == "legacy" else LATEST_MODERN_VERSION
        assert client.protocol_version == wanted
        assert client.server_info is not None
        assert client.server_info.name == "mm-actions"
        return await client.list_tools()

    tools = {tool.name: tool for tool in caller.within(work).tools}
    order = tools["order"]
    assert order.description == "Order drinks."
    assert order.input_schema["required"] == ["size"]
    assert order.input_schema["properties"]["count"] == {"type": "integer"}
    assert sorted(order.input_schema["properties"]["size"]["enum"]) == ["large", "small"]
    assert order.annotations is not None
    assert order.annotations.idempotent_hint is True
    assert tools["tell_a_story"].title == "tell a story"
    assert tools["tell_a_story"].description == "Deprecated. Tell it part by part."
    assert tools["broken"].annotations is None


def test_an_action_is_called_with_typed_arguments(caller: Caller) -> None:
    result = called(caller, "order", {"size": "large", "count": "2", "text": "two teas"})
    assert not result.is_error
    assert texts(result) == ["2 large: two teas", '{"slots": {"ordered": 2}}']
    assert result.structured_content == {
        "directives": [{"name": "reply", "type": "view", "payload": {"text": "2 large: two teas"}}],
        "slots": {"ordered": 2},
    }


def test_arguments_that_do_not_fit_are_named(caller: Caller) -> None:
    result = called(caller, "order", {"count": "many"})
    assert result.is_error
    assert "'size' is missing" in texts(result)[0]
    assert "'count' must be a whole number" in texts(result)[0]


def test_an_unknown_tool_is_an_error_of_the_protocol(caller: Caller) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(MCPError, match="Unknown tool: nothing") as error:
            await client.call_tool("nothing")
        assert error.value.code == INVALID_PARAMS

    caller.within(work)


def test_a_failure_says_what_is_public_and_no_more(caller: Caller) -> None:
    result = called(caller, "broken")
    assert result.is_error
    assert texts(result) == ["Action failed\nThe server's log says why."]
    assert "s3cret" not in json.dumps(result.model_dump(mode="json"))
    assert texts(called(caller, "refuse")) == ["Not Found\nthere is no tea"]


def test_progress_tells_of_what_is_flushed(caller: Caller) -> None:
    told: list[Any] = []

    async def work(client: Client) -> CallToolResult:
        async def show(progress: float, total: float | None, message: str | None) -> None:
            told.append((progress, total, message))

        result = await client.call_tool("tell_a_story", progress_callback=show)
        plain = await client.call_tool("tell a story")
        assert plain.content == result.content
        return result

    result = caller.within(work)
    assert told == [(1, None, "part 0"), (2, None, "part 1"), (3, None, "part 2")]
    assert texts(result) == [
        "part 0",
        "part 1",
        "part 2",
        '{"directives": [{"name": "listen", "type": "action"}]}',
    ]


@pytest.mark.parametrize(
    ("action", "begun", "ended"), [("hang", "hanging", "called off"), ("dig", "digging", "given up")]
)
def test_a_call_that_is_called_off_ends_its_action(
    caller: Caller, action: str, begun: str, ended: str
) -> None:
    async def work(client: Client) -> None:
        call = asyncio.ensure_future(client.call_tool(action))
        await noted(caller.journal.parent, begun)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        # Without sessions, the old protocol has no way to say so over HTTP but to close the connection.
        if not caller.leaves:
            await noted(caller.journal.parent, ended)

    caller.within(work)
    if caller.leaves:
        asyncio.run(noted(caller.journal.parent, ended))


def test_calls_run_at_the_same_time(caller: Caller) -> None:
    async def work(client: Client) -> list[CallToolResult]:
        sizes = ["small", "large"] * 10
        calls = (client.call_tool("order", {"size": size, "text": str(n)}) for n, size in enumerate(sizes))
        return await asyncio.gather(*calls)

    results = caller.within(work)
    assert [texts(result)[0] for result in results] == [
        f"1 {'large' if n % 2 else 'small'}: {n}" for n in range(20)
    ]
