"""Actions about the shops themselves."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from example_server.shop import MENU, STORES, TIME_ZONE, Store, find_item, find_store
from example_server.turn import listing, reply, suggestions, text_of

if TYPE_CHECKING:
    from example_server.turn import Json, Turn

STORE_TYPES = ("store_name", "store")
ITEM_TYPES = ("item", "drink", "dish", "product", "menu_item", "food")
_STORE_INTENTS = ["store_info.get_store_hours", "store_info.find_nearest_store"]


def named_store(turn: Turn) -> Store | None:
    """Give the store the user named, else the one the conversation is about."""
    mention = turn.mention(*STORE_TYPES)
    if mention:
        return find_store(*mention.names, mention.text)
    kept = text_of(turn.frame("store"))
    return find_store(kept) if kept else None


def get_store_hours(turn: Turn) -> Json:
    """Say when a store is open, or whether it is at the time asked for."""
    store = named_store(turn)
    if store is None:
        names = [store.name for store in STORES]
        return turn.answer(reply("Which store do you mean?"), suggestions(*names))
    frame, slots = {"store": store.name}, {"store": store.name, "store_name": store.name}
    moment = _moment(turn)
    if moment is None:
        weekdays, weekend = _span(store.opening.weekdays), _span(store.opening.weekend)
        text = f"{store.name} is open {weekdays} on weekdays and {weekend} at the weekend."
        return turn.answer(reply(text), frame=frame, slots={**slots, "hours": weekdays})
    opens, closes = store.opening.on(moment.weekday())
    hours = _span((opens, closes))
    word = "is open" if opens <= moment.hour < closes else "is closed"
    text = f"{store.name} {word} on {moment:%A} at {moment:%H:%M}; that day's hours are {hours}."
    return turn.answer(reply(text), frame=frame, slots={**slots, "hours": hours})


def find_nearest_store(turn: Turn) -> Json:
    """Name the nearest store, keep it for the turns to come, and bias them towards store names."""
    store = min(STORES, key=lambda store: store.miles)
    return turn.answer(
        reply(f"The nearest store is {store.name}, {store.miles} miles away."),
        frame={"store": store.name},
        slots={"store": store.name, "store_name": store.name, "miles": store.miles},
        dynamic_resource={"gazetteers": {"store_name": {store.name: 1.0 for store in STORES}}},
    )


def find_store_next(turn: Turn) -> Json:
    """Ask for a store, and steer the next turn to the answer: a target state and the intents allowed."""
    return turn.answer(
        reply("Which store?"),
        suggestions(*(store.name for store in STORES)),
        target_dialogue_state=text_of(turn.context("next_state")) or "get_store_hours",
        allowed_intents=_STORE_INTENTS,
    )


def list_stores(turn: Turn) -> Json:
    """Show every store as a list, with suggestions."""
    items: list[Json] = [
        {"id": store.id, "title": store.name, "desc": f"{_span(store.opening.weekdays)}, {store.miles} miles"}
        for store in STORES
    ]
    return turn.answer(
        reply(f"We have {len(STORES)} stores."),
        listing(items),
        suggestions(*(f"When is {store.name} open?" for store in STORES[:3])),
        slots={"count": len(STORES)},
    )


def check_stock(turn: Turn) -> Json:
    """Say whether a store has what the user asks for."""
    store = named_store(turn) or STORES[0]
    mention = turn.mention(*ITEM_TYPES)
    item = find_item(*mention.names, mention.text) if mention else None
    if item is None:
        sold_out = ", ".join(sorted(store.sold_out))
        text = (
            f"{store.name} is out of {sold_out}." if sold_out else f"{store.name} has everything on the menu."
        )
        return turn.answer(
            reply(text), slots={"store": store.name, "in_stock": len(MENU) - len(store.sold_out)}
        )
    available = item.name not in store.sold_out
    verb = "has" if available else "is out of"
    return turn.answer(
        reply(f"{store.name} {verb} {item.name}."),
        slots={"store": store.name, "item": item.name, "available": available},
    )


def set_time_zone(turn: Turn) -> Json:
    """Set the time zone of the turns to come: the one named, else that of the stores."""
    mention = turn.mention("time_zone", "sys_timezone")
    zone = mention.best if mention and mention.best else TIME_ZONE
    return turn.answer(reply(f"I use {zone} from now on."), slots={"time_zone": zone}, time_zone=zone)


def set_language(turn: Turn) -> Json:
    """Set language and locale of the turns to come."""
    mention = turn.mention("language")
    language, locale = (
        ("es", "es_MX") if mention and mention.best.casefold() in {"es", "spanish"} else ("en", "en_US")
    )
    text = "De acuerdo, en español." if language == "es" else "All right, in English."
    return turn.answer(reply(text), slots={"language": language}, language=language, locale=locale)


def _moment(turn: Turn) -> datetime | None:
    for mention in turn.mentions("sys_time"):
        try:
            return datetime.fromisoformat(mention.best)
        except ValueError:
            continue
    return None


def _span(hours: tuple[int, int]) -> str:
    return f"{hours[0]:02d}:00 to {hours[1]:02d}:00"
