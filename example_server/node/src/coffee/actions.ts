/** The actions by name: this is where to put another one. */
import { setTimeout as wait } from "node:timers/promises";
import { Problem } from "../action/problem.js";
import type { ActionServer, Handler } from "../action/server.js";
import { loyaltyPoints, openSession, recommendDrink, setLanguage, setTimeZone } from "./guests.js";
import { addToOrder, chargeCard, confirmOrder, priceOrder, startOrder } from "./orders.js";
import { checkStock, findNearestStore, findStoreNext, getStoreHours, listStores } from "./stores.js";

const LONGEST_MS = 30_000;

/** Adds the sample actions to a server. */
export function register(server: ActionServer): void {
  // Every action but charge_card may be repeated: what they change is in the frame, which the app keeps.
  const repeatable = (name: string, description: string, handler: Handler, more: object = {}) =>
    server.handle({ name, description, idempotent: true, ...more }, handler);

  repeatable("get_store_hours", "Say when a store is open, or whether it is at the time asked for.", getStoreHours, {
    intents: ["store_info.get_store_hours"],
  });
  repeatable("find_nearest_store", "Name the nearest store, and keep it for the turns to come.", findNearestStore, {
    intents: ["store_info.find_nearest_store"],
  });
  repeatable("find_store", "Ask for a store, and steer the next turn to the answer.", findStoreNext);
  repeatable("list_stores", "Show every store as a list, with suggestions.", listStores);
  repeatable("check_stock", "Say whether a store has what the user asks for.", checkStock);
  repeatable("set_time_zone", "Set the time zone of the turns to come.", setTimeZone);
  repeatable("set_language", "Set language and locale of the turns to come.", setLanguage);
  repeatable("start_order", "Begin an order, at the store the conversation is about.", startOrder);
  repeatable("add_to_order", "Add what the user names to the order in the frame.", addToOrder);
  repeatable("price_order", "Say what the order costs.", priceOrder);
  repeatable("confirm_order", "Close the order; an empty one cannot be.", confirmOrder);
  server.handle({ name: "charge_card", description: "Fail, as services of third parties do." }, chargeCard);
  repeatable("loyalty_points", "Say how many points the user has.", loyaltyPoints);
  repeatable("recommend_drink", "Recommend something to drink.", recommendDrink);
  repeatable("open_session", "Greet, and set up the session.", openSession);
  repeatable("fail", "Fail, always, with a 500.", fail);
  repeatable("refuse", "Refuse, always, with a 422.", refuse);
  repeatable("slow", "Answer after request.context.delay_ms milliseconds, thirty seconds at most.", slow, {
    timeout_ms: LONGEST_MS,
  });
}

/** Answers for any name, as MindMeld's sample server does. */
export const invoking: Handler = (request, responder) => {
  responder.reply(`Invoking ${request.action} on custom server.`);
};

const fail: Handler = () => {
  throw new Problem(500, "This action always fails.");
};

const refuse: Handler = () => {
  throw new Problem(422, "This action refuses every request.", { kind: "refused", title: "Refused" });
};

const slow: Handler = async (request, responder, signal) => {
  const asked = request.context("delay_ms");
  const milliseconds = typeof asked === "number" ? Math.min(Math.max(asked, 0), LONGEST_MS) : 1000;
  await wait(milliseconds, undefined, { signal });
  responder.reply(`That took ${Math.round(milliseconds)} ms.`);
};
