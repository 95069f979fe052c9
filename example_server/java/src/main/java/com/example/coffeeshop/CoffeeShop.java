package com.example.coffeeshop;

import com.example.actions.Action;
import com.example.actions.ActionInfo;
import com.example.actions.Actions;
import com.example.actions.Problem;
import com.example.actions.ProblemException;
import com.example.actions.Request;
import com.example.actions.Responder;
import com.fasterxml.jackson.databind.JsonNode;

/** The coffee shop's actions by name. A new one is a line here and a method in a class beside this one. */
public final class CoffeeShop {
    private static final int MAX_DELAY_MS = 30_000;

    private CoffeeShop() {}

    /**
     * Makes the actions.
     *
     * @param knownOnly whether a name that is not there is a 404; otherwise it gets a reply, as from the sample
     *     server of MindMeld
     */
    public static Actions actions(boolean knownOnly) {
        Actions actions = new Actions()
                .add(
                        ActionInfo.of(
                                        "get_store_hours",
                                        "Say when a store is open, or whether it is at the time asked for.")
                                .forIntents("store_info.get_store_hours"),
                        StoreActions::getStoreHours)
                .add(
                        ActionInfo.of("find_nearest_store", "Name the nearest store, and keep it.")
                                .forIntents("store_info.find_nearest_store"),
                        StoreActions::findNearestStore)
                .add("find_store", "Ask for a store, and steer the next turn to the answer.", StoreActions::findStore)
                .add("list_stores", "Show every store as a list, with suggestions.", StoreActions::listStores)
                .add("check_stock", "Say whether a store has what the user asks for.", StoreActions::checkStock)
                .add("set_time_zone", "Set the time zone of the turns to come.", StoreActions::setTimeZone)
                .add("set_language", "Set language and locale of the turns to come.", StoreActions::setLanguage)
                .add("start_order", "Begin an order, at the store talked about.", OrderActions::startOrder)
                .add("add_to_order", "Add what the user names to the order in the frame.", OrderActions::addToOrder)
                .add("price_order", "Say what the order costs.", OrderActions::priceOrder)
                .add("confirm_order", "Close the order; an empty one cannot be.", OrderActions::confirmOrder)
                .add(
                        ActionInfo.of("charge_card", "Fail, as the services of third parties do.").notIdempotent(),
                        OrderActions::chargeCard)
                .add("loyalty_points", "Say how many points the user has.", GuestActions::loyaltyPoints)
                .add("recommend_drink", "Recommend something to drink.", GuestActions::recommendDrink)
                .add("open_session", "Greet, and set up the session.", GuestActions::openSession)
                .add("fail", "Fail, always, with a 500.", CoffeeShop::fail)
                .add("refuse", "Refuse, always, with a 422.", CoffeeShop::refuse)
                .add(
                        ActionInfo.of("slow", "Answer after request.context.delay_ms milliseconds.")
                                .takesUpTo(MAX_DELAY_MS),
                        CoffeeShop::slow);
        return knownOnly ? actions : actions.otherwise(CoffeeShop::invoking);
    }

    private static Action invoking(String name) {
        return (request, responder) -> responder.reply("Invoking " + name + " on custom server.");
    }

    private static void fail(Request request, Responder responder) {
        throw new ProblemException(500, "This action always fails.");
    }

    private static void refuse(Request request, Responder responder) {
        throw new ProblemException(
                Problem.named(422, "refused", "Refused", "This action refuses every request."));
    }

    private static void slow(Request request, Responder responder) throws InterruptedException {
        JsonNode asked = request.context().path("delay_ms");
        double wanted = asked.isNumber() ? asked.doubleValue() : 1000;
        long milliseconds = Math.round(Math.min(Math.max(wanted, 0), MAX_DELAY_MS));
        Thread.sleep(milliseconds);
        responder.reply("That took " + milliseconds + " ms.");
    }
}
