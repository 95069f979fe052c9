"""A server whose tool breaks its own output schema."""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


async def listed(_context: Any, _params: Any) -> types.ListToolsResult:
    wanted = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    return types.ListToolsResult(
        tools=[types.Tool(name="lie", input_schema={"type": "object"}, output_schema=wanted)]
    )


async def called(_context: Any, _params: Any) -> types.CallToolResult:
    return types.CallToolResult(content=[], structured_content={"count": "many"})


async def main() -> None:
    server: Server[Any] = Server("liar", on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(main())
