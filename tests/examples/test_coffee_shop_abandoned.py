"""What the guest hears when no server is there."""

from __future__ import annotations

from tests.examples.guest import COFFEE_SHOP, sentences

from mm_actions.application.failure import APOLOGY


def test_every_sentence_gets_an_answer_and_no_frame(make_guest, abandoned_shop):
    for intent in sorted(COFFEE_SHOP.glob("domains/*/*")):
        turn = make_guest(abandoned_shop).say(sentences(intent)[0])
        assert turn.texts, intent
        assert turn.responder.frame == {}, intent


def test_a_single_action_is_apologised_for(make_guest, abandoned_shop):
    turn = make_guest(abandoned_shop).say("show every store")
    assert turn.calls == [("list_stores", "store", "connect-failed")]
    assert turn.texts == [APOLOGY]


def test_when_the_other_action_fails_too_there_is_still_an_answer(make_guest, abandoned_shop):
    turn = make_guest(abandoned_shop).say("where is the nearest store")
    assert [action for action, _, _ in turn.calls] == ["find_nearest_store", "list_stores"]
    assert turn.texts == [APOLOGY]


def test_a_handler_notices_that_the_call_it_made_failed(make_guest, abandoned_shop):
    turn = make_guest(abandoned_shop).say("how many points do I have")
    assert turn.texts == ["One moment, Bo.", "I can't see your points right now."]


def test_an_order_that_cannot_begin_does_not_open_the_flow(make_guest, abandoned_shop):
    turn = make_guest(abandoned_shop).say("I'd like to order")
    assert turn.texts == ["Sorry, Bo, the kitchen does not answer. Please say that again in a moment."]
    assert turn.next_state is None


def test_an_order_that_cannot_be_sent_can_be_confirmed_again(make_guest, abandoned_shop):
    guest = make_guest(abandoned_shop)
    first = guest.say("a latte please", "yes please")
    assert first.texts == ["Sorry, Bo, the kitchen does not answer. Please say that again in a moment."]
    assert (first.state, first.next_state) == ("order_flow.send_order", "order_flow")
    assert guest.say("yes please").state == "order_flow.send_order"
