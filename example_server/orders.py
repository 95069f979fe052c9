"""Actions about an order, which lives in the frame: the server itself remembers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from example_server.problems import Problem, RefusedError
from example_server.shop import MEMBERS, MENU, TIME_ZONE, Item, Member, dollars, find_item
from example_server.stores import ITEM_TYPES, named_store
from example_server.turn import member, reply, suggestions, text_of

if TYPE_CHECKING:
    from example_server.turn import Json, Turn

_SIZES = ("small", "medium", "large")
_MAX_QUANTITY = 50


def start_order(turn: Turn) -> Json:
    """Begin an order, at the store the conversation is about."""
    store = named_store(turn)
    order: Json = {"status": "open", "items": [], "total": 0.0}
    if store:
        order["store"] = store.name
    where = f" at {store.name}" if store else ""
    return turn.answer(
        reply(f"I started an order{where}. What would you like?"),
        suggestions("a large latte", "two cappuccinos"),
        frame={"order": order},
        slots={"count": 0, "total": dollars(0)},
    )


def add_to_order(turn: Turn) -> Json:
    """Add what the user names to the order in the frame."""
    mention = turn.mention(*ITEM_TYPES)
    if mention is None:
        return turn.answer(reply("What would you like?"), suggestions(*(item.name for item in MENU[:3])))
    item = find_item(*mention.names, mention.text)
    if item is None:
        return turn.answer(reply("I am sorry, that is not on our menu."), suggestions("What do you have?"))
    size, quantity, milk = _size(turn), _quantity(turn), _milk(turn)
    line: Json = {"item": item.name, "size": size, "quantity": quantity}
    if milk:
        line["milk"] = milk
    line["price"] = item.price(size, milk) / 100
    items = [*_items(turn), line]
    order = {**_order(turn), "status": "open", "items": items, "total": _total(items) / 100}
    count = sum(_count(line) for line in items)
    what = _words(item, size, quantity, milk)
    return turn.answer(
        reply(f"I added {what}. Your order has {count} {'item' if count == 1 else 'items'}."),
        frame={"order": order},
        slots={"item": item.name, "quantity": quantity, "count": count, "total": dollars(_total(items))},
    )


def price_order(turn: Turn) -> Json:
    """Say what the order costs or, as long as it is empty, what the user names."""
    items = _items(turn)
    if not items:
        mention = turn.mention(*ITEM_TYPES)
        item = find_item(*mention.names, mention.text) if mention else None
        if item:
            size, quantity, milk = _size(turn), _quantity(turn), _milk(turn)
            total = dollars(item.price(size, milk) * quantity)
            what = _words(item, size, quantity, milk)
            return turn.answer(reply(f"{what} would be {total}."), slots={"item": item.name, "total": total})
        return turn.answer(reply("Your order is empty."), slots={"total": dollars(0)})
    total = dollars(_total(items))
    order = {**_order(turn), "total": _total(items) / 100}
    return turn.answer(reply(f"That makes {total}."), frame={"order": order}, slots={"total": total})


def confirm_order(turn: Turn) -> Json:
    """Close the order; an empty one cannot be."""
    items = _items(turn)
    if not items:
        return turn.answer(reply("There is nothing to confirm yet."), suggestions("a large latte"))
    order = {**_order(turn), "status": "confirmed", "total": _total(items) / 100}
    store = text_of(order.get("store"))
    where = f" Pick it up at {store} in ten minutes." if store else ""
    total = dollars(_total(items))
    return turn.answer(
        reply(f"Your order of {total} is confirmed.{where}"), frame={"order": order}, slots={"total": total}
    )


def charge_card(turn: Turn) -> Json:
    """Fail, as services of third parties do: nothing to charge is a 422, the card terminal is a 503."""
    if not _items(turn):
        raise RefusedError(
            Problem.named(
                422, "nothing-to-charge", "Nothing to charge", "The order is empty.", action=turn.action
            )
        )
    # Longer than a turn may take: a client that obeys Retry-After gives up at once instead of waiting.
    raise RefusedError(
        Problem.of(
            503, "The card terminal does not answer.", action=turn.action, headers=(("Retry-After", "30"),)
        )
    )


def loyalty_points(turn: Turn) -> Json:
    """Say how many points the user has."""
    guest = _guest(turn)
    if guest is None:
        return turn.answer(reply("You have no loyalty points yet."), slots={"points": 0})
    text = f"{guest.name}, you have {guest.points} points."
    return turn.answer(reply(text), slots={"name": guest.name, "points": guest.points})


def recommend_drink(turn: Turn) -> Json:
    """Recommend something: of the taste named, else the user's usual, else a latte."""
    mention = turn.mention("taste", "flavor", "mood", "temperature")
    tastes = {name.casefold() for name in (*mention.names, mention.text)} if mention else set()
    fitting = next((item.name for item in MENU if tastes & item.tags), None)
    guest = _guest(turn)
    drink = fitting or (guest.usual if guest else "latte")
    return turn.answer(
        reply(f"How about a {drink}?"),
        suggestions(f"a {drink}, please", "something else"),
        slots={"drink": drink},
    )


def open_session(turn: Turn) -> Json:
    """Greet, and set up the session: who it is, language, locale and time zone."""
    guest = _guest(turn)
    name = guest.name if guest else text_of(turn.context("user", "name")) or "there"
    return turn.answer(
        reply(f"Hello {name}, welcome to the coffee shop."),
        suggestions("find the nearest store", "start an order"),
        frame={"session": {"name": name, "member": guest is not None}},
        slots={"name": name},
        language="en",
        locale="en_US",
        time_zone=TIME_ZONE,
    )


def _order(turn: Turn) -> Json:
    order = turn.frame("order")
    return order if isinstance(order, dict) else {}


def _items(turn: Turn) -> list[Any]:
    items = _order(turn).get("items")
    return items if isinstance(items, list) else []


def _count(line: Any) -> int:
    quantity = line.get("quantity") if isinstance(line, dict) else 1
    return quantity if isinstance(quantity, int) and 1 <= quantity <= _MAX_QUANTITY else 1


def _total(items: list[Any]) -> int:
    """Add up by our own prices; those in the frame are for show, and came from the client."""
    cents = 0
    for line in items:
        named = line.get("item") if isinstance(line, dict) else line
        item = find_item(named) if isinstance(named, str) else None
        if item:
            size, milk = (text_of(member(line, name)) for name in ("size", "milk"))
            cents += item.price(size or "medium", milk) * _count(line)
    return cents


def _size(turn: Turn) -> str:
    mention = turn.mention("size")
    named = {name.casefold() for name in (*mention.names, mention.text)} if mention else set()
    return next((size for size in _SIZES if size in named), "medium")


def _quantity(turn: Turn) -> int:
    mention = turn.mention("sys_number", "quantity", "number")
    if mention is None:
        return 1
    value = mention.value
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:3])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 1
    return int(min(max(value, 1), _MAX_QUANTITY))


def _milk(turn: Turn) -> str | None:
    mention = turn.mention("milk")
    return text_of(mention.best) if mention else None


def _guest(turn: Turn) -> Member | None:
    return MEMBERS.get(text_of(turn.context("user", "id")) or "")


def _words(item: Item, size: str, quantity: int, milk: str | None) -> str:
    sized = item.name if "food" in item.tags else f"{size} {item.name}"
    poured = f" with {milk}" if milk and "food" not in item.tags else ""
    return f"{quantity} {sized}{'' if quantity == 1 else 's'}{poured}"
