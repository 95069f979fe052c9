"""The dialogue flow of the sample app, in both colours, against two real servers."""

from __future__ import annotations

import pytest


def test_an_order_takes_several_turns_and_ends_with_its_confirmation(guest):
    begun = guest.say("I'd like to order")
    assert (begun.state, begun.next_state) == ("order", "order_flow")
    first = guest.say("two large lattes")
    assert first.state == "order_flow.add_drink"
    assert first.calls == [("add_to_order", "store", "ok"), ("price_order", "store", "ok")]
    assert first.texts == ["I added 2 large lattes. Your order has 2 items.", "That makes $9.50."]
    second = guest.say("and a small mocha")
    assert second.texts == ["I added 1 small mocha. Your order has 3 items.", "That makes $13.75."]
    assert second.offers == ["yes, that's right", "cancel my order"]
    done = guest.say("yes please")
    assert done.texts == ["Your order of $13.75 is confirmed."]
    assert (done.state, done.next_state) == ("order_flow.send_order", None)
    assert done.responder.frame["order"]["status"] == "confirmed"


def test_the_flow_offers_what_it_understands(guest):
    offers = guest.say("I'd like to order", "a latte please").offers
    states = [guest.say("I'd like to order", "a latte please", offer).state for offer in offers]
    assert states == ["order_flow.send_order", "order_flow.drop_order"]


def test_inside_the_flow_only_its_own_rules_count(guest):
    turn = guest.say("I'd like to order", "what do you recommend")
    assert turn.calls == []
    assert turn.texts == ["Let us finish your order first. Name a drink, or say yes or cancel."]
    assert turn.next_state == "order_flow"


def test_the_price_can_be_asked_without_leaving_the_flow(guest):
    turn = guest.say("I'd like to order", "a latte please", "how much is it")
    assert turn.calls == [("price_order", "store", "ok")]
    assert (turn.texts, turn.next_state) == (["That makes $4.25."], "order_flow")


@pytest.mark.parametrize("words", ["cancel my order", "goodbye"])
def test_the_flow_can_be_left_without_an_order(guest, words):
    turn = guest.say("I'd like to order", "a latte please", words)
    assert turn.texts == ["I dropped your order, Bo."]
    assert "order" not in turn.responder.frame
    assert guest.say("thank you").state == "welcome"


def test_a_guest_may_begin_with_the_drink(guest):
    turn = guest.say("a latte please")
    assert turn.texts == ["I added 1 medium latte. Your order has 1 item.", "That makes $4.25."]
    assert guest.say("yes please").state == "order_flow.send_order"


@pytest.mark.parametrize("words", ["yes please", "cancel my order", "I want to change the order"])
def test_outside_the_flow_there_is_nothing_to_confirm_or_to_cancel(guest, words):
    turn = guest.say(words)
    assert (turn.state, turn.texts) == ("nothing_open", ["There is no order open, Bo."])
    assert guest.say(turn.offers[0]).state == "order"
