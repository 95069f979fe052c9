"""The progress of a tool is shown as it comes, and the answer is the last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from mm_actions import DialogueResponder, Request
from mm_actions.errors import ActionRejected, ConnectionLost, DeadlineExceeded
from transports.mcp.conftest import PEER, QUICK, command, noted, opened, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from mm_actions import ActionResult, CustomAction

    Run = Callable[[Coroutine[Any, Any, ActionResult | None]], ActionResult | None]


def followed(
    colour: str,
    custom: CustomAction,
    run: Run,
    *,
    most: int = 1000,
    text: str = "hi",
    first: CustomAction | None = None,
) -> tuple[list[dict[str, Any]], ActionResult | None, DialogueResponder]:
    """Take so many directives of a stream, and its result if it ended; another call may open the session."""
    request = Request(text=text, frame={"count": 3})
    responder = DialogueResponder()
    directives: list[dict[str, Any]] = []
    if colour == "sync":
        if first is not None:
            until(lambda: bool(first.invoke(request, DialogueResponder())))
        with custom.stream(request, responder) as stream:
            for directive in stream:
                directives.append(directive)
                if len(directives) == most:
                    return directives, None, responder
        return directives, stream.result, responder

    async def follow() -> ActionResult | None:
        if first is not None:
            await opened(first, request)
        async with custom.stream_async(request, responder) as stream:
            async for directive in stream:
                directives.append(directive)
                if len(directives) == most:
                    return None
        return stream.result

    return directives, run(follow()), responder


def test_progress_is_shown_as_it_comes(
    colour: str, action: Callable[..., CustomAction], url: str, protocol: str, loop: asyncio.Runner
) -> None:
    custom = action("steps", url, mcp={"protocol": protocol})
    directives, result, responder = followed(colour, custom, loop.run)
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


def test_a_failure_ends_a_stream_and_merges_nothing(
    colour: str, action: Callable[..., CustomAction], url: str, loop: asyncio.Runner
) -> None:
    directives, result, responder = followed(colour, action("fail", url), loop.run, text="no tea")
    assert result is not None
    assert isinstance(result.error, ActionRejected)
    assert directives == responder.directives == []


def test_progress_without_an_end_is_cut_off_in_time(
    colour: str, action: Callable[..., CustomAction], url: str, loop: asyncio.Runner
) -> None:
    first, custom = (action(name, url, **QUICK) for name in ("echo", "forever"))
    directives, result, _ = followed(colour, custom, loop.run, first=first)
    assert result is not None
    assert isinstance(result.error, DeadlineExceeded)
    assert directives


def test_a_server_that_dies_ends_a_stream(
    colour: str, action: Callable[..., CustomAction], loop: asyncio.Runner
) -> None:
    _, result, _ = followed(colour, action("crash", command(PEER, "stdio")), loop.run)
    assert result is not None
    assert isinstance(result.error, ConnectionLost)


def test_leaving_a_stream_calls_the_tool_off(
    colour: str, action: Callable[..., CustomAction], url: str, journal: Path
) -> None:
    before = noted(journal, "left")
    # The loop ends right after, which must not keep the server from being told.
    directives, result, _ = followed(colour, action("forever", url), asyncio.run, most=2)
    assert len(directives) == 2
    assert result is None
    until(lambda: noted(journal, "left") > before)
