/** Actions about the shops themselves. */
import { text } from "../action/json.js";
import type { Request } from "../action/request.js";
import type { Handler } from "../action/server.js";
import { findItem, findStore, MENU, NEAREST, STORES, type Hours, type Item, type Store } from "./shop.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** Gives the store the user named, else the one the conversation is about. */
export function namedStore(request: Request): Store | undefined {
  const entity = request.entity("store_name", "store");
  return entity ? findStore(...entity.names) : findStore(text(request.frame("store")) ?? "");
}

/** Gives what the user named of the menu; `named` alone is true for what is not on it. */
export function namedItem(request: Request): { named: boolean; item: Item | undefined } {
  const entity = request.entity("item", "drink", "dish", "product", "menu_item", "food");
  return { named: entity !== undefined, item: findItem(...(entity?.names ?? [])) };
}

export const getStoreHours: Handler = (request, responder) => {
  const store = namedStore(request);
  if (!store) {
    responder.reply("Which store do you mean?");
    responder.suggest(...STORES.map(({ name }) => name));
    return;
  }
  const { name } = store;
  responder.frame.store = name;
  Object.assign(responder.slots, { store: name, store_name: name });
  const moment = askedTime(request);
  if (!moment) {
    const [weekdays, weekend] = [span(store.weekdays), span(store.weekend)];
    responder.slots.hours = weekdays;
    responder.reply(`${name} is open ${weekdays} on weekdays and ${weekend} at the weekend.`);
    return;
  }
  const [opens, closes] = moment.day === 0 || moment.day === 6 ? store.weekend : store.weekdays;
  const hours = span([opens, closes]);
  const word = opens <= moment.hour && moment.hour < closes ? "open" : "closed";
  responder.slots.hours = hours;
  responder.reply(`${name} is ${word} on ${DAYS[moment.day]} at ${moment.clock}; that day's hours are ${hours}.`);
};

export const findNearestStore: Handler = (_, responder) => {
  const { name, miles } = STORES.reduce((best, store) => (store.miles < best.miles ? store : best), NEAREST);
  responder.frame.store = name;
  Object.assign(responder.slots, { store: name, store_name: name, miles });
  const known = Object.fromEntries(STORES.map((store) => [store.name, 1]));
  responder.params.dynamic_resource = { gazetteers: { store_name: known } };
  responder.reply(`The nearest store is ${name}, ${miles.toFixed(1)} miles away.`);
};

export const findStoreNext: Handler = (request, responder) => {
  responder.params.target_dialogue_state = text(request.context("next_state")) ?? "get_store_hours";
  responder.params.allowed_intents = ["store_info.get_store_hours", "store_info.find_nearest_store"];
  responder.reply("Which store?");
  responder.suggest(...STORES.map(({ name }) => name));
};

export const listStores: Handler = (_, responder) => {
  responder.slots.count = STORES.length;
  responder.reply(`We have ${STORES.length} stores.`);
  responder.list(
    STORES.map(({ id, name, weekdays, miles }) => ({
      id,
      title: name,
      desc: `${span(weekdays)}, ${miles.toFixed(1)} miles`,
    })),
  );
  responder.suggest(...STORES.slice(0, 3).map(({ name }) => `When is ${name} open?`));
};

export const checkStock: Handler = (request, responder) => {
  const store = namedStore(request) ?? NEAREST;
  const { item } = namedItem(request);
  responder.slots.store = store.name;
  if (!item) {
    responder.slots.in_stock = MENU.length - store.soldOut.length;
    const missing = store.soldOut.join(", ");
    responder.reply(`${store.name} ${missing ? `is out of ${missing}` : "has everything on the menu"}.`);
    return;
  }
  const available = !store.soldOut.includes(item.name);
  Object.assign(responder.slots, { item: item.name, available });
  responder.reply(`${store.name} ${available ? "has" : "is out of"} ${item.name}.`);
};

function span([opens, closes]: Hours): string {
  const clock = (hour: number) => `${String(hour).padStart(2, "0")}:00`;
  return `${clock(opens)} to ${clock(closes)}`;
}

/** Gives the first time that the user named, on the clock of the time zone it was sent with. */
function askedTime(request: Request): { day: number; hour: number; clock: string } | undefined {
  for (const entity of request.entities) {
    const written = entity.type === "sys_time" ? /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d))?/.exec(entity.name) : null;
    if (!written || Number.isNaN(Date.parse(entity.name))) continue;
    const [, day = "", clock = "00:00"] = written;
    return { day: new Date(`${day}T00:00:00Z`).getUTCDay(), hour: Number(clock.slice(0, 2)), clock };
  }
  return undefined;
}
