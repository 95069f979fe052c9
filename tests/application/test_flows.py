"""Dialogue flows: in them only their own rules count."""

from __future__ import annotations

import pytest
from tests.application.conftest import at, texts

from mm_actions import Application, Conversation, CustomActionException, DialogueFlow, Request
from mm_actions.application.manager import DialogueManager
from mm_actions.errors import RegistrationError, StateTaken
from mm_actions.testing import ScriptedEngine, answer


class Turns:
    """Takes turn after turn, handing on what the last one left."""

    def __init__(self, app, take_turn):
        self.app, self.take_turn = app, take_turn
        self.params = None

    def __call__(self, intent):
        responder = self.take_turn(self.app, Request(intent=intent), params=self.params)
        self.params = responder.params
        return responder.dialogue_state, texts(responder), responder.params.target_dialogue_state


def order_flow(app):
    @app.dialogue_flow(intent="order")
    async def order(request, responder):
        responder.reply("What would you like?")

    @order.handle(intent="add")
    def add(request, responder):
        responder.reply("Added.")

    @order.handle(intent="pay", exit_flow=True)
    async def pay(request, responder):
        responder.reply("Paid.")

    @order.handle(intent="stop")
    def stop(request, responder):
        responder.reply("Stopped.")
        responder.exit_flow()

    return order


@pytest.fixture(params=[False, True], ids=["app", "async app"])
def app(request, engine):
    app = Application(__name__, async_mode=request.param)
    app.handle(default=True, name="outside")(lambda request, responder: responder.reply("outside"))
    return app


@pytest.fixture
def turns(app, take_turn):
    return Turns(app, take_turn)


def test_a_flow_reports_its_states_and_keeps_the_turns_until_it_is_left(app, turns):
    order = order_flow(app)
    assert isinstance(order, DialogueFlow)
    assert (order.name, order.flow_state) == ("order", "order_flow")
    assert turns("order") == ("order", ["What would you like?"], "order_flow")
    assert turns("add") == ("order_flow.add", ["Added."], "order_flow")
    assert turns("add") == ("order_flow.add", ["Added."], "order_flow")
    assert turns("pay") == ("order_flow.pay", ["Paid."], None)
    assert turns("add") == ("outside", ["outside"], None)


def test_exit_flow_of_the_responder_leaves_too(app, turns):
    order_flow(app)
    turns("order")
    assert turns("stop") == ("order_flow.stop", ["Stopped."], None)
    assert turns("add")[0] == "outside"


def test_a_turn_that_no_rule_of_the_flow_takes_stays_in_the_flow(app, turns):
    order_flow(app)
    turns("order")
    assert turns("weather") == ("order_flow", [], "order_flow")


def test_a_flow_can_have_a_default_of_its_own(app, turns):
    order = order_flow(app)
    order.handle(default=True, name="again")(lambda request, responder: responder.reply("Say that again."))
    turns("order")
    assert turns("weather") == ("order_flow.again", ["Say that again."], "order_flow")


def test_an_exit_state_may_be_named(app, turns):
    order = order_flow(app)
    order.handle(intent="bye", name="farewell", exit_flow=True)(lambda request, responder: None)
    turns("order")
    assert turns("bye") == ("order_flow.farewell", [], None)


def test_a_flow_can_be_named(app, turns):
    app.dialogue_flow(intent="order", name="checkout")(lambda request, responder: None)
    assert turns("order") == ("checkout", [], "checkout_flow")


@pytest.mark.parametrize("bare", [True, False])
def test_middleware_of_a_flow_runs_inside_it_alone(app, turns, bare):
    order = order_flow(app)
    log = []

    async def inner(request, responder, handler):
        log.append("flow")
        return await handler(request, responder)

    @app.middleware
    async def outer(request, responder, handler):
        log.append("app")
        return await handler(request, responder)

    assert (order.use_middleware(inner) if bare else order.use_middleware()(inner)) is inner
    turns("order")
    assert log == ["app"]
    assert turns("add")[0] == "order_flow.add"
    assert log == ["app", "app", "flow"]
    turns("weather")  # no rule of the flow takes it, and its middleware runs all the same
    assert log[3:] == ["app", "flow"]


def test_a_flow_can_be_opened_from_another_handler(app, turns):
    order = order_flow(app)

    @app.handle(intent="hungry")
    async def hungry(request, responder):
        responder.reply("I see.")
        await order(request, responder)

    assert turns("hungry") == ("hungry", ["I see.", "What would you like?"], "order_flow")
    assert turns("add")[0] == "order_flow.add"


def test_a_flow_with_a_plain_entrance_is_called_plainly(app, turns):
    @app.dialogue_flow(intent="order")
    def order(request, responder):
        responder.reply("What would you like?")
        return "opened"

    @app.handle(intent="hungry")
    def hungry(request, responder):
        responder.frame["opened"] = order(request, responder)

    assert turns("hungry") == ("hungry", ["What would you like?"], "order_flow")


