package com.example.coffeeshop;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The data of the coffee shops: small, fixed, and kept in memory. */
final class Shop {
    /** From which to which whole hour of the day. */
    record Hours(int opens, int closes) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%02d:00 to %02d:00", opens, closes);
        }
    }

    record Opening(Hours weekdays, Hours weekend) {}

    record Store(
            String id, String name, Set<String> aliases, double miles, Opening opening, Set<String> soldOut) {}

    /** Something to order, and what a medium one costs in cents. */
    record Item(String name, Set<String> aliases, int cents, Set<String> tags) {
        boolean isFood() {
            return tags.contains("food");
        }

        /** The price of one in cents; milk may be null. */
        int price(String size, String milk) {
            if (isFood()) {
                return cents;
            }
            int larger = size.equals("large") ? 50 : size.equals("small") ? -50 : 0;
            return cents + larger + (milk != null && EXTRA_MILK.contains(milk) ? 60 : 0);
        }
    }

    record Member(String name, int points, String usual) {}

    static final String TIME_ZONE = "America/Los_Angeles";
    static final Map<String, Member> MEMBERS =
            Map.of("u-1", new Member("Bo", 120, "latte"), "u-2", new Member("Ada", 45, "earl grey"));

    /** Milk that is not from a cow costs more. */
    private static final Set<String> EXTRA_MILK = Set.of("oat milk", "almond milk", "soy milk", "coconut milk");

    private static final Opening LONG = new Opening(new Hours(7, 20), new Hours(8, 18));
    private static final Opening SHORT = new Opening(new Hours(8, 17), new Hours(9, 15));
    private static final Opening LATE = new Opening(new Hours(6, 22), new Hours(8, 22));

    static final List<Store> STORES = List.of(
            new Store("1", "Lantern Street", Set.of("lantern"), 0.4, LONG, Set.of()),
            new Store("2", "Harbour View", Set.of("harbour", "harbor view"), 2.5, SHORT, Set.of()),
            new Store("3", "Old Mill", Set.of("the mill", "mill"), 3.5, SHORT, Set.of()),
            new Store("4", "Station Arcade", Set.of("the arcade", "station"), 0.9, LATE, Set.of()),
            new Store("5", "Juniper Square", Set.of("juniper"), 1.2, LATE, Set.of("scone")),
            new Store("6", "Tannery Lane", Set.of("tannery"), 1.7, LONG, Set.of()),
            new Store("7", "Observatory Hill", Set.of("observatory"), 5.1, SHORT, Set.of()),
            new Store("8", "Riverside Market", Set.of("riverside"), 2.2, LONG, Set.of()),
            new Store("9", "23 Elm Street", Set.of("elm street", "23 elm"), 4.0, LONG, Set.of()));

    static final List<Item> MENU = List.of(
            new Item("latte", Set.of("lattes", "caffe latte"), 425, Set.of("milky")),
            new Item("cappuccino", Set.of("cappuccinos"), 425, Set.of("milky")),
            new Item("espresso", Set.of("espressos"), 300, Set.of("strong")),
            new Item("americano", Set.of("americanos"), 350, Set.of("strong")),
            new Item("flat white", Set.of("flat whites"), 425, Set.of("strong", "milky")),
            new Item("mocha", Set.of("mochas"), 475, Set.of("sweet", "milky")),
            new Item("cortado", Set.of("cortados"), 375, Set.of("strong")),
            new Item("filter coffee", Set.of("filter coffees", "coffee"), 275, Set.of()),
            new Item("decaf", Set.of("decafs"), 325, Set.of()),
            new Item("cold brew", Set.of("cold brews"), 450, Set.of("cold", "strong")),
            new Item("chai latte", Set.of("chai lattes", "chai"), 450, Set.of("sweet", "milky")),
            new Item("matcha latte", Set.of("matcha lattes", "matcha"), 475, Set.of("milky")),
            new Item("hot chocolate", Set.of("hot chocolates", "cocoa"), 425, Set.of("sweet")),
            new Item("earl grey", Set.of("earl greys", "tea"), 300, Set.of("light")),
            new Item("iced tea", Set.of("iced teas"), 350, Set.of("cold", "light")),
            new Item("scone", Set.of("scones"), 325, Set.of("food")));

    private Shop() {}

    /** Finds a store by name or alias. */
    static Optional<Store> store(Collection<String> names) {
        Set<String> wanted = folded(names.stream());
        return STORES.stream()
                .filter(store -> wanted.contains(fold(store.name()))
                        || store.aliases().stream().anyMatch(wanted::contains))
                .findFirst();
    }

    /** Finds something on the menu by name or alias. */
    static Optional<Item> item(Collection<String> names) {
        Set<String> wanted = folded(names.stream());
        return MENU.stream()
                .filter(item -> wanted.contains(item.name())
                        || item.aliases().stream().anyMatch(wanted::contains))
                .findFirst();
    }

    static String dollars(int cents) {
        return String.format(Locale.ROOT, "$%d.%02d", cents / 100, cents % 100);
    }

    static Set<String> folded(Stream<String> names) {
        return names.map(Shop::fold).collect(Collectors.toSet());
    }

    private static String fold(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }
}
