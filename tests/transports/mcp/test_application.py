"""From what a user says to a tool of a server, and back."""

from __future__ import annotations

import asyncio

from mm_actions import Application, DialogueResponder, Request
from transports.mcp.conftest import ORDER, PEER, command


def shop(url: str) -> Application:
    app = Application(__name__)
    app.custom_action_config = {"url": url, "timeout": 15, "mcp": {"tools": {"place_order": "order"}}}
    app.custom_action(intent="place_order", action="place_order")
    return app


def test_an_intent_leads_to_a_tool(colour: str, url: str) -> None:
    app = shop(url)
    request = Request(domain="shop", intent="place_order", **ORDER)
    if colour == "sync":
        responder: DialogueResponder = app.process(request)
    else:
        responder = asyncio.run(app.process_async(request))
    assert responder.slots == {"number": 7, "total": 5.0, "drinks": ["tea"]}
    assert responder.directives[0]["name"] == "structured_content"


def test_what_is_missing_is_answered_by_on_failure() -> None:
    app = shop(command(PEER, "stdio"))
    responder = app.process(Request(domain="shop", intent="place_order", text="hi"))
    assert responder.slots == {}
    assert [each["name"] for each in responder.directives] == ["reply"]
