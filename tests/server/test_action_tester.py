from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mm_actions import DialogueResponder, Params, Request
from mm_actions.server import ActionServer
from mm_actions.testing.action_tester import ActionTester


@pytest.fixture
def shop(server: ActionServer) -> ActionTester:
    @server.action
    def order(request, responder, size: str):
        responder.frame["order"] = size
        responder.slots["size"] = size
        responder.reply("One {size}.")
        responder.listen()
        responder.params.target_dialogue_state = "pay"

    return ActionTester(server)


ENTITIES = [{"type": "size", "text": "large"}]


@pytest.mark.parametrize(
    "request_", [Request(entities=ENTITIES), {"entities": ENTITIES}], ids=["object", "dict"]
)
@pytest.mark.parametrize(
    "responder",
    [DialogueResponder(frame={"a": 1}, params=Params(language="en")), {"frame": {"a": 1}}, None],
    ids=["object", "dict", "none"],
)
def test_an_action_is_called_with_a_request_and_a_responder(
    shop: ActionTester, request_: Any, responder: Any
) -> None:
    tested = shop.call("order", request_, responder)
    assert tested.status == 200
    assert tested.texts == ["One large."]
    assert [directive["name"] for directive in tested.directives] == ["reply", "listen"]
    assert (tested.frame, tested.slots) == ({"order": "large"}, {"size": "large"})
    assert tested.params.target_dialogue_state == "pay"


def test_what_is_given_stays_as_it_is(shop: ActionTester) -> None:
    responder = DialogueResponder(frame={"a": 1})
    shop.call("order", Request(entities=ENTITIES), responder)
    assert (responder.frame, responder.directives) == ({"a": 1}, [])


def test_what_a_caller_would_be_told_is_the_problem(shop: ActionTester) -> None:
    tested = shop.call("order")
    assert (tested.status, tested.texts, tested.frame) == (422, [], {})
    assert tested.problem is not None
    assert tested.problem.title == "Invalid argument"


def test_within_an_event_loop_it_is_awaited(shop: ActionTester) -> None:
    async def main() -> list[str]:
        return (await shop.call_async("order", {"entities": ENTITIES})).texts

    assert asyncio.run(main()) == ["One large."]
