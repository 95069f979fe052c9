"""The data of the coffee shops: small, fixed, and kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """From which to which whole hour of the local day a shop is open."""

    weekdays: tuple[int, int]
    weekend: tuple[int, int]

    def on(self, weekday: int) -> tuple[int, int]:
        """Give opening and closing hour; Monday is 0."""
        saturday = 5
        return self.weekend if weekday >= saturday else self.weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A coffee shop."""

    id: str
    name: str
    aliases: tuple[str, ...]
    miles: float
    opening: Opening
    sold_out: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to order, and what a medium one costs in cents."""

    name: str
    aliases: tuple[str, ...] = ()
    cents: int
    tags: frozenset[str] = field(default_factory=frozenset)

    def price(self, size: str, milk: str | None = None) -> int:
        """Give the price in cents of one."""
        if "food" in self.tags:
            return self.cents
        return self.cents + {"small": -50, "large": 50}.get(size, 0) + (60 if milk in EXTRA_MILK else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the loyalty programme."""

    name: str
    points: int
    usual: str


_LONG = Opening(weekdays=(7, 20), weekend=(8, 18))
_SHORT = Opening(weekdays=(8, 17), weekend=(9, 15))
_LATE = Opening(weekdays=(6, 22), weekend=(8, 22))

STORES = (
    Store(id="1", name="Lantern Street", aliases=("lantern",), miles=0.4, opening=_LONG),
    Store(id="2", name="Harbour View", aliases=("harbour", "harbor view"), miles=2.5, opening=_SHORT),
    Store(id="3", name="Old Mill", aliases=("the mill", "mill"), miles=3.5, opening=_SHORT),
    Store(id="4", name="Station Arcade", aliases=("the arcade", "station"), miles=0.9, opening=_LATE),
    Store(
        id="5",
        name="Juniper Square",
        aliases=("juniper",),
        miles=1.2,
        opening=_LATE,
        sold_out=frozenset({"scone"}),
    ),
    Store(id="6", name="Tannery Lane", aliases=("tannery",), miles=1.7, opening=_LONG),
    Store(id="7", name="Observatory Hill", aliases=("observatory",), miles=5.1, opening=_SHORT),
    Store(id="8", name="Riverside Market", aliases=("riverside",), miles=2.2, opening=_LONG),
    Store(id="9", name="23 Elm Street", aliases=("elm street", "23 elm"), miles=4.0, opening=_LONG),
)

MENU = (
    Item(name="latte", aliases=("lattes", "caffe latte"), cents=425, tags=frozenset({"milky"})),
    Item(name="cappuccino", aliases=("cappuccinos",), cents=425, tags=frozenset({"milky"})),
    Item(name="espresso", aliases=("espressos",), cents=300, tags=frozenset({"strong"})),
    Item(name="americano", aliases=("americanos",), cents=350, tags=frozenset({"strong"})),
    Item(name="flat white", aliases=("flat whites",), cents=425, tags=frozenset({"strong", "milky"})),
    Item(name="mocha", aliases=("mochas",), cents=475, tags=frozenset({"sweet", "milky"})),
    Item(name="cortado", aliases=("cortados",), cents=375, tags=frozenset({"strong"})),
    Item(name="filter coffee", aliases=("filter coffees", "coffee"), cents=275),
    Item(name="decaf", aliases=("decafs",), cents=325),
    Item(name="cold brew", aliases=("cold brews",), cents=450, tags=frozenset({"cold", "strong"})),
    Item(name="chai latte", aliases=("chai lattes", "chai"), cents=450, tags=frozenset({"sweet", "milky"})),
    Item(name="matcha latte", aliases=("matcha lattes", "matcha"), cents=475, tags=frozenset({"milky"})),
    Item(name="hot chocolate", aliases=("hot chocolates", "cocoa"), cents=425, tags=frozenset({"sweet"})),
    Item(name="earl grey", aliases=("earl greys", "tea"), cents=300, tags=frozenset({"light"})),
    Item(name="iced tea", aliases=("iced teas",), cents=350, tags=frozenset({"cold", "light"})),
    Item(name="scone", aliases=("scones",), cents=325, tags=frozenset({"food"})),
)

# Milk that is not from a cow costs more.
EXTRA_MILK = frozenset({"oat milk", "almond milk", "soy milk", "coconut milk"})

TIME_ZONE = "America/Los_Angeles"

MEMBERS = {
    "u-1": Member(name="Bo", points=120, usual="latte"),
    "u-2": Member(name="Ada", points=45, usual="earl grey"),
}


def find_store(*names: str) -> Store | None:
    """Find a store by name or alias."""
    wanted = {name.strip().casefold() for name in names}
    for store in STORES:
        if wanted & {store.name.casefold(), *store.aliases}:
            return store
    return None


def find_item(*names: str) -> Item | None:
    """Find something on the menu by name or alias."""
    wanted = {name.strip().casefold() for name in names}
    for item in MENU:
        if wanted & {item.name, *item.aliases}:
            return item
    return None


def dollars(cents: int) -> str:
    """Write an amount."""
    return f"${cents // 100}.{cents % 100:02d}"