def test_reprocess_in_a_flow_backs_out_of_it(app, turns):
    order = order_flow(app)

    @order.handle(intent="hours")
    async def other_business(request, responder):
        responder.reply("Let me see.")
        order.reprocess()

    app.handle(intent="hours", name="hours")(lambda request, responder: responder.reply("Till nine."))
    turns("order")
    assert turns("hours") == ("hours", ["Let me see.", "Till nine."], None)
    assert turns("add")[0] == "outside"


def test_reprocess_in_a_flow_may_enter_another(app, turns):
    order = order_flow(app)
    app.dialogue_flow(intent="hours")(hours := _named("hours", "Which store?"))
    order.handle(intent="hours", name="switch")(lambda request, responder: order.reprocess())
    turns("order")
    assert turns("hours") == ("hours", ["Which store?"], "hours_flow")
    assert hours.__name__ == "hours"


def test_reprocess_into_the_flow_stays_in_it(app, turns):
    order = order_flow(app)

    @app.handle(intent="add")
    def straight_away(request, responder):
        app.reprocess(order.flow_state)

    assert turns("add") == ("order_flow.add", ["Added."], "order_flow")


def test_a_target_that_a_reprocessing_handler_set_itself_is_kept(app, turns):
    order = order_flow(app)

    @order.handle(intent="hours")
    def other_business(request, responder):
        responder.params.target_dialogue_state = "outside"
        order.reprocess()

    app.handle(intent="hours", name="hours")(lambda request, responder: None)
    turns("order")
    assert turns("hours") == ("hours", [], "outside")


def test_an_entrance_that_reprocesses_does_not_open_the_flow(app, turns):
    @app.dialogue_flow(intent="order")
    def order(request, responder):
        app.reprocess("outside")

    assert turns("order") == ("outside", ["outside"], None)


def test_actions_in_a_flow_are_called_like_outside(app, engine, turns):
    from tests.application.conftest import at

    from mm_actions import CustomAction

    order = order_flow(app)
    action = CustomAction("price_order", at(engine))

    @order.handle(intent="price")
    async def price(request, responder):
        await action.invoke_async(request, responder)

    turns("order")
    assert turns("price") == ("order_flow.price", ["price_order"], "order_flow")


def test_a_flow_that_cannot_be_registered_leaves_nothing_behind(app):
    app.handle(intent="i", name="order_flow")(lambda request, responder: None)
    before = list(app.dialogue_manager.rules)
    with pytest.raises(StateTaken, match="order_flow"):
        app.dialogue_flow(intent="order")(_named("order"))
    with pytest.raises(RegistrationError, match="cannot open the flow 'x'"):
        app.dialogue_flow(name="x", intent="order")("text")
    assert app.dialogue_manager.rules == before


def test_a_flow_may_be_made_of_an_application_as_in_mindmeld(app, turns):
    DialogueFlow("order", _named("order", "What?"), app, intent="order")
    assert turns("order") == ("order", ["What?"], "order_flow")


def test_in_async_mode_plain_middleware_of_a_flow_is_refused_at_once():
    app = Application(__name__, async_mode=True)
    order = app.dialogue_flow(intent="order")(_named("order"))
    with pytest.raises(RegistrationError, match="write `async def`"):
        order.use_middleware(lambda request, responder, handler: handler(request, responder))


def test_a_conversation_walks_through_a_flow(engine):
    class Words:
        def process(self, text):
            return {"text": text, "intent": text}

    app = Application(__name__, nlp=Words())
    order_flow(app)
    conversation = Conversation(app)
    assert [conversation.say(text) for text in ("order", "add", "pay", "add")] == [
        ["What would you like?"],
        ["Added."],
        ["Paid."],
        [],
    ]


def _named(name, *replies):
    def handler(request, responder):
        for reply in replies:
            responder.reply(reply)

    handler.__name__ = name
    return handler


def test_actions_inside_a_flow_are_registered_as_in_the_application(app, turns, engine):
    app.custom_action_config = at(engine)
    order = order_flow(app)
    order.custom_action(intent="price", action="price_order")
    order.custom_action(intent="send", actions=["send_order", "thank"], name="send", exit_flow=True)

    assert turns("order")[2] == "order_flow"
    assert turns("price") == ("order_flow.custom_actions_['price_order']", ["price_order"], "order_flow")
    assert turns("send") == ("order_flow.send", ["send_order", "thank"], None)
    assert turns("price")[1] == ["outside"]


def test_a_failing_action_inside_a_flow_is_answered_as_in_the_application(app, turns):
    app.on_failure = "No luck."
    app.custom_action_config = at(ScriptedEngine(answer(status=500)))
    order = order_flow(app)
    order.custom_action(intent="price", action="price_order")
    turns("order")
    assert turns("price")[1:] == (["No luck."], "order_flow")


def test_a_flow_of_a_bare_manager_wants_to_be_told_where_actions_live(engine):
    flow = DialogueFlow("order", lambda request, responder: None, DialogueManager(), intent="order")
    with pytest.raises(CustomActionException, match="no server is configured for price_order"):
        flow.custom_action(intent="price", action="price_order")
    assert flow.custom_action(intent="price", action="price_order", config=at(engine))
