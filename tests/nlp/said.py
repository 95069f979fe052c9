"""What somebody might say to the coffee shop, none of it a training sentence, and what is meant."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

COFFEE_SHOP = Path(__file__).parents[2] / "examples" / "coffee_shop"


class Said(NamedTuple):
    text: str
    intent: str
    entities: tuple[tuple[str, str, str], ...] = ()
    """Text, type, and the canonical name or the value of the likeliest candidate."""


HELD_OUT = (
    Said("hello hello", "greetings.greet"),
    Said("hey hey", "greetings.greet"),
    Said("good morning to all of you", "greetings.greet"),
    Said("ok bye bye", "greetings.exit"),
    Said("see you tomorrow", "greetings.exit", (("tomorrow", "sys_time", "2026-11-21T00:00:00.000+00:00"),)),
    Said("I have to leave now, goodbye", "greetings.exit"),
    Said("please help", "greetings.help"),
    Said("what are you able to do", "greetings.help"),
    Said("could you explain how this works", "greetings.help"),
    Said("thank you kindly", "greetings.thank"),
    Said("thanks very much", "greetings.thank"),
    Said(
        "when is the observatory open",
        "store_info.get_store_hours",
        (("the observatory", "store_name", "Observatory Hill"),),
    ),
    Said(
        "what time does juniper sq close",
        "store_info.get_store_hours",
        (("juniper sq", "store_name", "Juniper Square"),),
    ),
    Said(
        "is the riverside open on monday",
        "store_info.get_store_hours",
        (
            ("the riverside", "store_name", "Riverside Market"),
            ("monday", "sys_time", "2026-11-23T00:00:00.000+00:00"),
        ),
    ),
    Said(
        "will Lantern Stret be open tomorrow at 6pm?",
        "store_info.get_store_hours",
        (
            ("Lantern Stret", "store_name", "Lantern Street"),
            ("tomorrow at 6pm", "sys_time", "2026-11-21T18:00:00.000+00:00"),
        ),
    ),
    Said("how long are you open tonight", "store_info.get_store_hours"),
    Said("where's the closest cafe", "store_info.find_nearest_store"),
    Said("is there a store near here", "store_info.find_nearest_store"),
    Said("I need the nearest shop", "store_info.find_nearest_store"),
    Said("show all stores", "store_info.list_stores"),
    Said("tell me which locations you have", "store_info.list_stores"),
    Said("how many stores are there", "store_info.list_stores"),
    Said("I would like to place an order", "ordering.start_order"),
    Said(
        "start my order at the tannery",
        "ordering.start_order",
        (("the tannery", "store_name", "Tannery Lane"),),
    ),
    Said(
        "can I order for pick up at harbor view",
        "ordering.start_order",
        (("harbor view", "store_name", "Harbour View"),),
    ),
    Said(
        "two large oat lattes",
        "ordering.add_to_order",
        (
            ("two", "sys_number", "2"),
            ("large", "size", "large"),
            ("oat", "milk", "oat milk"),
            ("lattes", "drink", "latte"),
        ),
    ),
    Said(
        "can I have a big capuccino with soya milk",
        "ordering.add_to_order",
        (("big", "size", "large"), ("capuccino", "drink", "cappuccino"), ("soya milk", "milk", "soy milk")),
    ),
    Said(
        "please add three green tea lattes",
        "ordering.add_to_order",
        (("three", "sys_number", "3"), ("green tea lattes", "drink", "matcha latte")),
    ),
    Said("I'll take a cortado", "ordering.add_to_order", (("cortado", "drink", "cortado"),)),
    Said(
        "and a regular flat white with almond milk",
        "ordering.add_to_order",
        (
            ("regular", "size", "medium"),
            ("flat white", "drink", "flat white"),
            ("almond milk", "milk", "almond milk"),
        ),
    ),
    Said(
        "give me 4 hot cocoas",
        "ordering.add_to_order",
        (("4", "sys_number", "4"), ("hot cocoas", "drink", "hot chocolate")),
    ),
    Said(
        "swap my mocha for an espresso",
        "ordering.change_order",
        (("mocha", "drink", "mocha"), ("espresso", "drink", "espresso")),
    ),
    Said(
        "please replace the cold brew with an iced tea",
        "ordering.change_order",
        (("cold brew", "drink", "cold brew"), ("iced tea", "drink", "iced tea")),
    ),
    Said("remove the latte again", "ordering.change_order", (("latte", "drink", "latte"),)),
    Said("I want to change the order", "ordering.change_order"),
    Said(
        "how much is a small cortado",
        "ordering.price_order",
        (("small", "size", "small"), ("cortado", "drink", "cortado")),
    ),
    Said("what would a matcha cost me", "ordering.price_order", (("matcha", "drink", "matcha latte"),)),
    Said("what's the price", "ordering.price_order"),
    Said("tell me the total please", "ordering.price_order"),
    Said("yes that is correct", "ordering.confirm_order"),
    Said("ok go ahead please", "ordering.confirm_order"),
    Said("yes, place my order", "ordering.confirm_order"),
    Said("please cancel the order", "ordering.cancel_order"),
    Said("never mind, forget it", "ordering.cancel_order"),
    Said("no, I don't want it", "ordering.cancel_order"),
    Said("how many points have I got", "account.loyalty_points"),
    Said("show me my loyalty balance", "account.loyalty_points"),
    Said("have I got enough points for a reward", "account.loyalty_points"),
    Said("can you recommend something", "account.recommend_drink"),
    Said("what should I have today", "account.recommend_drink"),
    Said(
        "suggest me something sweet with almond milk",
        "account.recommend_drink",
        (("almond milk", "milk", "almond milk"),),
    ),
    Said("which drink is popular", "account.recommend_drink"),
    Said("I want to pay now", "payments.pay_order"),
    Said("can I pay with my card", "payments.pay_order"),
    Said("add a 4 dollar tip", "payments.pay_order", (("4 dollar", "sys_amount-of-money", "4"),)),
    Said("bring me the bill", "payments.pay_order"),
    Said("could you email me a receipt", "payments.get_receipt"),
    Said("I'd like the receipt for my last order", "payments.get_receipt"),
    Said("print an invoice please", "payments.get_receipt"),
    Said("hi everyone", "greetings.greet"),
    Said("that's it, see you", "greetings.exit"),
    Said("what is it you can help me with", "greetings.help"),
    Said("until what time are you open today", "store_info.get_store_hours"),
    Said("does station arcade open on sunday", "store_info.get_store_hours"),
    Said("which cafe is nearest to me", "store_info.find_nearest_store"),
    Said("do you have many branches", "store_info.list_stores"),
    Said("I want to start ordering", "ordering.start_order"),
    Said("one large chai and two espressos please", "ordering.add_to_order"),
    Said("get me a decaf cappuccino", "ordering.add_to_order"),
    Said("change the flat white into a mocha", "ordering.change_order"),
    Said("what do two lattes cost", "ordering.price_order"),
    Said("sure, sounds great", "ordering.confirm_order"),
    Said("stop, cancel everything", "ordering.cancel_order"),
    Said("are there any rewards on my card", "account.loyalty_points"),
    Said("any idea what I could drink", "account.recommend_drink"),
    Said("I'd like to settle up with my gift card", "payments.pay_order"),
    Said("may I have the receipt", "payments.get_receipt"),
)

NOT_FOR_A_COFFEE_SHOP = (
    "asdf qwer zxcv",
    "what is the weather in Paris",
    "translate this paragraph into Finnish",
    "who won the football match",
    "the quick brown fox jumps over the lazy dog",
    "play some jazz music",
    "book a flight to Tokyo",
    "set an alarm",
)
