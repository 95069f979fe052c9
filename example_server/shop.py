"""The data of the coffee shops: small, fixed, and kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A coffee shop; hours are whole hours of the local day."""

    id: str
    name: str
    aliases: tuple[str, ...]
    time_zone: str
    weekdays: tuple[int, int]
    weekend: tuple[int, int]
    miles: float
    sold_out: frozenset[str] = field(default_factory=frozenset)

    def hours(self, weekday: int) -> tuple[int, int]:
        """Give opening and closing hour; Monday is 0."""
        saturday = 5
        return self.weekend if weekday >= saturday else self.weekdays


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to order; prices in cents by size."""

    name: str
    aliases: tuple[str, ...] = ()
    small: int
    medium: int
    large: int
    tags: frozenset[str] = field(default_factory=frozenset)

    def price(self, size: str) -> int:
        """Give the price in cents of one."""
        return {"small": self.small, "large": self.large}.get(size, self.medium)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of the loyalty programme."""

    name: str
    points: int
    usual: str


STORES = (
    Store(
        id="1",
        name="23 Elm Street",
        aliases=("elm street", "elm", "23 elm"),
        time_zone="America/Los_Angeles",
        weekdays=(7, 20),
        weekend=(8, 18),
        miles=0.4,
    ),
    Store(
        id="2",
        name="100 Oak Avenue",
        aliases=("oak avenue", "oak", "100 oak"),
        time_zone="America/Los_Angeles",
        weekdays=(6, 22),
        weekend=(8, 22),
        miles=1.2,
        sold_out=frozenset({"scone"}),
    ),
    Store(
        id="3",
        name="7 Harbor Square",
        aliases=("harbor square", "harbor", "the harbor"),
        time_zone="America/Los_Angeles",
        weekdays=(8, 17),
        weekend=(9, 15),
        miles=3.5,
        sold_out=frozenset({"cold brew", "croissant"}),
    ),
)

MENU = (
    Item(
        name="latte",
        aliases=("lattes", "caffe latte"),
        small=375,
        medium=425,
        large=475,
        tags=frozenset({"milky"}),
    ),
    Item(
        name="cappuccino",
        aliases=("cappuccinos",),
        small=375,
        medium=425,
        large=475,
        tags=frozenset({"milky"}),
    ),
    Item(
        name="espresso", aliases=("espressos",), small=250, medium=300, large=350, tags=frozenset({"strong"})
    ),
    Item(
        name="americano",
        aliases=("americanos",),
        small=300,
        medium=350,
        large=400,
        tags=frozenset({"strong"}),
    ),
    Item(
        name="mocha",
        aliases=("mochas",),
        small=425,
        medium=475,
        large=525,
        tags=frozenset({"sweet", "milky"}),
    ),
    Item(
        name="cold brew", aliases=("cold brews",), small=400, medium=450, large=500, tags=frozenset({"cold"})
    ),
    Item(
        name="green tea", aliases=("tea", "teas"), small=275, medium=325, large=375, tags=frozenset({"light"})
    ),
    Item(name="scone", aliases=("scones",), small=325, medium=325, large=325, tags=frozenset({"food"})),
    Item(
        name="croissant", aliases=("croissants",), small=350, medium=350, large=350, tags=frozenset({"food"})
    ),
)

MEMBERS = {
    "u-1": Member(name="Bo", points=120, usual="latte"),
    "u-2": Member(name="Ada", points=45, usual="green tea"),
}


def find_store(*names: str) -> Store | None:
    """Find a store by id, name or alias."""
    wanted = {name.strip().casefold() for name in names}
    for store in STORES:
        if wanted & {store.id, store.name.casefold(), *store.aliases}:
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
