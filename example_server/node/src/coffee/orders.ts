/** Actions about an order, which lives in the frame: the server itself remembers nothing. */
import { isObject, member, text, type Json, type JsonObject } from "../action/json.js";
import { Problem } from "../action/problem.js";
import type { Request } from "../action/request.js";
import type { Handler } from "../action/server.js";
import { dollars, findItem, isFood, MENU, oneOf, priceOf, type Item } from "./shop.js";
import { namedItem, namedStore } from "./stores.js";

const MOST_OF_ONE = 50;

export const startOrder: Handler = (request, responder) => {
  const store = namedStore(request);
  const order = { status: "open", items: [], total: 0 };
  responder.frame.order = store ? { ...order, store: store.name } : order;
  Object.assign(responder.slots, { count: 0, total: dollars(0) });
  responder.reply(`I started an order${store ? ` at ${store.name}` : ""}. What would you like?`);
  responder.suggest("a large latte", "two cappuccinos");
};

export const addToOrder: Handler = (request, responder) => {
  const { named, item } = namedItem(request);
  if (!named) {
    responder.reply("What would you like?");
    responder.suggest(...MENU.slice(0, 3).map(({ name }) => name));
    return;
  }
  if (!item) {
    responder.reply("I am sorry, that is not on our menu.");
    responder.suggest("What do you have?");
    return;
  }
  const wish = readWish(request, item);
  const { size, milk, quantity } = wish;
  const line = { item: item.name, size, quantity, price: each(wish) / 100, ...(milk ? { milk } : {}) };
  const items = [...itemsOf(request), line];
  const count = items.reduce<number>((sum, one) => sum + countOf(one), 0);
  const total = totalOf(items);
  responder.frame.order = { ...orderOf(request), status: "open", items, total: total / 100 };
  Object.assign(responder.slots, { item: item.name, quantity, count, total: dollars(total) });
  responder.reply(`I added ${words(wish)}. Your order has ${count} ${count === 1 ? "item" : "items"}.`);
};

export const priceOrder: Handler = (request, responder) => {
  const items = itemsOf(request);
  const { item } = namedItem(request);
  if (items.length > 0) {
    const total = totalOf(items);
    responder.frame.order = { ...orderOf(request), total: total / 100 };
    responder.slots.total = dollars(total);
    responder.reply(`That makes ${dollars(total)}.`);
  } else if (item) {
    const wish = readWish(request, item);
    const total = dollars(each(wish) * wish.quantity);
    Object.assign(responder.slots, { item: item.name, total });
    responder.reply(`${words(wish)} would be ${total}.`);
  } else {
    responder.slots.total = dollars(0);
    responder.reply("Your order is empty.");
  }
};

export const confirmOrder: Handler = (request, responder) => {
  const items = itemsOf(request);
  if (items.length === 0) {
    responder.reply("There is nothing to confirm yet.");
    responder.suggest("a large latte");
    return;
  }
  const total = totalOf(items);
  const order = orderOf(request);
  const store = text(member(order, "store"));
  responder.frame.order = { ...order, status: "confirmed", total: total / 100 };
  responder.slots.total = dollars(total);
  const where = store ? ` Pick it up at ${store} in ten minutes.` : "";
  responder.reply(`Your order of ${dollars(total)} is confirmed.${where}`);
};

export const chargeCard: Handler = (request) => {
  if (itemsOf(request).length === 0) {
    throw new Problem(422, "The order is empty.", { kind: "nothing-to-charge", title: "Nothing to charge" });
  }
  // Longer than a turn may take: a client that obeys Retry-After gives up at once instead of waiting.
  throw new Problem(503, "The card terminal does not answer.", { headers: { "Retry-After": "30" } });
};

/** What the user asks for. */
interface Wish {
  item: Item;
  size: string;
  milk: string;
  quantity: number;
}

function readWish(request: Request, item: Item): Wish {
  const sizes = request.entity("size")?.names ?? [];
  return {
    item,
    size: ["small", "medium", "large"].find((size) => oneOf(sizes, size)) ?? "medium",
    milk: request.entity("milk")?.name ?? "",
    quantity: quantityOf(request.entity("sys_number", "quantity", "number")?.plain),
  };
}

function each({ item, size, milk }: Wish): number {
  return priceOf(item, size, milk);
}

function words({ item, size, milk, quantity }: Wish): string {
  const sized = isFood(item) ? item.name : `${size} ${item.name}`;
  const poured = milk && !isFood(item) ? ` with ${milk}` : "";
  return `${quantity} ${sized}${quantity === 1 ? "" : "s"}${poured}`;
}

function quantityOf(value: Json | undefined): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" ? Math.trunc(Math.min(Math.max(number, 1), MOST_OF_ONE)) : 1;
}

function orderOf(request: Request): JsonObject {
  const order = request.frame("order");
  return isObject(order) ? order : {};
}

function itemsOf(request: Request): Json[] {
  const items = member(orderOf(request), "items");
  return Array.isArray(items) ? items : [];
}

function countOf(line: Json): number {
  const quantity = member(line, "quantity");
  const fits = typeof quantity === "number" && Number.isInteger(quantity);
  return fits && quantity >= 1 && quantity <= MOST_OF_ONE ? quantity : 1;
}

/** Adds up by our own prices: those in the frame are for show, and came from the caller. */
function totalOf(items: Json[]): number {
  let cents = 0;
  for (const line of items) {
    const item = findItem(text(isObject(line) ? member(line, "item") : line) ?? "");
    if (!item) continue;
    const [size = "medium", milk = ""] = ["size", "milk"].map((name) => text(member(line, name)));
    cents += priceOf(item, size, milk) * countOf(line);
  }
  return cents;
}
