"""The progress of a tool is shown as it comes, and the answer is the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mm_actions import CustomAction, DialogueResponder, Request
from mm_actions.errors import ActionRejected, ConnectionLost, DeadlineExceeded
from transports.mcp.conftest import PEER, command, noted, until

if TYPE_CHECKING:
    from pathlib import Path

    from mm_actions import ActionResult


def followed(
    colour: str, action: str, settings: dict[str, Any], most: int = 1000, text: str = ""
) -> tuple[list[dict[str, Any]], ActionResult | None, DialogueResponder]:
    """Take so many directives of a stream, and its result if it ended."""
    request = Request(text=text, frame={"count": 3})
    responder = DialogueResponder()
    custom = CustomAction(action, {"timeout": 15, "retries": 0, **settings})
    directives: list[dict[str, Any]] = []
    if colour == "sync":
        with custom.stream(request, responder) as stream:
            for directive in stream:
                directives.append(directive)
                if len(directives) == most:
                    return directives, None, responder
        return directives, stream.result, responder

    async def follow() -> ActionResult | None:
        async with custom.stream_async(request, responder) as stream:
            async for directive in stream:
                directives.append(directive)
                if len(directives) == most:
                    return None
        return stream.result

    return directives, asyncio.run(follow()), responder


def test_progress_is_shown_as_it_comes(colour: str, url: str, protocol: str) -> None:
    directives, result, responder = followed(colour, "steps", {"url": url, "mcp": {"protocol": protocol}})
    assert result, result and result.error
    assert directives[:3] == [
        {
            "name": "progress",
            "type": "event",
            "payload": {"progress": step, "total": 3.0, "message": f"step {step}"},
        }
        for step in (1, 2, 3)
    ]
    assert directives[3:] == [
        {"name": "reply", "type": "view", "payload": {"text": "done"}},
        {"name": "structured_content", "type": "event", "payload": {"result": "done"}},
    ]
    assert [each["name"] for each in responder.directives] == ["reply", "structured_content"]
    assert responder.slots["result"] == "done"


def test_a_failure_ends_a_stream_and_merges_nothing(colour: str, url: str) -> None:
    directives, result, responder = followed(colour, "fail", {"url": url}, text="no tea")
    assert result is not None
    assert isinstance(result.error, ActionRejected)
    assert directives == responder.directives == []


def test_progress_without_an_end_is_cut_off_in_time(colour: str, url: str) -> None:
    directives, result, _ = followed(colour, "forever", {"url": url, "timeout": 3})
    assert result is not None
    assert isinstance(result.error, DeadlineExceeded)
    assert directives


def test_a_server_that_dies_ends_a_stream(colour: str) -> None:
    _, result, _ = followed(colour, "crash", {"url": command(PEER, "stdio")})
    assert result is not None
    assert isinstance(result.error, ConnectionLost)


def test_leaving_a_stream_calls_the_tool_off(colour: str, url: str, journal: Path) -> None:
    mcp = {"env": {"PEER_JOURNAL": str(journal)}} if url.startswith("mcp+stdio") else {}
    before = noted(journal, "left")
    directives, result, _ = followed(colour, "forever", {"url": url, "mcp": mcp}, most=2)
    assert len(directives) == 2
    assert result is None
    until(lambda: noted(journal, "left") > before)
