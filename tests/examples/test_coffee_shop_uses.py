"""Every use that the sample app makes of actions, in both colours, against two real servers."""

from __future__ import annotations

import re

import pytest
from tests.examples.guest import COFFEE_SHOP, sentences

from mm_actions import load_config


def test_a_single_action_answers_by_itself(guest):
    turn = guest.say("show every store")
    assert turn.calls == [("list_stores", "store", "ok")]
    assert re.fullmatch(r"We have \d+ stores\.", turn.texts[0])
    assert [each["name"] for each in turn.responder.directives] == ["reply", "list", "suggestions"]


def test_what_an_action_keeps_in_the_frame_is_there_in_the_next_turn(guest):
    nearest = guest.say("where is the nearest store").responder.frame["store"]
    assert guest.say("new order please").texts == [f"I started an order at {nearest}. What would you like?"]


def test_a_greeting_takes_the_place_of_the_frame_that_was_there(guest):
    assert "store" in guest.say("where is the nearest store").responder.frame
    turn = guest.say("hi")
    assert turn.texts == ["Hello Bo, welcome to the coffee shop."]
    assert set(turn.responder.frame) == {"session"}


def test_params_that_an_action_sets_are_those_of_the_next_request(guest):
    assert guest.say("hi").responder.params.locale == "en_US"
    request = guest.say("thank you").responder.request
    assert (request.params.language, request.params.time_zone) == ("en", "America/Los_Angeles")


def test_an_action_sends_the_next_turn_to_a_state(guest):
    asked = guest.say("when do you open")
    assert asked.calls == [("find_store", "store", "ok")]
    assert (asked.state, asked.next_state) == ("ask_which_store", "get_store_hours")
    told = guest.say("Old Mill")
    assert told.state == "get_store_hours"
    assert told.texts[0].startswith("Old Mill is open ")
    assert told.next_state is None


def test_a_decorated_handler_adds_the_offered_names_to_the_merged_params(guest):
    asked = guest.say("when do you open")
    assert asked.offers
    assert set(asked.responder.params.dynamic_resource["gazetteers"]["store_name"]) == set(asked.offers)
    assert asked.responder.params.allowed_intents


def test_every_store_that_is_offered_is_understood(make_guest):
    offers = make_guest().say("when do you open").offers
    for offer in offers:
        guest = make_guest()
        assert guest.say("when do you open", offer).texts[0].startswith(f"{offer} is open ")


def test_the_rule_with_more_conditions_takes_a_turn_that_names_a_store(guest):
    turn = guest.say("when does Lantern Street open")
    assert turn.calls == [("get_store_hours", "store", "ok")]
    assert turn.texts[0].startswith("Lantern Street is open ")


def test_a_parallel_pair_is_merged_in_the_order_written(guest):
    turn = guest.say("what do you recommend")
    assert sorted(turn.calls) == [("loyalty_points", "payments", "ok"), ("recommend_drink", "store", "ok")]
    assert turn.texts == ["How about a latte?", "Bo, you have 120 points."]


def test_an_action_called_by_hand_speaks_between_the_handlers_own_replies(guest):
    turn = guest.say("how many points do I have")
    assert turn.calls == [("loyalty_points", "payments", "ok")]
    assert turn.texts == [
        "One moment, Bo.",
        "Bo, you have 120 points.",
        "Your next drink can be free: 120 points are enough.",
    ]


def test_a_handler_sees_the_slots_that_the_action_brought(make_guest):
    ada = make_guest(context={"user": {"id": "u-2", "name": "Ada"}})
    assert ada.say("how many points do I have").texts == ["One moment, Ada.", "Ada, you have 45 points."]


def test_a_sequence_crosses_servers(guest):
    turn = guest.say("what is my total")
    assert turn.calls == [("price_order", "store", "ok"), ("loyalty_points", "payments", "ok")]
    assert turn.texts == ["Your order is empty.", "Bo, you have 120 points."]


def test_middleware_names_the_guest_in_every_reply(make_guest):
    assert make_guest().say("bye").everything == ["Goodbye, Bo. See you soon!", "Resetting..."]
    assert make_guest(context={}).say("thank you").texts == ["You are welcome, friend."]


def test_what_is_not_understood_is_answered_by_the_default_handler(guest):
    turn = guest.say("who won the football match")
    assert (turn.state, turn.calls) == ("did_not_understand", [])
    assert turn.texts == ["Sorry, I did not get that."]


def test_a_failure_is_answered_by_a_handler_that_knows_its_reason(guest):
    nothing = guest.say("can I pay now")
    assert [(action, server) for action, server, _ in nothing.calls] == [("charge_card", "payments")]
    assert nothing.results[0].error.status == 422
    assert nothing.texts == ["There is nothing to pay yet, Bo."]
    down = guest.say("a latte please", "yes please", "can I pay now")
    assert down.calls == [("charge_card", "payments", "server-unavailable")]
    assert down.texts == [
        "The card terminal is not working. Please pay at the counter, or try again in 30 seconds."
    ]


def test_a_failed_payment_leaves_the_order_as_it_was(guest):
    before = guest.say("a latte please", "yes please").responder.frame["order"]
    assert guest.say("can I pay now").responder.frame["order"] == before


def test_a_failure_is_answered_by_a_text(guest):
    turn = guest.say("add a 2 dollar tip")
    assert [bool(result) for result in turn.results] == [False]
    assert turn.texts == ["I can't add a tip to a card payment, Bo. There is a jar on the counter."]


def test_a_failure_is_answered_by_another_action(guest):
    turn = guest.say("a latte please", "yes please", "can I get a receipt")
    assert turn.calls == [("email_receipt", "payments", "action-not-found"), ("price_order", "store", "ok")]
    assert turn.texts == ["That makes $4.25."]


def test_without_variables_the_servers_are_those_of_docker_compose():
    config = load_config(COFFEE_SHOP / "actions.yaml", environ={})
    assert {name: server.url for name, server in config.servers.items()} == {
        "store": "http://localhost:8080/action",
        "payments": "http://localhost:8081/action",
    }


@pytest.mark.parametrize("intent", sorted(COFFEE_SHOP.glob("domains/*/*")), ids=lambda path: path.name)
def test_every_intent_has_a_rule_of_its_own_or_of_its_domain(make_guest, intent):
    guest = make_guest()
    assert guest.say(sentences(intent)[0]).state != "did_not_understand"
