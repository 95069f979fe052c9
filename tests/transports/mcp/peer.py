"""A server written with the official SDK: run as a command, over pipes or over HTTP."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.utilities.types import Image
from mcp_types import CallToolResult, EmbeddedResource, ResourceLink, TextContent, TextResourceContents
from pydantic import BaseModel

peer = MCPServer("peer")
journal = os.environ.get("PEER_JOURNAL")


def note(line: str) -> None:
    if journal:
        with Path(journal).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Order(BaseModel):
    number: int
    total: float
    drinks: list[str]


@peer.tool()
def order(size: Literal["small", "large"], count: int, drinks: list[str], *, hot: bool = True) -> Order:
    """Order drinks."""
    note(f"order {size} {count} {drinks} {hot}")
    return Order(number=7, total=2.5 * count, drinks=drinks)


@peer.tool()
def echo(text: str) -> str:
    """Say it again."""
    return text


@peer.tool()
def whoami() -> dict[str, str]:
    """Tell about the process."""
    names = {"secret": "SECRET", "given": "GIVEN"}
    return {"process": str(os.getpid())} | {name: os.environ.get(key, "") for name, key in names.items()}


@peer.tool()
def pictures() -> CallToolResult:
    """Show what is no text."""
    return CallToolResult(
        content=[
            TextContent(type="text", text="look"),
            Image(data=b"\x89PNG", format="png").to_image_content(),
            ResourceLink(type="resource_link", uri="file:///menu.txt", name="menu"),
            EmbeddedResource(
                type="resource",
                resource=TextResourceContents(uri="file:///menu.txt", text="tea", mime_type="text/plain"),
            ),
        ],
        structured_content={"count": 2},
        _meta={"shop/trace": "t-1"},
    )


@peer.tool()
def fail(text: str) -> str:
    """Fail, and say why."""
    raise ToolError(text)


@peer.tool()
def crash() -> str:
    """End the process."""
    note("crash")
    os._exit(3)


@peer.tool()
def large(count: int) -> str:
    """Answer many bytes."""
    return "x" * count


@peer.tool()
async def hang(context: Context) -> str:
    """Never answer, and note when it is called off."""
    note("hanging")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        note("called off")
        raise
    return "late"


@peer.tool()
async def steps(count: int, context: Context) -> str:
    """Tell how far it is."""
    for step in range(count):
        await context.report_progress(step + 1, count, f"step {step + 1}")
    return "done"


@peer.tool()
async def forever(context: Context) -> str:
    """Make progress without an end."""
    step = 0
    try:
        while True:
            step += 1
            await context.report_progress(step)
            await asyncio.sleep(0.01)
    finally:
        note("left")


class Guarded:
    """Lets in only who shows what PEER_AUTHORIZATION says."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        wanted = os.environ.get("PEER_AUTHORIZATION", "").encode()
        if scope["type"] == "http" and wanted:
            headers = dict(scope["headers"])
            note(f"{headers.get(b'x-shop', b'').decode()} {headers.get(b'user-agent', b'').decode()}")
            if headers.get(b"authorization") != wanted:
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self._app(scope, receive, send)


def serve_http(*, stateless: bool) -> None:
    """Serve at a free port, which is said on the first line."""
    import uvicorn

    app = Guarded(peer.streamable_http_app(stateless_http=stateless))
    config = uvicorn.Config(
        app,
        log_level="warning",
        ssl_certfile=os.environ.get("PEER_CERTIFICATE"),
        ssl_keyfile=os.environ.get("PEER_KEY"),
        ssl_ca_certs=os.environ.get("PEER_CLIENT_CA"),
        ssl_cert_reqs=ssl.CERT_REQUIRED if "PEER_CLIENT_CA" in os.environ else ssl.CERT_NONE,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        peer.run("stdio")
    else:
        serve_http(stateless="stateless" in sys.argv)
