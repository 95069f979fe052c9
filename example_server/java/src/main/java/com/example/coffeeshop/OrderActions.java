package com.example.coffeeshop;

import static com.example.actions.Entity.textOf;
import static com.example.coffeeshop.Shop.dollars;

import com.example.actions.Entity;
import com.example.actions.Problem;
import com.example.actions.ProblemException;
import com.example.actions.Request;
import com.example.actions.Responder;
import com.example.coffeeshop.Shop.Item;
import com.example.coffeeshop.Shop.Store;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Actions about an order, which lives in the frame: the server itself remembers nothing. */
final class OrderActions {
    private static final int MAX_QUANTITY = 50;
    /** Longer than a turn may take: a caller that obeys it gives up at once instead of waiting. */
    private static final Duration TERMINAL_PAUSE = Duration.ofSeconds(30);

    /** What the user asks for of an item; milk may be null. */
    private record Wish(Item item, String size, int quantity, String milk) {
        int cents() {
            return item.price(size, milk) * quantity;
        }

        @Override
        public String toString() {
            String sized = item.isFood() ? item.name() : size + " " + item.name();
            String poured = milk == null || item.isFood() ? "" : " with " + milk;
            return quantity + " " + sized + (quantity == 1 ? "" : "s") + poured;
        }
    }

    private OrderActions() {}

    static void startOrder(Request request, Responder responder) {
        Optional<Store> store = StoreActions.namedStore(request);
        ObjectNode order = JsonNodeFactory.instance.objectNode().put("status", "open");
        order.putArray("items");
        order.put("total", 0.0);
        store.ifPresent(named -> order.put("store", named.name()));
        String where = store.map(named -> " at " + named.name()).orElse("");
        responder
                .reply("I started an order" + where + ". What would you like?")
                .suggestions("a large latte", "two cappuccinos")
                .frame("order", order)
                .slot("count", 0)
                .slot("total", dollars(0));
    }

    static void addToOrder(Request request, Responder responder) {
        if (request.entity(StoreActions.ITEM_TYPES).isEmpty()) {
            List<String> menu = Shop.MENU.stream().limit(3).map(Item::name).toList();
            responder.reply("What would you like?").suggestions(menu);
            return;
        }
        Optional<Wish> named = wish(request);
        if (named.isEmpty()) {
            responder.reply("I am sorry, that is not on our menu.").suggestions("What do you have?");
            return;
        }
        Wish wish = named.get();
        ArrayNode items = items(request).deepCopy();
        ObjectNode line = items.addObject()
                .put("item", wish.item().name())
                .put("size", wish.size())
                .put("quantity", wish.quantity());
        if (wish.milk() != null) {
            line.put("milk", wish.milk());
        }
        line.put("price", wish.item().price(wish.size(), wish.milk()) / 100.0);
        int count = 0;
        for (JsonNode each : items) {
            count += count(each);
        }
        ObjectNode order = order(request).put("status", "open").put("total", total(items) / 100.0);
        order.set("items", items);
        responder
                .reply("I added " + wish + ". Your order has " + count + (count == 1 ? " item." : " items."))
                .frame("order", order)
                .slot("item", wish.item().name())
                .slot("quantity", wish.quantity())
                .slot("count", count)
                .slot("total", dollars(total(items)));
    }

    /** Says what the order costs or, as long as it is empty, what the user names. */
    static void priceOrder(Request request, Responder responder) {
        ArrayNode items = items(request);
        Optional<Wish> wish = items.isEmpty() ? wish(request) : Optional.empty();
        if (wish.isPresent()) {
            String total = dollars(wish.get().cents());
            responder
                    .reply(wish.get() + " would be " + total + ".")
                    .slot("item", wish.get().item().name())
                    .slot("total", total);
        } else if (items.isEmpty()) {
            responder.reply("Your order is empty.").slot("total", dollars(0));
        } else {
            String total = dollars(total(items));
            responder
                    .reply("That makes " + total + ".")
                    .frame("order", order(request).put("total", total(items) / 100.0))
                    .slot("total", total);
        }
    }

    static void confirmOrder(Request request, Responder responder) {
        ArrayNode items = items(request);
        if (items.isEmpty()) {
            responder.reply("There is nothing to confirm yet.").suggestions("a large latte");
            return;
        }
        ObjectNode order = order(request).put("status", "confirmed").put("total", total(items) / 100.0);
        String where = textOf(order.path("store"))
                .map(store -> " Pick it up at " + store + " in ten minutes.")
                .orElse("");
        String total = dollars(total(items));
        responder
                .reply("Your order of " + total + " is confirmed." + where)
                .frame("order", order)
                .slot("total", total);
    }

    /** Fails, as the services of third parties do: nothing to charge is a 422, the card terminal is a 503. */
    static void chargeCard(Request request, Responder responder) {
        if (items(request).isEmpty()) {
            throw new ProblemException(
                    Problem.named(422, "nothing-to-charge", "Nothing to charge", "The order is empty."));
        }
        throw new ProblemException(
                Problem.unavailable("The card terminal does not answer.", TERMINAL_PAUSE));
    }

    /** A copy of the order in the frame; empty where there is none. */
    private static ObjectNode order(Request request) {
        return request.frame().path("order") instanceof ObjectNode order
                ? order.deepCopy()
                : JsonNodeFactory.instance.objectNode();
    }

    private static ArrayNode items(Request request) {
        return request.frame().path("order").path("items") instanceof ArrayNode items
                ? items
                : JsonNodeFactory.instance.arrayNode();
    }

    private static Optional<Wish> wish(Request request) {
        return request.entity(StoreActions.ITEM_TYPES)
                .map(Entity::words)
                .flatMap(Shop::item)
                .map(item -> new Wish(item, size(request), quantity(request), milk(request)));
    }

    private static String size(Request request) {
        Set<String> named = request.entity("size")
                .map(entity -> Shop.folded(entity.words().stream()))
                .orElse(Set.of());
        return Stream.of("small", "medium", "large").filter(named::contains).findFirst().orElse("medium");
    }

    private static int quantity(Request request) {
        JsonNode value = request.entity("sys_number", "quantity", "number")
                .map(Entity::plainValue)
                .orElse(JsonNodeFactory.instance.missingNode());
        double wanted = textOf(value)
                .filter(text -> text.matches("[0-9]+"))
                .map(Double::valueOf)
                .orElse(value.isNumber() ? value.doubleValue() : 1);
        return (int) Math.min(Math.max(wanted, 1), MAX_QUANTITY);
    }

    private static String milk(Request request) {
        return request.entity("milk").map(Entity::best).filter(best -> !best.isBlank()).orElse(null);
    }

    private static int count(JsonNode line) {
        JsonNode quantity = line.path("quantity");
        boolean sensible = quantity.isInt() && quantity.intValue() >= 1 && quantity.intValue() <= MAX_QUANTITY;
        return sensible ? quantity.intValue() : 1;
    }

    /** Adds up by our own prices; those in the frame are for show, and came from the caller. */
    private static int total(ArrayNode items) {
        int cents = 0;
        for (JsonNode line : items) {
            Optional<Item> item = textOf(line.isObject() ? line.path("item") : line)
                    .flatMap(name -> Shop.item(List.of(name)));
            if (item.isPresent()) {
                String size = textOf(line.path("size")).orElse("medium");
                String milk = textOf(line.path("milk")).orElse(null);
                cents += item.get().price(size, milk) * count(line);
            }
        }
        return cents;
    }
}
