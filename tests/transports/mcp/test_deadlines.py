"""No call lasts beyond its time, and the server is told that nobody waits any more."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

from mm_actions import DialogueResponder, Request
from mm_actions.errors import DeadlineExceeded, Sent
from transports.mcp.conftest import QUICK, noted, opened, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mm_actions import ActionResult, CustomAction
    from transports.mcp.conftest import Run

SHORT: float = QUICK["timeout"]
LONG = SHORT + 2
"""Seconds that tell a call that was given up from one that was waited for, on a busy machine as well."""


def called_in_an_open_session(
    colour: str, action: Callable[..., CustomAction], name: str, url: str, **mcp: Any
) -> ActionResult:
    """Call an action once another one has been answered, for a command may need longer to start.

    An asynchronous caller's event loop ends with the call, which must not keep the server from being told.
    """
    first, second = (action(each, url, mcp=mcp, **QUICK) for each in ("echo", name))
    turn = Request(text="hi")
    if colour == "sync":
        until(lambda: bool(first.invoke(turn, DialogueResponder())))
        return second.invoke(turn, DialogueResponder())

    async def called() -> ActionResult:
        await opened(first, turn)
        return await second.invoke_async(turn, DialogueResponder())

    return asyncio.run(called())


def test_a_tool_that_hangs_is_given_up_in_time_and_called_off(
    colour: str, action: Callable[..., CustomAction], url: str, protocol: str, journal: Path
) -> None:
    before = noted(journal, "called off")
    result = called_in_an_open_session(colour, action, "hang", url, protocol=protocol)
    assert isinstance(result.error, DeadlineExceeded)
    assert result.error.sent is Sent.YES
    assert SHORT * 0.975 < result.elapsed < LONG
    until(lambda: noted(journal, "called off") > before)


def test_progress_does_not_extend_the_time(
    colour: str, action: Callable[..., CustomAction], url: str
) -> None:
    result = called_in_an_open_session(colour, action, "forever", url)
    assert isinstance(result.error, DeadlineExceeded)
    assert result.elapsed < LONG


def test_a_server_that_says_nothing_costs_no_more_than_the_time(invoke: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = invoke("echo", f"mcp+http://127.0.0.1:{silent.getsockname()[1]}/mcp", timeout=SHORT)
    assert isinstance(result.error, DeadlineExceeded)
    assert result.error.sent is Sent.NO
    assert result.elapsed < 2
