from __future__ import annotations

from typing import Any

import pytest
from tests.interaction.turns import turn

from mm_actions import Application, CustomAction, CustomActionSequence, Request


@pytest.mark.requirement("sequence")
def test_each_action_of_a_sequence_sees_what_was_merged(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    result = colour.invoke(CustomActionSequence(["say", "remember", "say_much"], way), request, responder)
    assert [step.action for step in result.steps] == ["say", "remember", "say_much"]
    assert result
    assert responder.frame["times"] == 1
    assert [each["name"] for each in responder.directives] == [
        "reply",
        "reply",
        "suggestions",
        "reply",
        "listen",
    ]


@pytest.mark.requirement("sequence-stops")
def test_a_sequence_ends_with_the_first_failure(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    result = colour.invoke(CustomActionSequence(["remember", "explode", "say"], way), request, responder)
    assert not result
    assert [bool(step) for step in result.steps] == [True, False]
    assert (responder.frame["times"], responder.directives) == (1, [])


@pytest.mark.requirement("sequence-across")
def test_a_sequence_goes_over_different_ways(way: dict[str, Any], other: dict[str, Any], colour: Any) -> None:
    actions = [CustomAction("say", way), CustomAction("remember", other), CustomAction("say_much", way)]
    request, responder = turn()
    assert colour.invoke(CustomActionSequence(actions), request, responder)
    assert responder.frame["times"] == 1
    assert [each["name"] for each in responder.directives] == [
        "reply",
        "reply",
        "suggestions",
        "reply",
        "listen",
    ]


@pytest.mark.requirement("turn")
def test_an_intent_is_answered_by_its_action(way: dict[str, Any], colour: Any) -> None:
    app = _app(way, colour)
    responder = colour.process(
        app, request_or_text=Request(text="a large one", domain="shop", intent="order")
    )
    assert responder.directives == [
        {"name": "reply", "type": "view", "payload": {"text": "You said a large one"}}
    ]


@pytest.mark.requirement("turn-failure")
def test_a_turn_whose_action_fails_is_answered_by_on_failure(way: dict[str, Any], colour: Any) -> None:
    app = _app(way, colour)
    responder = colour.process(app, request_or_text=Request(text="boom", domain="shop", intent="break"))
    assert responder.directives == [{"name": "reply", "type": "view", "payload": {"text": "Sorry."}}]


def _app(way: dict[str, Any], colour: Any) -> Application:
    app = Application("tests.interaction", async_mode=colour.async_mode)
    app.custom_action_config = way
    app.custom_action(intent="order", action="say")
    app.custom_action(intent="break", action="explode", on_failure="Sorry.")
    return app
