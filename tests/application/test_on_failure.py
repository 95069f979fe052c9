"""What the user hears when an action fails."""

from __future__ import annotations

import pytest
from tests.application.conftest import actions_of, at, by_action, says, texts

from mm_actions import Application, CustomAction, CustomActionSequence, Request
from mm_actions.application.failure import APOLOGY
from mm_actions.errors import ServerFailed
from mm_actions.testing.scripted import ScriptedEngine, answer

TURN = Request(text="hi", intent="i", frame={"name": "Bo"})
BROKEN = answer(status=500)


@pytest.fixture
def engine():
    return ScriptedEngine(
        by_action(
            broken=BROKEN, also_broken=BROKEN, fine=says("fine"), say_sorry=says("so sorry"), sorry=BROKEN
        )
    )


def test_by_default_a_short_apology_is_replied(app, take_turn):
    app.custom_action(intent="i", action="broken")
    assert texts(take_turn(app, TURN)) == [APOLOGY]


def test_by_default_nothing_is_added_to_what_there_is_to_say(app, take_turn):
    app.custom_action(intent="i", actions=["fine", "broken"])
    assert texts(take_turn(app, TURN)) == ["fine"]


def test_a_text_is_replied_even_so(app, take_turn):
    app.custom_action(intent="i", actions=["fine", "broken"], on_failure="The rest failed.")
    assert texts(take_turn(app, TURN)) == ["fine", "The rest failed."]


def test_a_text_is_a_template_of_slots(app, take_turn):
    @app.middleware
    async def fill(request, responder, handler):
        responder.slots["name"] = "Bo"
        return await handler(request, responder)

    app.custom_action(intent="i", action="broken", on_failure="Sorry, {name}.")
    assert texts(take_turn(app, TURN)) == ["Sorry, Bo."]


def test_an_action_answers(app, engine, take_turn):
    app.custom_action(intent="i", action="broken", on_failure="say_sorry")
    assert texts(take_turn(app, TURN)) == ["so sorry"]
    assert actions_of(engine) == ["broken", "say_sorry"]


def test_a_name_that_the_config_lists_is_an_action_however_it_is_spelt(take_turn, engine):
    app = Application(__name__)
    config = {"servers": {"s": at(engine)}, "actions": {"fine": "s"}}
    app.custom_action(intent="i", action="broken", on_failure="fine", config=config)
    app.custom_action(intent="j", action="broken", on_failure="Sorry", config=config)
    assert texts(take_turn(app, TURN)) == ["fine"]
    assert texts(take_turn(app, Request(intent="j"))) == ["Sorry"]


def test_an_action_that_fails_too_leaves_the_apology(app, take_turn):
    app.custom_action(intent="i", action="broken", on_failure="also_broken")
    app.custom_action(intent="j", actions=["fine", "broken"], on_failure="also_broken")
    assert texts(take_turn(app, TURN)) == [APOLOGY]
    assert texts(take_turn(app, Request(intent="j"))) == ["fine"]


@pytest.mark.parametrize("kind", [CustomAction, CustomActionSequence])
def test_an_action_on_another_server_answers(app, take_turn, kind):
    other = at(ScriptedEngine(says("from elsewhere")))
    fallback = kind("sorry" if kind is CustomAction else ["sorry"], other)
    app.custom_action(intent="i", action="broken", on_failure=fallback)
    assert texts(take_turn(app, TURN)) == ["from elsewhere"]


@pytest.mark.parametrize("colour", ["plain", "async"])
def test_a_handler_answers_and_is_told_what_happened(app, take_turn, colour):
    results = []

    def explain(request, responder, result):
        results.append(result)
        responder.reply(f"{request.text}: {result.action} failed")

    async def explain_async(request, responder, result):
        explain(request, responder, result)

    app.custom_action(intent="i", action="broken", on_failure=explain if colour == "plain" else explain_async)
    assert texts(take_turn(app, TURN)) == ["hi: broken failed"]
    assert isinstance(results[0].error, ServerFailed)
    assert not results[0]
    assert results[0].steps[0].action == "broken"


def test_a_handler_of_a_rule_answers_as_it_is(app, take_turn):
    @app.handle(intent="help")
    def helps(request, responder):
        responder.reply("Ask me for tea.")

    app.custom_action(intent="i", action="broken", on_failure=helps)
    assert texts(take_turn(app, TURN)) == ["Ask me for tea."]


def test_a_handler_that_says_nothing_is_not_spoken_over(app, take_turn):
    app.custom_action(intent="i", action="broken", on_failure=lambda *turn: None)
    assert take_turn(app, TURN).directives == []


def test_a_handler_may_send_the_turn_elsewhere(app, take_turn):
    app.handle(name="elsewhere", targeted_only=True)(lambda request, responder: responder.reply("elsewhere"))
    app.custom_action(intent="i", action="broken", on_failure=lambda *turn: app.reprocess("elsewhere"))
    responder = take_turn(app, TURN)
    assert (responder.dialogue_state, texts(responder)) == ("elsewhere", ["elsewhere"])


def test_a_built_in_without_a_signature_may_answer(app, take_turn):
    app.custom_action(intent="i", action="broken", on_failure=max)
    with pytest.raises(TypeError):  # it was called, and cannot compare its arguments
        take_turn(app, TURN)


def test_the_app_answers_where_a_rule_does_not_say(engine, take_turn):
    app = Application(__name__, on_failure="The app is sorry.")
    app.custom_action_config = at(engine)
    app.custom_action(intent="i", action="broken")
    app.custom_action(intent="j", action="broken", on_failure="The rule is sorry.")
    assert texts(take_turn(app, TURN)) == ["The app is sorry."]
    assert texts(take_turn(app, Request(intent="j"))) == ["The rule is sorry."]


def test_the_app_may_name_an_action(engine, take_turn):
    app = Application(__name__, on_failure="say_sorry")
    app.custom_action(intent="i", action="broken", config=at(engine))
    assert texts(take_turn(app, TURN)) == ["so sorry"]


def test_the_failed_action_leaves_frame_and_slots_as_they_were(app, take_turn):
    app.custom_action(intent="i", action="broken", on_failure="Sorry.")
    responder = take_turn(app, TURN)
    assert (responder.frame, responder.slots) == ({"name": "Bo"}, {})
