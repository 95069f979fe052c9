package com.example.coffeeshop;

import static com.example.actions.Entity.textOf;

import com.example.actions.Entity;
import com.example.actions.Request;
import com.example.actions.Responder;
import com.example.coffeeshop.Shop.Hours;
import com.example.coffeeshop.Shop.Item;
import com.example.coffeeshop.Shop.Store;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Actions about the shops themselves. */
final class StoreActions {
    static final String[] ITEM_TYPES = {"item", "drink", "dish", "product", "menu_item", "food"};
    private static final String[] STORE_TYPES = {"store_name", "store"};
    private static final DateTimeFormatter DAY_AND_TIME =
            DateTimeFormatter.ofPattern("EEEE 'at' HH:mm", Locale.ENGLISH);

    private StoreActions() {}

    /** The store that the user named, else the one that the conversation is about. */
    static Optional<Store> namedStore(Request request) {
        return request.entity(STORE_TYPES)
                .map(entity -> Shop.store(entity.words()))
                .orElseGet(() -> textOf(request.frame().path("store")).flatMap(kept -> Shop.store(List.of(kept))));
    }

    static void getStoreHours(Request request, Responder responder) {
        Optional<Store> named = namedStore(request);
        if (named.isEmpty()) {
            responder.reply("Which store do you mean?").suggestions(storeNames());
            return;
        }
        Store store = named.get();
        responder.frame("store", store.name()).slot("store", store.name()).slot("store_name", store.name());
        Optional<LocalDateTime> moment = moment(request);
        if (moment.isEmpty()) {
            Hours weekdays = store.opening().weekdays();
            responder
                    .slot("hours", weekdays.toString())
                    .reply(store.name() + " is open " + weekdays + " on weekdays and "
                            + store.opening().weekend() + " at the weekend.");
            return;
        }
        LocalDateTime then = moment.get();
        boolean weekend = Set.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY).contains(then.getDayOfWeek());
        Hours hours = weekend ? store.opening().weekend() : store.opening().weekdays();
        boolean open = hours.opens() <= then.getHour() && then.getHour() < hours.closes();
        responder
                .slot("hours", hours.toString())
                .reply(store.name() + (open ? " is open on " : " is closed on ") + DAY_AND_TIME.format(then)
                        + "; that day's hours are " + hours + ".");
    }

    static void findNearestStore(Request request, Responder responder) {
        Store store = Shop.STORES.stream()
                .min(Comparator.comparingDouble(Store::miles))
                .orElseThrow();
        Map<String, Double> likely = Shop.STORES.stream().collect(Collectors.toMap(Store::name, each -> 1.0));
        responder
                .reply("The nearest store is " + store.name() + ", " + store.miles() + " miles away.")
                .frame("store", store.name())
                .slot("store", store.name())
                .slot("store_name", store.name())
                .slot("miles", store.miles())
                .dynamicResource(Map.of("gazetteers", Map.of("store_name", likely)));
    }

    static void findStore(Request request, Responder responder) {
        responder
                .reply("Which store?")
                .suggestions(storeNames())
                .targetDialogueState(textOf(request.context().path("next_state")).orElse("get_store_hours"))
                .allowedIntents("store_info.get_store_hours", "store_info.find_nearest_store");
    }

    static void listStores(Request request, Responder responder) {
        List<Map<String, String>> items = Shop.STORES.stream()
                .map(store -> Map.of(
                        "id", store.id(),
                        "title", store.name(),
                        "desc", store.opening().weekdays() + ", " + store.miles() + " miles"))
                .toList();
        List<String> questions = storeNames().stream()
                .limit(3)
                .map(name -> "When is " + name + " open?")
                .toList();
        responder
                .reply("We have " + items.size() + " stores.")
                .list(items)
                .suggestions(questions)
                .slot("count", items.size());
    }

    static void checkStock(Request request, Responder responder) {
        Store store = namedStore(request).orElse(Shop.STORES.get(0));
        responder.slot("store", store.name());
        Optional<Item> named = request.entity(ITEM_TYPES).map(Entity::words).flatMap(Shop::item);
        if (named.isEmpty()) {
            String missing = store.soldOut().stream().sorted().collect(Collectors.joining(", "));
            responder
                    .slot("in_stock", Shop.MENU.size() - store.soldOut().size())
                    .reply(store.name()
                            + (missing.isEmpty() ? " has everything on the menu." : " is out of " + missing + "."));
            return;
        }
        String item = named.get().name();
        boolean available = !store.soldOut().contains(item);
        responder
                .slot("item", item)
                .slot("available", available)
                .reply(store.name() + (available ? " has " : " is out of ") + item + ".");
    }

    static void setTimeZone(Request request, Responder responder) {
        String zone = request.entity("time_zone", "sys_timezone")
                .map(Entity::best)
                .filter(best -> !best.isEmpty())
                .orElse(Shop.TIME_ZONE);
        responder.reply("I use " + zone + " from now on.").slot("time_zone", zone).timeZone(zone);
    }

    static void setLanguage(Request request, Responder responder) {
        boolean spanish = request.entity("language")
                .filter(entity -> Set.of("es", "spanish").contains(entity.best().toLowerCase(Locale.ROOT)))
                .isPresent();
        String language = spanish ? "es" : "en";
        responder
                .reply(spanish ? "De acuerdo, en español." : "All right, in English.")
                .slot("language", language)
                .language(language)
                .locale(spanish ? "es_MX" : "en_US");
    }

    private static List<String> storeNames() {
        return Shop.STORES.stream().map(Store::name).toList();
    }

    /** The time that the user asks about, by the clock of the place. */
    private static Optional<LocalDateTime> moment(Request request) {
        return request.entities("sys_time").map(Entity::best).flatMap(StoreActions::parse).findFirst();
    }

    private static Stream<LocalDateTime> parse(String text) {
        try {
            return Stream.of(LocalDateTime.parse(text, DateTimeFormatter.ISO_DATE_TIME));
        } catch (DateTimeException error) {
            return Stream.empty();
        }
    }
}
