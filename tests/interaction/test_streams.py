from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.interaction.actions import SECRET
from tests.interaction.turns import members, turn

from mm_actions import CustomAction
from mm_actions.errors import ServerFailed


def texts(directives: list[dict[str, Any]]) -> list[str]:
    """Give what is said; a reply may travel as a chunk, between a start and an end."""
    return [each["payload"]["text"] for each in directives if "text" in (each.get("payload") or {})]


@pytest.mark.requirement("stream-early")
@pytest.mark.requirement("stream-merge")
def test_a_directive_arrives_while_its_action_is_at_work(way: dict[str, Any], colour: Any) -> None:
    """The action goes on only once the caller, having seen the first directive, opens its gate."""
    gate = uuid4().hex
    request, responder = turn(gate)
    opener, seen = CustomAction("open_gate", way), []

    def see(directive: dict[str, Any]) -> None:
        seen.append(directive)
        assert members(responder) == members(turn(gate)[1])
        if texts([directive]) == ["before"]:
            assert opener.invoke(*turn(gate))

    result = colour.stream(CustomAction("pass_gate", way), request, responder, see)
    assert result
    assert texts(seen)[0] == "before"
    assert texts(responder.directives) == ["before", "after"]
    assert responder.frame["passed"] is True


@pytest.mark.requirement("stream-failure")
def test_a_stream_that_fails_merges_nothing(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    seen: list[dict[str, Any]] = []
    result = colour.stream(CustomAction("break_off", way), request, responder, seen.append)
    assert texts(seen) == ["before"]
    assert type(result.error) is ServerFailed
    assert SECRET not in f"{result.error!r} {result.error} {vars(result.error)}"
    assert members(responder) == members(turn()[1])


@pytest.mark.requirement("stream-left")
def test_a_stream_that_is_left_merges_nothing(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn(uuid4().hex)
    assert colour.first(CustomAction("pass_gate", way), request, responder)["type"] in {"view", "stream"}
    assert responder.directives == []
    request, responder = turn()
    assert colour.invoke(CustomAction("say", way), request, responder)
    assert len(responder.directives) == 1
