"""A tool is called as an action: over both transports, in both protocols and both colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mm_actions.errors import ActionNotFound, ActionRejected, EncodingFailed, Sent
from transports.mcp.conftest import PEER, command, noted

if TYPE_CHECKING:
    from pathlib import Path

    from transports.mcp.conftest import Run


def test_arguments_are_found_by_their_names_and_converted(
    invoke: Run, url: str, protocol: str, journal: Path
) -> None:
    before = noted(journal, "order large 2 ['tea'] False")
    result = invoke("order", url, slots={"hot": "no"}, mcp={"protocol": protocol})
    assert result, result.error
    assert result.answer is not None
    assert result.answer.slots == {"number": 7, "total": 5.0, "drinks": ["tea"]}
    assert result.answer.directives == [
        {
            "name": "structured_content",
            "type": "event",
            "payload": {"number": 7, "total": 5.0, "drinks": ["tea"]},
        }
    ]
    assert noted(journal, "order large 2 ['tea'] False") == before + 1


def test_a_declared_mapping_goes_before_names(invoke: Run, url: str) -> None:
    result = invoke(
        "buy",
        url,
        slots={"amount": "3"},
        mcp={
            "tools": {"buy": "order"},
            "arguments": {
                "buy": {
                    "size": {"value": "small"},
                    "count": "slot:amount",
                    "drinks": "text",
                    "hot": "frame:hot",
                }
            },
            "slots": {"buy": {"order_number": "/number", "first": "/drinks/0", "nothing": "/absent"}},
        },
    )
    assert result, result.error
    assert result.answer is not None
    assert result.answer.slots == {"order_number": 7, "first": "two large teas"}


def test_texts_are_replies_and_nothing_else_is_lost(invoke: Run, url: str, protocol: str) -> None:
    result = invoke("pictures", url, mcp={"protocol": protocol})
    assert result.answer is not None
    directives = {each["name"]: each["payload"] for each in result.answer.directives or ()}
    assert directives == {
        "reply": {"text": "look"},
        "image": {"data": "iVBORw==", "mimeType": "image/png"},
        "resource_link": {"uri": "file:///menu.txt", "name": "menu"},
        "resource": {"resource": {"uri": "file:///menu.txt", "mimeType": "text/plain", "text": "tea"}},
        "structured_content": {"count": 2},
        "result_meta": {"shop/trace": "t-1"},
    }
    assert result.answer.slots == {"count": 2}


def test_the_text_of_the_turn_fills_an_argument_of_that_name(invoke: Run, url: str) -> None:
    result = invoke("echo", url)
    assert result.answer is not None
    assert (result.answer.directives or ())[0] == {
        "name": "reply",
        "type": "view",
        "payload": {"text": "two large teas"},
    }


def test_a_missing_argument_is_named_before_anything_is_sent(invoke: Run, url: str, journal: Path) -> None:
    before = journal.read_text(encoding="utf-8") if journal.exists() else ""
    result = invoke("order", url, turn={"text": "hi"}, slots={"size": "huge", "count": "many"})
    assert isinstance(result.error, EncodingFailed)
    assert result.error.sent is Sent.NO
    for part in (
        "'size' must be one of small, large",
        "'count' must be a whole number",
        "'drinks' is missing",
    ):
        assert part in str(result.error)
    assert (journal.read_text(encoding="utf-8") if journal.exists() else "") == before


def test_a_tool_that_fails_is_a_rejection_with_its_words_bounded(
    invoke: Run, url: str, protocol: str
) -> None:
    result = invoke("fail", url, turn={"text": "no\x1b[2J tea\n" + "x" * 1000}, mcp={"protocol": protocol})
    assert isinstance(result.error, ActionRejected)
    assert result.error.sent is Sent.YES
    assert result.attempts == 1
    assert result.error.cause.startswith("the tool says: ")
    assert "no?[2J tea" in result.error.cause
    assert len(result.error.cause) < 400
    assert result.error.problem is not None


def test_an_unknown_tool_is_not_found_and_the_nearest_are_named(invoke: Run, url: str) -> None:
    result = invoke("ordr", url, mcp={"tools": {"purchase": "order"}})
    assert isinstance(result.error, ActionNotFound)
    assert result.error.sent is Sent.NO
    named = invoke("purchas", url, mcp={"tools": {"purchase": "order"}})
    assert "'purchase'" in str(named.error)


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
def test_an_old_server_of_another_maker_is_understood(invoke: Run, protocol: str) -> None:
    result = invoke(
        "add",
        command(PEER.with_name("old_server.py")),
        turn={"text": "", "frame": {"first": "2", "second": 3.0}},
        mcp={"protocol": protocol},
    )
    assert result, result.error
    assert result.answer is not None
    assert result.answer.directives == [{"name": "reply", "type": "view", "payload": {"text": "5"}}]


def test_a_command_sees_what_it_is_given_of_the_environment_and_no_more(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    result = invoke("whoami", command(PEER, "stdio"), mcp={"env": {"GIVEN": "yes"}})
    assert result.answer is not None
    assert result.answer.slots is not None
    assert (result.answer.slots["secret"], result.answer.slots["given"]) == ("", "yes")
