"""A server that is mounted in another application."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mm_actions.server import ActionServer


def get(server: ActionServer, path: str, root: str) -> dict[str, Any]:
    """Ask through ASGI, as an application does in which the server is mounted."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": root + path, "root_path": root, "headers": []}
    asyncio.run(server.asgi(scope, receive, send))
    assert sent[0]["status"] == 200
    found: dict[str, Any] = json.loads(sent[1]["body"])
    return found


@pytest.mark.parametrize(("root", "url"), [("", "/"), ("/bot", "/bot"), ("/a/b", "/a/b")])
def test_the_document_says_where_the_server_is(root: str, url: str) -> None:
    server = ActionServer()
    assert get(server, "/openapi.json", root)["servers"] == [{"url": url}]
    assert get(server, "/openapi.json", "/other")["servers"] == [{"url": "/other"}]
