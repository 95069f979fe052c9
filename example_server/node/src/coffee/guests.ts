/** Actions about the person who talks: session, settings, points, taste. */
import { text } from "../action/json.js";
import type { Request } from "../action/request.js";
import type { Handler } from "../action/server.js";
import { MEMBERS, MENU, oneOf, TIME_ZONE, type Member } from "./shop.js";

function guestOf(request: Request): Member | undefined {
  return MEMBERS.get(text(request.context("user", "id")) ?? "");
}

export const openSession: Handler = (request, responder) => {
  const guest = guestOf(request);
  const name = guest?.name ?? text(request.context("user", "name")) ?? "there";
  responder.frame.session = { name, member: guest !== undefined };
  responder.slots.name = name;
  Object.assign(responder.params, { language: "en", locale: "en_US", time_zone: TIME_ZONE });
  responder.reply(`Hello ${name}, welcome to the coffee shop.`);
  responder.suggest("find the nearest store", "start an order");
};

export const setTimeZone: Handler = (request, responder) => {
  const zone = request.entity("time_zone", "sys_timezone")?.name || TIME_ZONE;
  responder.params.time_zone = zone;
  responder.slots.time_zone = zone;
  responder.reply(`I use ${zone} from now on.`);
};

export const setLanguage: Handler = (request, responder) => {
  const spanish = oneOf([request.entity("language")?.name ?? ""], "es", "spanish");
  const [language, locale] = spanish ? ["es", "es_MX"] : ["en", "en_US"];
  Object.assign(responder.params, { language, locale });
  Object.assign(responder.slots, { language });
  responder.reply(spanish ? "De acuerdo, en español." : "All right, in English.");
};

export const loyaltyPoints: Handler = (request, responder) => {
  const guest = guestOf(request);
  if (!guest) {
    responder.slots.points = 0;
    responder.reply("You have no loyalty points yet.");
    return;
  }
  Object.assign(responder.slots, { name: guest.name, points: guest.points });
  responder.reply(`${guest.name}, you have ${guest.points} points.`);
};

export const recommendDrink: Handler = (request, responder) => {
  const tastes = request.entity("taste", "flavor", "mood", "temperature")?.names ?? [];
  const fitting = MENU.find((item) => oneOf(tastes, ...item.tags))?.name;
  const drink = fitting ?? guestOf(request)?.usual ?? "latte";
  responder.slots.drink = drink;
  responder.reply(`How about a ${drink}?`);
  responder.suggest(`a ${drink}, please`, "something else");
};
