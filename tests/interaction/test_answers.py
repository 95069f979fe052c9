from __future__ import annotations

from typing import Any

import pytest
from tests.interaction.actions import CARD
from tests.interaction.turns import members, turn

from mm_actions import CustomAction


@pytest.mark.requirement("answer-text")
@pytest.mark.parametrize("name", ["say", "say_async"])
def test_a_reply_arrives(way: dict[str, Any], colour: Any, name: str) -> None:
    request, responder = turn('grüß 😀 "quoted" \\ \n end')
    assert colour.invoke(CustomAction(name, way), request, responder)
    assert responder.directives == [
        {"name": "reply", "type": "view", "payload": {"text": f"You said {request.text}"}}
    ]


@pytest.mark.requirement("answer-order")
def test_directives_arrive_in_their_order(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    assert colour.invoke(CustomAction("say_much", way), request, responder)
    for suggestion in responder.directives[1]["payload"]:
        suggestion.pop("payload", None)  # what a button of Rasa sends, and how: by default its text
        suggestion.pop("type", None)
    assert responder.directives == [
        {"name": "reply", "type": "view", "payload": {"text": "one"}},
        {"name": "suggestions", "type": "view", "payload": [{"text": "yes"}, {"text": "no"}]},
        {"name": "reply", "type": "view", "payload": {"text": "two"}},
        {"name": "listen", "type": "action"},
    ]


@pytest.mark.requirement("answer-other")
def test_a_directive_of_the_actions_own_kind_arrives_whole(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    assert colour.invoke(CustomAction("show_card", way), request, responder)
    assert responder.directives == [{"name": "card", "type": "view", "payload": CARD}]
    assert isinstance(responder.directives[0]["payload"]["pieces"], int)


@pytest.mark.requirement("answer-frame")
def test_the_frame_arrives_with_its_structure(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    assert colour.invoke(CustomAction("remember", way), request, responder)
    order = {"size": "large", "pieces": 2, "tags": ["x", {"y": None}], "price": 1.5}
    assert {name: responder.frame[name] for name in ("size", "order", "times")} == {
        "size": "large", "order": order, "times": 1
    }  # fmt: skip
    assert isinstance(responder.frame["times"], int)


@pytest.mark.requirement("answer-empty")
def test_an_action_that_says_nothing_changes_nothing(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    responder.reply("already said")
    before = members(turn()[1])
    assert colour.invoke(CustomAction("nothing", way), request, responder)
    assert responder.directives.pop() == {
        "name": "reply",
        "type": "view",
        "payload": {"text": "already said"},
    }
    assert members(responder) == before


@pytest.mark.requirement("request-turn")
def test_an_action_sees_the_turn(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    assert colour.invoke(CustomAction("look", way), request, responder)
    assert responder.frame["seen"] == {
        "text": "a large one",
        "intent": "order",
        "entities": [["size", "large", None], ["topping", "ham", "first"]],
        "size": "large",
        "topping": "ham",
    }


@pytest.mark.requirement("request-frame")
def test_the_next_turn_has_the_frame_of_the_last(way: dict[str, Any], colour: Any) -> None:
    action, frame = CustomAction("remember", way), None
    for times in (1, 2, 3):
        request, responder = turn(f"turn {times}", frame)
        assert colour.invoke(action, request, responder)
        frame = responder.frame
        assert frame["times"] == times


@pytest.mark.requirement("merge-adds")
def test_an_answer_is_added_to_what_is_there(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    responder.reply("first")
    responder.frame["mine"] = 1
    assert colour.invoke(CustomAction("say", way), request, responder)
    assert [each["payload"]["text"] for each in responder.directives] == ["first", "You said a large one"]
    assert (responder.frame["mine"], responder.frame["size"]) == (1, "large")


@pytest.mark.requirement("merge-replaces")
def test_without_merge_the_answers_directives_take_the_place(way: dict[str, Any], colour: Any) -> None:
    request, responder = turn()
    responder.reply("first")
    assert colour.invoke(CustomAction("say", way, merge=False), request, responder)
    assert [each["payload"]["text"] for each in responder.directives] == ["You said a large one"]
